import { acquirePool, jobs } from "./kernels/pool.ts";
import { createPlan } from "./kernels/plan.ts";
import { learner } from "./kernels/learner.ts";
import type { DenseNetwork } from "../../network/old/dense-network.ts";
import { unpackLayers } from "../../network/parameters.ts";
import type { TrainableNetwork } from "../../network/trainable.ts";

/** States per chunk: large enough for the products to run at full speed, small enough to share between threads. */
const CHUNK = 32;

/** A dense ReLU network on the kernels: float32, products summed in ascending order, the same bits with any number of threads. */
export function denseLearner(
  network: DenseNetwork,
  { maxBatch, threads }: { maxBatch: number; threads: number },
): TrainableNetwork {
  const layers = network.layers.map(({ inputs, outputs }) => ({
    inputs,
    outputs,
    biases: true,
    steps: 1,
    spikes: false,
  }));
  const plan = createPlan({
    layers,
    element: 4,
    steps: 1,
    maxBatch,
    slots: maxBatch,
    chunk: CHUNK,
    threads,
    training: true,
    inputSpikes: false,
  });
  return learner({
    network,
    plan,
    pool: acquirePool(threads),
    maxBatch,
    forwardJob: jobs.denseForward,
    backwardJob: jobs.denseBackward,
    constants: 0,
    toNetwork: (parameters) => ({
      kind: "dense",
      layers: unpackLayers(network, parameters).map(({ weights, biases }, l) => ({
        ...network.layers[l],
        weights: weights.slice(),
        biases: biases!.slice(),
      })),
    }),
  });
}
