import { columnsOf, type Layer } from "../../../network/layer.ts";
import { allocate } from "./memory.ts";
import { kernels } from "./module.ts";
import { createPlan } from "./plan.ts";
import { acquirePool, jobs } from "./pool.ts";

/** Rows per chunk: what one thread takes at a time. */
const CHUNK = 32;

/** Y = act(X W + b) on the kernels, for one W and many X. */
export interface Product {
  /** [maxRows, inputs], in the kernels' memory: the caller fills in the rows, then calls `run`. */
  readonly rows: Float32Array;
  /** [maxRows, columns], of the last call: float32, products summed in ascending order, then the bias. */
  readonly results: Float32Array;
  run(rows: number): void;
  close(): void;
}

/** Of a layer's weights as a matrix [inputs, columns], and its biases [columns]. */
export function createProduct(
  layer: Pick<Layer, "synapses" | "weights" | "biases" | "activation">,
  { maxRows, threads = 1 }: { maxRows: number; threads?: number },
): Product {
  const { weights, biases, activation } = layer;
  const outputs = columnsOf(layer);
  const inputs = weights.length / outputs;
  const plan = createPlan({
    layers: [{ synapses: { kind: "dense", inputs, outputs }, biases, activation, steps: 1, spikes: false }],
    element: 4,
    steps: 1,
    maxBatch: maxRows,
    slots: maxRows,
    chunk: CHUNK,
    threads,
  });
  const pool = acquirePool(threads);
  const flat = allocate(4 * (weights.length + outputs));
  flat.float32(0, weights.length).set(weights);
  if (biases) flat.float32(4 * weights.length, outputs).set(biases);
  kernels().exports.spread(plan.address, flat.address);
  flat.free();
  return {
    rows: plan.block.float32(plan.observations, maxRows * inputs),
    results: plan.block.float32(plan.outputs, maxRows * outputs),
    run(rows) {
      plan.setBatch(rows);
      pool.run(jobs.denseForward, plan.address, plan.chunks(rows));
    },
    close() {
      pool.release();
      plan.block.free();
    },
  };
}
