import type { Policy } from "./policy.ts";
import { DsqnError } from "../errors.ts";
import { argmax } from "../network/decide.ts";
import type { LoadedHere, LocalEngine } from "../network/engine.ts";
import { outputsOf } from "../network/layer.ts";
import { actionsOf, neuronOf, observationSize, type SpikingNetwork, type TieRule } from "../network/network.ts";
import { neuronModels } from "../network/neurons/index.ts";

/** When a decision counts as certain. */
export interface ExitRule {
  /**
   * The best output potential leads the second by at least so much. What the potential lacks at any time is a bounded number
   * of spikes, whereas the lead grows in proportion to time: a constant margin asks more of narrow decisions only.
   */
  readonly margin: number;
  /** Never before so many steps: spikes need the neuron's lag in each layer to arrive. */
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
  engine: LocalEngine,
  network: SpikingNetwork,
  observations: Float32Array,
): Float64Array {
  const loaded = engine.load(network);
  try {
    return trajectoryOf(loaded, network, observations);
  } finally {
    loaded.close();
  }
}

/** The same of a network that is loaded already. */
function trajectoryOf(loaded: LoadedHere, network: SpikingNetwork, observations: Float32Array): Float64Array {
  const { decoding, steps } = network.coding;
  if (decoding !== "potential")
    throw new DsqnError(
      "DECODING_UNSUPPORTED",
      `Early exit reads output potentials as they grow; this network is decoded by "${decoding}".`,
      { hint: 'Use a network with decoding "potential".' },
    );
  const size = observationSize(network);
  const batch = observations.length / size;
  const neurons = network.layers.reduce((sum, layer) => sum + outputsOf(layer), 0);
  const chunk = Math.max(1, Math.floor(RECORDED / (8 * neurons * steps)));
  const length = steps * actionsOf(network);
  const trajectory = new Float64Array(batch * length);
  for (let first = 0; first < batch; first += chunk) {
    const states = observations.subarray(first * size, Math.min(batch, first + chunk) * size);
    const { membranes } = loaded.run(states, { recordPotentials: true, seed: first });
    trajectory.set(membranes!.at(-1)!, first * length);
  }
  return trajectory;
}

/** Applies a rule to recorded trajectories [batch, steps, actions]; a state that is never certain is decided after the last step. */
export function decideEarly(
  trajectory: Float64Array,
  steps: number,
  actions: number,
  rule: ExitRule,
  ties: TieRule = "first",
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
  { agreement, minSteps, ties }: { agreement: number; minSteps: number; ties?: TieRule },
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

/** A policy that stops as soon as its rule is met. */
export interface EarlyExitPolicy extends Policy {
  readonly rule: ExitRule;
  /** Average steps over its decisions so far. */
  meanSteps(): number;
}

/** The rule that leaves `agreement` of the network's decisions in `states` as they are after all steps. */
export function exitRule(
  engine: LocalEngine,
  network: SpikingNetwork,
  states: Float32Array,
  agreement: number,
): ExitRule {
  const { steps, ties } = network.coding;
  const minSteps = Math.max(1, neuronModels[neuronOf(network)!.kind].lag * network.layers.length);
  const trajectory = outputTrajectory(engine, network, states);
  return calibrateExit(trajectory, steps, actionsOf(network), { agreement, minSteps, ties }).rule;
}

/** A spiking network as a policy that stops as soon as `rule` is met. */
export function earlyExitPolicy(engine: LocalEngine, network: SpikingNetwork, rule: ExitRule): EarlyExitPolicy {
  const { steps, ties } = network.coding;
  const actions = actionsOf(network);
  const loaded = engine.load(network);
  let decided = 0;
  let stepsTaken = 0;
  return {
    actions,
    observationSize: observationSize(network),
    rule,
    act(observations, batch) {
      const given = observations.subarray(0, batch * observationSize(network));
      const decisions = decideEarly(trajectoryOf(loaded, network, given), steps, actions, rule, ties);
      decided += batch;
      stepsTaken += decisions.steps.reduce((a, b) => a + b, 0);
      return decisions.actions;
    },
    meanSteps: () => stepsTaken / decided,
    close: () => loaded.close(),
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
