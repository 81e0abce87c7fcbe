import type { Eager, Handle } from "./eager.ts";
import { createVariables, type Variables } from "./variables.ts";
import { pow } from "../../numeric/elementary.ts";

/**
 * Adam (Kingma & Ba 2015) or RMSprop without momentum (Hinton 2012), both with PyTorch's place for epsilon: beside the
 * root.
 */
export type OptimizerConfig =
  | { readonly kind: "adam"; readonly beta1: number; readonly beta2: number; readonly epsilon: number }
  | { readonly kind: "rmsprop"; readonly decay: number; readonly epsilon: number };

/**
 * What to do with gradients before they are used: nothing, every element within +-limit, or the whole at most `limit`
 * long.
 */
export interface Clip {
  readonly kind: "none" | "value" | "norm";
  readonly limit: number;
}

/** An optimizer whose moments live in TensorFlow beside the variables. */
export interface VariablesOptimizer {
  /** One step of `variables` down their `gradients`. */
  step(gradients: readonly Handle[], learningRate: number): void;
  save(): { readonly steps: number; readonly moments: readonly (readonly Float32Array[])[] };
  restore(saved: { readonly steps: number; readonly moments: readonly (readonly Float32Array[])[] }): void;
  close(): void;
}

/** The optimizer of these variables. */
export function createVariablesOptimizer(
  eager: Eager,
  variables: Variables,
  shapes: readonly (readonly number[])[],
  config: OptimizerConfig,
): VariablesOptimizer {
  const moments = [createVariables(eager, shapes), createVariables(eager, shapes)];
  const scalar = (value: number): Handle => eager.upload(Float32Array.of(value), []);
  let steps = 0;
  return {
    step(gradients, learningRate) {
      steps++;
      eager.scope(() => {
        // Power of beta1, of beta2, rate, beta1, beta2, epsilon.
        const numbers = adamOf(config, steps, learningRate).map(scalar);
        for (const [i, gradient] of gradients.entries()) {
          const [m, v] = moments.map(({ resources }) => resources[i]);
          eager.effect("ResourceApplyAdam", [variables.resources[i], m, v, ...numbers, gradient], adamAttributes);
        }
      });
    },
    save: () => ({ steps, moments: moments.map((moment) => moment.download()) }),
    restore(saved) {
      steps = saved.steps;
      moments.forEach((moment, k) => moment.assign(saved.moments[k]));
    },
    close: () => moments.forEach((moment) => moment.close()),
  };
}

const float = { T: { type: "float" } } as const;
const adamAttributes = { ...float, use_locking: false, use_nesterov: false };

function adamOf(config: OptimizerConfig, steps: number, rate: number): number[] {
  // RMSprop is Adam without a first moment and without corrections.
  if (config.kind === "rmsprop") return [0, 0, rate, 0, config.decay, config.epsilon];
  const { beta1, beta2, epsilon } = config;
  const [power1, power2] = [pow(beta1, steps), pow(beta2, steps)];
  // TensorFlow adds epsilon to the root of the uncorrected moment; this puts it where the paper has it.
  return [power1, power2, rate, beta1, beta2, epsilon * Math.sqrt(1 - power2)];
}

/** The gradients after clipping. */
export function clipGradients(
  { run, upload, download }: Eager,
  gradients: readonly Handle[],
  clip: Clip,
): readonly Handle[] {
  if (clip.kind === "none") return gradients;
  if (clip.kind === "value") {
    const [low, high] = [-clip.limit, clip.limit].map((v) => upload(Float32Array.of(v), []));
    return gradients.map((g) => run("ClipByValue", [g, low, high], float));
  }
  const squares = gradients.map((g) => download(run("L2Loss", [g], float))[0] * 2);
  const length = Math.sqrt(squares.reduce((a, b) => a + b, 0));
  if (length <= clip.limit) return gradients;
  const factor = upload(Float32Array.of(clip.limit / length), []);
  return gradients.map((g) => run("Mul", [g, factor], float));
}
