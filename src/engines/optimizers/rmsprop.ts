import { checkLengths, createMoments, restoreMoments, saveMoments } from "./moments.ts";
import type { Optimizer } from "./optimizer.ts";

export interface RmspropOptions {
  readonly learningRate?: number;
  readonly alpha?: number;
  readonly epsilon?: number;
  readonly momentum?: number;
  readonly centered?: boolean;
}

/**
 * RMSprop (Hinton 2012) with PyTorch's defaults:
 *
 *   v = alpha v + (1 - alpha) g^2      a = alpha a + (1 - alpha) g   (centered; else a = 0)
 *   b = momentum b + g / (sqrt(v - a^2) + epsilon)                   p = p - lr b
 */
export function rmsprop(size: number, options: RmspropOptions = {}): Optimizer {
  const { learningRate = 1e-2, alpha = 0.99, epsilon = 1e-8, momentum = 0, centered = false } = options;
  const state = createMoments(size, 1 + Number(centered) + Number(momentum > 0));
  const v = state.moments[0];
  const average = centered ? state.moments[1] : undefined;
  const buffer = momentum > 0 ? state.moments.at(-1)! : undefined;
  return {
    name: "rmsprop",
    step(parameters, gradients, lr = learningRate) {
      checkLengths(size, parameters, gradients);
      state.steps++;
      for (let i = 0; i < size; i++) {
        const g = gradients[i];
        v[i] = alpha * v[i] + (1 - alpha) * g * g;
        let variance = v[i];
        if (average) {
          average[i] += (1 - alpha) * (g - average[i]);
          variance = Math.max(0, variance - average[i] * average[i]);
        }
        let direction = g / (Math.sqrt(variance) + epsilon);
        if (buffer) direction = buffer[i] = momentum * buffer[i] + direction;
        parameters[i] -= lr * direction;
      }
    },
    save: () => saveMoments(state),
    restore: (saved) => restoreMoments(state, saved),
  };
}
