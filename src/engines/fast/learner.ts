import { unpackLayers } from "../../network/parameters.ts";
import type { TrainableNetwork } from "../../network/trainable.ts";
import { learner } from "./kernels/learner.ts";
import { createPlan } from "./kernels/plan.ts";
import { acquirePool, jobs } from "./kernels/pool.ts";
import type { SpikingLayer, SpikingNetwork } from "../../network/old/spiking-network.ts";
import type { LearnedDynamics } from "../reference/learner.ts";
import type { SpikeRegulariser } from "../../network/regulariser.ts";
import type { SurrogateOptions } from "../../network/surrogate.ts";
import { pow } from "../../numeric/elementary.ts";

const CHUNK = 16;

export interface SpikingLearnerOptions {
  readonly maxBatch: number;
  readonly threads: number;
  readonly surrogate: SurrogateOptions;
  readonly detachReset: boolean;
  readonly regulariser?: SpikeRegulariser;
  readonly learn?: readonly LearnedDynamics[];
}

const kinds = { "fast-sigmoid": 0, "arctan": 1, "triangular": 2, "sigmoid": -1 } as const;

/** Whether the kernels compute the gradients of this network; `snn/reference/gradients.ts` computes all. */
export function kernelsLearn(
  network: SpikingNetwork,
  { surrogate, detachReset, regulariser, learn }: SpikingLearnerOptions,
): boolean {
  return (
    network.decoding === "potential" &&
    network.encoding === "constant" &&
    !network.signedInputs &&
    kinds[surrogate.name] >= 0 &&
    !regulariser &&
    !learn?.length &&
    (detachReset || network.layers.every((layer) => layer.reset === "subtraction"))
  );
}

/**
 * Backpropagation through time on the kernels (equations in snn/reference/gradients.ts), float32. Of a layer that is d layers below the output only the first
 * T - 2d + 1 steps are computed: a later spike reaches the output after the end.
 */
export function spikingLearner(network: SpikingNetwork, options: SpikingLearnerOptions): TrainableNetwork {
  const { maxBatch, threads, surrogate, detachReset } = options;
  const { steps } = network;
  const last = network.layers.length - 1;
  const plan = createPlan({
    layers: network.layers.map((layer, l) => ({
      inputs: layer.inputs,
      outputs: layer.outputs,
      biases: layer.biases !== null,
      steps: l === last ? steps : Math.max(0, steps - 2 * (last - l) + 1),
      spikes: l < last,
      dynamics: layer,
    })),
    element: 4,
    steps,
    maxBatch,
    slots: maxBatch,
    chunk: CHUNK,
    threads,
    training: true,
    inputSpikes: false,
    surrogate: {
      kind: kinds[surrogate.name],
      scale: surrogate.scale * (surrogate.name === "arctan" ? Math.PI / 2 : 1),
      detached: detachReset,
    },
    coefficients: outputCoefficients(network.layers[last], steps),
  });
  network.layers.forEach(({ initialPotential }, l) => {
    if (initialPotential) plan.block.float32(plan.layers[l].initial, initialPotential.length).set(initialPotential);
  });
  return learner({
    network,
    plan,
    pool: acquirePool(threads),
    maxBatch,
    forwardJob: jobs.spikingForward,
    backwardJob: jobs.spikingBackward,
    constants: network.biasInput ? 1 : 0,
    toNetwork: (parameters) => ({
      ...network,
      layers: unpackLayers(network, parameters).map(({ weights, biases }, l) => ({
        ...network.layers[l],
        weights: weights.slice(),
        biases: biases?.slice() ?? null,
      })),
    }),
  });
}

/** c[t] = dv[T] / dh[t] of a layer that neither spikes nor resets: gv[t] = beta^(T-t), gi[t] = gv[t+1] + alpha gi[t+1], c[t] = gi[t+1]. */
export function outputCoefficients({ alpha, beta }: SpikingLayer, steps: number): Float32Array {
  const coefficients = new Float32Array(steps);
  let gi = 0;
  for (let t = steps - 1; t >= 0; t--) {
    coefficients[t] = gi;
    gi = pow(beta, steps - 1 - t) + alpha * gi;
  }
  return coefficients;
}
