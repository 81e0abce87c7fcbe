import { checkLengths, createMoments, restoreMoments, saveMoments } from "./moments.ts";
import type { Optimizer } from "./optimizer.ts";

export interface SgdOptions {
  readonly learningRate?: number;
  readonly momentum?: number;
  readonly nesterov?: boolean;
}

/** Stochastic gradient descent as PyTorch has it: b = momentum b + g (b = g in the first step); p = p - lr b, or with Nesterov p - lr (g + momentum b). */
export function sgd(size: number, options: SgdOptions = {}): Optimizer {
  const { learningRate = 1e-3, momentum = 0, nesterov = false } = options;
  const state = createMoments(size, momentum > 0 ? 1 : 0);
  const buffer = state.moments.at(0);
  return {
    name: "sgd",
    step(parameters, gradients, lr = learningRate) {
      checkLengths(size, parameters, gradients);
      state.steps++;
      for (let i = 0; i < size; i++) {
        let direction = gradients[i];
        if (buffer) {
          buffer[i] = momentum * buffer[i] + direction;
          direction = nesterov ? direction + momentum * buffer[i] : buffer[i];
        }
        parameters[i] -= lr * direction;
      }
    },
    save: () => saveMoments(state),
    restore: (saved) => restoreMoments(state, saved),
  };
}
