import type { Network } from "../../network/network.ts";
import type { TrainableNetwork } from "../../network/trainable.ts";
import { learner } from "./kernels/learner.ts";
import { createPlan } from "./kernels/plan.ts";
import { acquirePool, jobs } from "./kernels/pool.ts";

/** States per chunk: large enough for the products to run at full speed, small enough to share between threads. */
const CHUNK = 32;

/** A network of dense layers without neurons on the kernels: float32, products summed in ascending order, the same bits with any threads. */
export function denseLearner(
  network: Network,
  { maxBatch, threads }: { maxBatch: number; threads: number },
): TrainableNetwork {
  const plan = createPlan({
    layers: network.layers.map((layer) => ({ ...layer, steps: 1, spikes: false })),
    element: 4,
    steps: 1,
    maxBatch,
    slots: maxBatch,
    chunk: CHUNK,
    threads,
    training: {},
  });
  return learner({
    network,
    plan,
    pool: acquirePool(threads),
    maxBatch,
    forwardJob: jobs.denseForward,
    backwardJob: jobs.denseBackward,
  });
}
