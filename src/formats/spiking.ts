import { z } from "zod";
import { sizeOf } from "../ann/convolution.ts";
import { type SpikingLayer, type SpikingNetwork, synapticInputs } from "../snn/network.ts";
import { convolutionSchema, described, kernelShape, parseMetadata } from "./geometry.ts";
import type { SafetensorsFile } from "./safetensors.ts";
import { taker } from "./taker.ts";
import { type Tensor, tensor, toFloat32 } from "./tensor.ts";

const layerSchema = z.strictObject({
  alpha: z.number(),
  beta: z.number(),
  threshold: z.number(),
  reset: z.enum(["subtraction", "zero"]),
  resetBy: z.number(),
  convolution: convolutionSchema.optional(),
  pooling: convolutionSchema.optional(),
});

/** What a spiking network is besides its tensors; stored as JSON in the metadata `dynamics`. */
const dynamicsSchema = z.strictObject({
  biasInput: z.boolean(),
  signedInputs: z.boolean(),
  encoding: z.enum(["constant", "poisson", "equidistant", "equidistant-original"]),
  decoding: z.enum(["potential", "max-potential", "spikes", "first-spike"]),
  ties: z.enum(["first", "last", "potential"]),
  steps: z.number(),
  layers: z.array(layerSchema),
});

/** The metadata `dynamics` of a model file. */
export function dynamicsOf({ kind: _, layers, ...options }: SpikingNetwork): string {
  return JSON.stringify({
    ...options,
    layers: layers.map(({ alpha, beta, threshold, reset, resetBy, convolution, pooling }) => ({
      alpha,
      beta,
      threshold,
      reset,
      resetBy,
      ...(convolution && { convolution: described(convolution) }),
      ...(pooling && { pooling: described(pooling) }),
    })),
  });
}

/** `layers.{i}.weight` [inputs, outputs], or of a convolution as TensorFlow has it; `.bias` and `.initial_potential` [outputs]. */
export function spikingTensors({ layers }: SpikingNetwork): Record<string, Tensor> {
  const tensors: Record<string, Tensor> = {};
  for (const [l, layer] of layers.entries()) {
    const { outputs, weights, biases, initialPotential, convolution } = layer;
    const shape = convolution ? kernelShape(convolution) : [synapticInputs(layer), outputs];
    tensors[`layers.${l}.weight`] = tensor(weights, shape);
    if (biases) tensors[`layers.${l}.bias`] = tensor(biases);
    if (initialPotential) tensors[`layers.${l}.initial_potential`] = tensor(initialPotential);
  }
  return tensors;
}

/** The spiking network in a model file; sizes are left to `validateNetwork`. */
export function decodeSpiking({ tensors, metadata }: SafetensorsFile, source: string): SpikingNetwork {
  const take = taker(tensors, source);
  const { layers: dynamics, ...options } = parseMetadata(
    metadata.dynamics,
    dynamicsSchema,
    "the spiking network's dynamics",
    source,
  );
  const layers = dynamics.map((layer, l): SpikingLayer => {
    const { convolution, pooling } = layer;
    const weight = take(`layers.${l}.weight`, convolution ? 4 : 2);
    const [rows, columns] = weight.shape;
    const first = pooling ?? convolution;
    const inputs = first ? sizeOf(first.input) : rows;
    const outputs = convolution ? sizeOf(convolution.output) : columns;
    const optional = (name: string) => (take.has(name) ? toFloat32(take(name, 1)) : null);
    const [biases, initialPotential] = [optional(`layers.${l}.bias`), optional(`layers.${l}.initial_potential`)];
    return { inputs, outputs, weights: toFloat32(weight), biases, ...layer, initialPotential };
  });
  take.finish();
  return { kind: "spiking", ...options, layers };
}
