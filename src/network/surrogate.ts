import { exp } from "../numeric/elementary.ts";

/**
 * What stands in for the derivative of the spike H(x), x = v - threshold:
 * - fast-sigmoid: 1 / (scale |x| + 1)^2                      (Zenke & Ganguli 2018; the original's, scale 100)
 * - arctan: 1 / (1 + (pi/2 scale x)^2)                        (Fang et al. 2021, up to the factor scale / 2)
 * - triangular: max(0, 1 - scale |x|)                          (Bellec et al. 2018, up to the damping)
 * - sigmoid: 4 sigma(scale x) (1 - sigma(scale x))
 * All are 1 at the threshold, so that changing the shape does not change the size of a gradient there.
 */
export type SurrogateName = "fast-sigmoid" | "arctan" | "triangular" | "sigmoid";

/** A surrogate derivative: its shape, and how steep it is. */
export interface SurrogateOptions {
  readonly name: SurrogateName;
  readonly scale: number;
}

export const surrogateNames = [
  "fast-sigmoid",
  "arctan",
  "triangular",
  "sigmoid",
] as const satisfies readonly SurrogateName[];

export const surrogateDefaults: SurrogateOptions = { name: "fast-sigmoid", scale: 100 };

/** The surrogate derivative at x. */
export function surrogate({ name, scale }: SurrogateOptions, x: number): number {
  switch (name) {
    case "fast-sigmoid": {
      const y = scale * Math.abs(x) + 1;
      return 1 / (y * y);
    }
    case "arctan": {
      const y = (Math.PI / 2) * scale * x;
      return 1 / (1 + y * y);
    }
    case "triangular":
      return Math.max(0, 1 - scale * Math.abs(x));
    case "sigmoid": {
      const e = exp(-Math.abs(scale * x));
      return (4 * e) / ((1 + e) * (1 + e));
    }
  }
}

/**
 * A smooth step whose derivative is the surrogate. With it in place of H the network is differentiable, and its exact gradient
 * is what backpropagation with the surrogate computes (as long as the gradient through the reset is kept).
 */
export function smoothStep({ name, scale }: SurrogateOptions, x: number): number {
  switch (name) {
    case "fast-sigmoid":
      return x / (scale * Math.abs(x) + 1);
    case "arctan":
      // eslint-disable-next-line no-restricted-properties -- only checks of gradients come here, which have a tolerance
      return (2 / (Math.PI * scale)) * Math.atan((Math.PI / 2) * scale * x);
    case "triangular": {
      const y = Math.min(Math.abs(x), 1 / scale);
      return Math.sign(x) * (y - (scale * y * y) / 2);
    }
    case "sigmoid":
      return (4 / scale) * (1 / (1 + exp(-scale * x)) - 0.5);
  }
}
