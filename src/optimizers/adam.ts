import { checkLengths, createMoments, restoreMoments, saveMoments } from "./moments.ts";
import type { Optimizer } from "./optimizer.ts";

export interface AdamOptions {
  readonly learningRate?: number;
  readonly beta1?: number;
  readonly beta2?: number;
  readonly epsilon?: number;
}

/**
 * Adam (Kingma & Ba 2015) with PyTorch's defaults and order of operations:
 *
 *   m = beta1 m + (1 - beta1) g        v = beta2 v + (1 - beta2) g^2
 *   p = p - lr / (1 - beta1^t) * m / (sqrt(v) / sqrt(1 - beta2^t) + epsilon)
 */
export function adam(size: number, options: AdamOptions = {}): Optimizer {
  const { learningRate = 1e-3, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8 } = options;
  const state = createMoments(size, 2);
  const [m, v] = state.moments;
  return {
    name: "adam",
    step(parameters, gradients, lr = learningRate) {
      checkLengths(size, parameters, gradients);
      state.steps++;
      const stepSize = lr / (1 - beta1 ** state.steps);
      const scale = 1 / Math.sqrt(1 - beta2 ** state.steps);
      for (let i = 0; i < size; i++) {
        const g = gradients[i];
        m[i] += (1 - beta1) * (g - m[i]);
        v[i] = beta2 * v[i] + (1 - beta2) * g * g;
        parameters[i] -= (stepSize * m[i]) / (Math.sqrt(v[i]) * scale + epsilon);
      }
    },
    save: () => saveMoments(state),
    restore: (saved) => restoreMoments(state, saved),
  };
}
