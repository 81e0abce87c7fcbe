import type { DqnConfig } from "./config.ts";

/** One loop over a flat parameter array; the state is arrays that a checkpoint keeps. */
export interface FlatOptimizer {
  step(parameters: Float32Array, gradients: Float32Array, learningRate: number): void;
  save(): { steps: number; moments: Float32Array[] };
  restore(saved: { steps: number; moments: Float32Array[] }): void;
}

export function createOptimizer(config: DqnConfig["optimizer"], size: number): FlatOptimizer {
  const m = new Float32Array(size), v = new Float32Array(size);
  let t = 0;
  return {
    step(p, g, lr) {
      t++;
      const b1 = config.kind === "adam" ? config.beta1 : 0, b2 = config.kind === "adam" ? config.beta2 : config.decay;
      const c1 = 1 - b1 ** t, c2 = 1 - b2 ** t;
      const step = lr / c1, r = 1 / Math.sqrt(c2);
      for (let i = 0; i < size; i++) {
        m[i] = b1 * m[i] + (1 - b1) * g[i];
        v[i] = b2 * v[i] + (1 - b2) * g[i] * g[i];
        p[i] -= (step * m[i]) / (Math.sqrt(v[i]) * r + config.epsilon);
      }
    },
    save: () => ({ steps: t, moments: [m, v] }),
    restore(s) { t = s.steps; m.set(s.moments[0]); v.set(s.moments[1]); },
  };
}
