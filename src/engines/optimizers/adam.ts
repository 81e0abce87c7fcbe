import { addressOf, allocate, type Block } from "../fast/kernels/memory.ts";
import { kernels } from "../fast/kernels/module.ts";
import { checkLengths, checkSize, type Moments, restoreMoments, saveMoments } from "./moments.ts";
import type { Optimizer } from "./optimizer.ts";
import { pow } from "../../numeric/elementary.ts";

export interface AdamOptions {
  readonly learningRate?: number;
  readonly beta1?: number;
  readonly beta2?: number;
  readonly epsilon?: number;
}

const released = new FinalizationRegistry<Block>((block) => block.free());

/**
 * Adam (Kingma & Ba 2015) in float32 with PyTorch's defaults and order of operations:
 *
 *   m += (1 - beta1) (g - m)        v = beta2 v + (1 - beta2) g^2
 *   p -= lr / (1 - beta1^t) * m / (sqrt(v) / sqrt(1 - beta2^t) + epsilon)
 */
export function adam(size: number, options: AdamOptions = {}): Optimizer {
  const { learningRate = 1e-3, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8 } = options;
  const row = Math.ceil(size / 16) * 64;
  checkSize(size);
  // Moments, then copies of parameters and gradients that lie outside the kernels' memory.
  const block = allocate(4 * row);
  const state: Moments = { steps: 0, moments: [block.float32(0, size), block.float32(row, size)] };
  const [p, g] = [2, 3].map((n) => block.float32(n * row, size));
  const [m, v] = [block.address, block.address + row];
  const { exports } = kernels();
  const optimizer: Optimizer = {
    name: "adam",
    step(parameters, gradients, lr = learningRate) {
      checkLengths(size, parameters, gradients);
      const steps = ++state.steps;
      const own = addressOf(parameters);
      if (own === undefined) p.set(parameters);
      const given = addressOf(gradients);
      if (given === undefined) g.set(gradients);
      const stepSize = lr / (1 - pow(beta1, steps));
      const correction = Math.sqrt(1 - pow(beta2, steps));
      exports.adam(
        size,
        own ?? block.address + 2 * row,
        given ?? block.address + 3 * row,
        m,
        v,
        beta1,
        beta2,
        stepSize,
        correction,
        epsilon,
      );
      if (own === undefined) parameters.set(p);
    },
    save: () => saveMoments(state),
    restore: (saved) => restoreMoments(state, saved),
  };
  released.register(optimizer, block);
  return optimizer;
}
