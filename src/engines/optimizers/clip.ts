import { addressOf } from "../fast/kernels/memory.ts";
import { kernels } from "../fast/kernels/module.ts";

/** Element-wise clamp of gradients to [-limit, limit], in place (the thesis's clipping, limit 1). */
export function clipValues(gradients: Float32Array, limit: number): void {
  const address = addressOf(gradients);
  if (address !== undefined) return kernels().exports.clamp(gradients.length, address, limit);
  for (let i = 0; i < gradients.length; i++) {
    const g = gradients[i];
    if (g > limit) gradients[i] = limit;
    else if (g < -limit) gradients[i] = -limit;
  }
}

/** Scales gradients, in place, so that their global L2 norm is at most `limit`; returns the norm before (Pascanu et al. 2013). */
export function clipNorm(gradients: Float32Array, limit: number): number {
  let sum = 0;
  for (let i = 0; i < gradients.length; i++) sum += gradients[i] * gradients[i];
  const norm = Math.sqrt(sum);
  // PyTorch's clip_grad_norm_ adds 1e-6, so that a norm of exactly `limit` shrinks a little there too.
  const scale = limit / (norm + 1e-6);
  if (scale < 1) for (let i = 0; i < gradients.length; i++) gradients[i] *= scale;
  return norm;
}
