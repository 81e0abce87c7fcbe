import type { DqnConfig } from "./config.ts";

/** Limits gradients in place: each element to +-limit (the original's), or the length of the whole to limit. */
export function clipGradients(gradients: Float32Array, { kind, limit }: DqnConfig["clip"]): void {
  if (kind === "value") {
    for (let i = 0; i < gradients.length; i++) gradients[i] = Math.max(-limit, Math.min(limit, gradients[i]));
  } else if (kind === "norm") {
    let squares = 0;
    for (let i = 0; i < gradients.length; i++) squares += gradients[i] * gradients[i];
    const factor = limit / Math.sqrt(squares);
    if (factor < 1) for (let i = 0; i < gradients.length; i++) gradients[i] *= factor;
  }
}
