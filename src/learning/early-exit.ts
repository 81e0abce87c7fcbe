import type { Policy } from "./policy.ts";
import { DsqnError } from "../errors.ts";
import { argmax } from "../network/decide.ts";
import type { SpikingEngine } from "../network/engine.ts";
import { observationSize, type SpikingNetwork } from "../network/old/spiking-network.ts";

/** When a decision counts as certain. */
export interface ExitRule {
  /**
   * The best output potential leads the second by at least so much. What the potential lacks at any time is a bounded number
   * of spikes, whereas the lead grows in proportion to time: a constant margin asks more of narrow decisions only.
   */
  readonly margin: number;
  /** Never before so many steps: spikes need two per layer to arrive. */
  readonly minSteps: number;
}

/** For each state the step count at which it was decided, and the action. */
export interface ExitDecisions {
  readonly actions: Int32Array;
  readonly steps: Int32Array;
}

/** Potentials of all layers that are recorded at once, in bytes: an image has many. */
const RECORDED = 2 ** 26;

/** The output potentials after each step, [batch, steps, actions], for `observations` [batch, observationSize]. */
export function outputTrajectory(
  engine: SpikingEngine,
  network: SpikingNetwork,
  observations: Float32Array,
): Float64Array {
  if (network.decoding !== "potential")
    throw new DsqnError(
      "DECODING_UNSUPPORTED",
      `Early exit reads output potentials as they grow; this network is decoded by "${network.decoding}".`,
      {
        hint: 'Use a network with decoding "potential".',
      },
    );
  const size = observationSize(network);
  const batch = observations.length / size;
  const neurons = network.layers.reduce((sum, { outputs }) => sum + outputs, 0);
  const chunk = Math.max(1, Math.floor(RECORDED / (8 * neurons * network.steps)));
  const length = network.steps * network.layers.at(-1)!.outputs;
  const trajectory = new Float64Array(batch * length);
  for (let first = 0; first < batch; first += chunk) {
    const states = observations.subarray(first * size, Math.min(batch, first + chunk) * size);
    trajectory.set(
      engine.run(network, states, { recordPotentials: true, seed: first }).membranes!.at(-1)!,
      first * length,
    );
  }
  return trajectory;
}

/** Applies a rule to recorded trajectories [batch, steps, actions]; who is never certain is decided after the last step. */
export function decideEarly(
  trajectory: Float64Array,
  steps: number,
  actions: number,
  rule: ExitRule,
  ties: SpikingNetwork["ties"] = "first",
): ExitDecisions {
  const batch = trajectory.length / (steps * actions);
  const decisions = { actions: new Int32Array(batch), steps: new Int32Array(batch).fill(steps) };
  for (let k = 0; k < batch; k++) {
    let t = Math.min(rule.minSteps, steps) - 1;
    while (t < steps - 1 && lead(trajectory, (k * steps + t) * actions, actions) < rule.margin) t++;
    decisions.steps[k] = t + 1;
    decisions.actions[k] = argmax(trajectory, (k * steps + t) * actions, actions, ties);
  }
  return decisions;
}

/**
 * The smallest margin at which early decisions agree with those after all steps in at least `agreement` of the states, by bisection over the
 * leads that occur; with the average number of steps that it takes on them.
 */
export function calibrateExit(
  trajectory: Float64Array,
  steps: number,
  actions: number,
  { agreement, minSteps, ties }: { agreement: number; minSteps: number; ties?: SpikingNetwork["ties"] },
): { rule: ExitRule; agreement: number; meanSteps: number } {
  const final = decideEarly(trajectory, steps, actions, { margin: Infinity, minSteps: steps }, ties);
  const assess = (margin: number) => {
    const early = decideEarly(trajectory, steps, actions, { margin, minSteps }, ties);
    const equal = early.actions.reduce((sum, action, k) => sum + Number(action === final.actions[k]), 0);
    return {
      rule: { margin, minSteps },
      agreement: equal / final.actions.length,
      meanSteps: early.steps.reduce((a, b) => a + b, 0) / final.actions.length,
    };
  };
  let low = 0;
  let high = 0;
  for (let offset = 0; offset < trajectory.length; offset += actions)
    high = Math.max(high, lead(trajectory, offset, actions));
  let best = assess(high);
  for (let i = 0; i < 40; i++) {
    const middle = (low + high) / 2;
    const tried = assess(middle);
    if (tried.agreement >= agreement) [high, best] = [middle, tried];
    else low = middle;
  }
  return best;
}

/** A spiking policy that stops as soon as `rule` is met; `meanSteps()` is the average over its decisions so far. */
export function earlyExitPolicy(
  engine: SpikingEngine,
  network: SpikingNetwork,
  rule: ExitRule,
): Policy & { meanSteps(): number } {
  const actions = network.layers.at(-1)!.outputs;
  let decided = 0;
  let stepsTaken = 0;
  return {
    actions,
    observationSize: observationSize(network),
    act(observations, batch) {
      const trajectory = outputTrajectory(engine, network, observations.subarray(0, batch * observationSize(network)));
      const decisions = decideEarly(trajectory, network.steps, actions, rule, network.ties);
      decided += batch;
      stepsTaken += decisions.steps.reduce((a, b) => a + b, 0);
      return decisions.actions;
    },
    meanSteps: () => stepsTaken / decided,
  };
}

function lead(values: Float64Array, offset: number, count: number): number {
  let first = -Infinity;
  let second = -Infinity;
  for (let i = offset; i < offset + count; i++) {
    if (values[i] > first) [second, first] = [first, values[i]];
    else if (values[i] > second) second = values[i];
  }
  return first - second;
}
