import type { Policy } from "../learning/policy.ts";
import type { Worker } from "../bridge/index.ts";
import { makeEnvironment } from "../environments/index.ts";
import { effectiveSteps } from "../conversion/start.ts";
import type { CartPoleReport } from "../report/cartpole/facts.ts";
import type { CartPoleEpisode } from "../report/images/cartpole.ts";
import { cartPoleInputs } from "../report/stepper.ts";
import { stepperScript } from "../web/site/stepper.ts";
import { encodeModel } from "../network/file/bytes.ts";
import { encodePng, halve } from "../report/images/png.ts";
import type { Colour } from "../report/theme.ts";
import { fastEngine } from "../engines/fast/index.ts";
import { referenceEngine } from "../engines/reference/index.ts";
import type { Loaded } from "../network/engine.ts";
import { outputsOf } from "../network/layer.ts";
import { type Network, observationSize, type SpikingNetwork } from "../network/network.ts";

/** What the report shows of a run besides its figures: episodes as they went, and one decision from inside. */

type Frames = CartPoleReport["frames"];

/** Plays one episode of CartPole from `seed`, and keeps every pose and `frames` pictures evenly over time. */
export async function watchCartPole(
  worker: Worker,
  policy: Policy,
  {
    name,
    colour,
    seed,
    frames = 0,
    signal,
  }: { name: string; colour: Colour; seed: number; frames?: number; signal?: AbortSignal },
): Promise<{ episode: CartPoleEpisode; frames: Frames }> {
  const environment = await makeEnvironment("CartPole-v1", {
    worker,
    renderMode: frames > 0 ? "rgb_array" : undefined,
  });
  try {
    const poses: number[] = [];
    const pictures: { step: number; png: Uint8Array; width: number; height: number }[] = [];
    let { observation } = await environment.reset({ seed });
    for (let step = 0, running = true; running; step++) {
      signal?.throwIfAborted();
      poses.push(observation[0], observation[2]);
      // How long the episode will be is not known: every 25th step is kept, and thinned out at the end.
      if (frames > 0 && step % 25 === 0) {
        const { data, width, height } = await environment.render();
        const half = halve(data, width, height);
        pictures.push({
          step,
          png: encodePng(half.pixels, half.width, half.height),
          width: half.width,
          height: half.height,
        });
      }
      const [action] = await policy.act(observation, 1);
      const result = await environment.step(action);
      observation = result.observation;
      running = !result.terminated && !result.truncated;
    }
    const chosen = Array.from(
      { length: Math.min(frames, pictures.length) },
      (_, k, n = Math.min(frames, pictures.length)) =>
        pictures[Math.round((k * (pictures.length - 1)) / Math.max(1, n - 1))],
    );
    return {
      episode: { name, colour, poses: Float32Array.from(poses), steps: poses.length / 2 },
      frames: chosen.map(({ step, ...picture }) => ({ ...picture, alt: `The cart and the pole at step ${step}` })),
    };
  } finally {
    await environment.close();
  }
}

/** Versions of what acted: Python and Gymnasium. */
export async function versionsOf(worker: Worker): Promise<Record<string, string>> {
  const { result } = await worker.call("core.versions", { modules: ["gymnasium"] });
  const { python, gymnasium } = result["versions"] as { python: string; gymnasium: string };
  return { Python: python, Gymnasium: gymnasium };
}

/**
 * Both networks' values in `states` [n, inputs], less the mean over the actions: what a centred output layer keeps. A spiking output's
 * potential is divided by the steps of input that reach it, which gives the DQN's unit.
 */
export function compareValues(dqn: Network, snn: SpikingNetwork, states: Float32Array): CartPoleReport["qValues"] {
  const n = states.length / observationSize(dqn);
  const potentialsOf = (network: Network): Float64Array => {
    const loaded = fastEngine().load(network);
    const { potentials } = loaded.run(states);
    loaded.close();
    return potentials;
  };
  const reached = effectiveSteps(snn.layers.length, snn.coding.steps);
  return {
    dqn: lessMean(potentialsOf(dqn), n),
    snn: lessMean(
      potentialsOf(snn).map((v) => v / reached),
      n,
    ),
  };
}

function lessMean(values: ArrayLike<number>, rows: number): Float64Array {
  const columns = values.length / rows;
  return Float64Array.from(values, (value, i) => {
    const first = i - (i % columns);
    let sum = 0;
    for (let a = 0; a < columns; a++) sum += values[first + a];
    return value - sum / columns;
  });
}

/** The visited state in which the pole leans most, and what it is in words. */
export function leaningState(states: Float32Array): { state: Float32Array; words: string } {
  let worst = 0;
  for (let i = 0; i < states.length; i += 4) if (Math.abs(states[i + 2]) > Math.abs(states[worst + 2])) worst = i;
  const state = states.slice(worst, worst + 4);
  const lean = (Math.abs(state[2]) * 180) / Math.PI;
  return {
    state,
    words: `the pole leans ${lean.toFixed(1)}\u00b0 to the ${state[2] > 0 ? "right" : "left"}, the cart ${Math.abs(state[0]).toFixed(2)} m ${state[0] > 0 ? "right" : "left"} of the middle`,
  };
}

/** One decision in our engine and in a simulator, the `judge`, which has the network `loaded`. */
export async function lookInside(
  network: SpikingNetwork,
  state: Float32Array,
  words: string,
  loaded: Loaded,
  judge: string,
): Promise<CartPoleReport["decision"]> {
  const ours = referenceEngine.load(network).run(state, { recordSpikes: true, recordPotentials: true });
  const theirs = await loaded.run(state, { recordSpikes: true });
  const { steps } = network.coding;
  const script = await stepperScript();
  const trace = (layer: number, neuron: number): Float64Array => {
    const width = outputsOf(network.layers[layer]);
    return Float64Array.from({ length: steps }, (_, t) => ours.membranes![layer][t * width + neuron]);
  };
  const last = network.layers.length - 1;
  // Of the first layer one neuron that spikes now and then and one that spikes rarely: a busy one would fill the plot.
  const counts = Array.from(ours.spikeCounts[0], (count, neuron) => ({ count, neuron })).filter(
    ({ count }) => count > 0,
  );
  const nearest = (share: number, among: typeof counts): typeof counts =>
    [...among].sort((a, b) => Math.abs(a.count - share * steps) - Math.abs(b.count - share * steps)).slice(0, 1);
  const rare = nearest(0.05, counts);
  const hidden = [
    ...nearest(
      0.2,
      counts.filter(({ count }) => count > (rare[0]?.count ?? 0) + 1),
    ),
    ...rare,
  ];
  return {
    words,
    ...(script !== undefined && {
      stepper: {
        script,
        model: encodeModel(network),
        state,
        inputs: cartPoleInputs,
        actions: ["left", "right"],
        steps,
        judge: { name: judge, spikes: theirs.spikes!.reduce((sum, { step }) => sum + step.length, 0) },
      },
    }),
    ours: ours.spikes!,
    theirs: theirs.spikes!,
    steps,
    output: ["left", "right"].map((name, action) => ({
      name,
      values: trace(last, action),
      colour: action === 0 ? ("dqn" as const) : ("snn" as const),
      simulatorEnd: theirs.potentials[action],
    })),
    hidden: hidden.map(({ neuron }, i) => ({
      name: `n ${neuron}`,
      values: trace(0, neuron),
      colour: i === 0 ? ("snn" as const) : ("muted" as const),
    })),
  };
}
