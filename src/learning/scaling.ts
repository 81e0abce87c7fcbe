import { z } from "zod";
import type { DenseNetwork } from "../network/old/dense-network.ts";
import { DsqnError, UsageError } from "../errors.ts";
import type { SpikingNetwork } from "../network/old/spiking-network.ts";

/**
 * What a network sees while it learns: x' = (x - center) * scale, per element of the observation. The trained network gets it
 * folded into its first layer (`foldScaling`), so that a saved model always takes the environment's own observations.
 */
export const scalingSchema = z.strictObject({ center: z.array(z.number()), scale: z.array(z.number()) });

export type Scaling = z.infer<typeof scalingSchema>;

/** Throws CONFIG_INVALID unless `scaling`, where there is one, has a value for each element of the environment's observations. */
export function assertScalingFits(scaling: Scaling | undefined, observationSize: number, environment: string): void {
  for (const field of ["center", "scale"] as const)
    if (scaling && scaling[field].length !== observationSize)
      throw new UsageError(
        "CONFIG_INVALID",
        `"scaling.${field}" has ${scaling[field].length} value(s); observations of ${environment} have ${observationSize}.`,
        { hint: "Give one value per element of an observation, or leave scaling out." },
      );
}

/** Scales `observations` [batch, n] into `out`. */
export function scaleObservations(
  { center, scale }: Scaling,
  observations: Float32Array,
  out: Float32Array,
): Float32Array {
  const n = scale.length;
  for (let i = 0; i < observations.length; i++) out[i] = (observations[i] - center[i % n]) * scale[i % n];
  return out;
}

/** The network that does on raw observations what `network` does on scaled ones (equal up to float32 rounding). */
export function foldScaling<N extends DenseNetwork | SpikingNetwork>(network: N, { center, scale }: Scaling): N {
  const first = network.layers[0];
  const n = scale.length;
  const weights = first.weights.slice();
  const shift = new Float64Array(first.outputs);
  for (let i = 0; i < n; i++)
    for (let j = 0; j < first.outputs; j++) {
      weights[i * first.outputs + j] *= scale[i];
      shift[j] -= center[i] * scale[i] * first.weights[i * first.outputs + j];
    }
  let biases = first.biases;
  if (network.kind === "spiking" && network.biasInput)
    for (let j = 0; j < first.outputs; j++) weights[n * first.outputs + j] += shift[j];
  else if (biases) biases = biases.map((bias, j) => bias + shift[j]);
  else if (center.some((c) => c !== 0))
    throw new DsqnError(
      "SCALING_IMPOSSIBLE",
      "Observations cannot be centred for a network without biases or bias input.",
      {
        hint: 'Set "scaling.center" to zeros, or "network.biasInput" to true.',
      },
    );
  return { ...network, layers: [{ ...first, weights, biases }, ...network.layers.slice(1)] };
}
