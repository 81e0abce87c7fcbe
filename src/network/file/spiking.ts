import { z } from "zod";
import { sizeOf } from "../convolution.ts";
import { LARGEST_POPULATION, populationsOf, repeated, unrepeated } from "../populations.ts";
import { type SpikingLayer, type SpikingNetwork, synapticInputs } from "../old/spiking-network.ts";
import { convolutionSchema, described, kernelShape, parseMetadata } from "./geometry.ts";
import type { SafetensorsFile } from "../../files/safetensors.ts";
import { invalid, taker } from "./tensor-reader.ts";
import { type Tensor, tensor, toFloat32 } from "../../files/tensor.ts";

/** Synapses of a layer that fit into memory: what a file says in a few bytes must not fill it. */
const LARGEST_WEIGHTS = 2 ** 29;

const population = z.number().int().min(1).max(LARGEST_POPULATION);

const layerSchema = z.strictObject({
  alpha: z.number(),
  beta: z.number(),
  threshold: z.number(),
  reset: z.enum(["subtraction", "zero"]),
  resetBy: z.number(),
  convolution: convolutionSchema.optional(),
  pooling: convolutionSchema.optional(),
  populations: z.tuple([population, population]).optional(),
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

/**
 * What a model file holds of a spiking network: its tensors, and its metadata `dynamics`. Weights that neurons of a population share are
 * in it once (`populations`).
 */
export function encodeSpiking(network: SpikingNetwork): { tensors: Record<string, Tensor>; dynamics: string } {
  const { kind: _, layers, ...options } = network;
  const tensors = spikingTensors(network);
  const populations = populationsOf(network);
  for (const [l, { before, own }] of populations.entries()) {
    const { data, shape } = tensors[`layers.${l}.weight`];
    const [rows, columns] = [shape.at(-2)!, shape.at(-1)!];
    const once = unrepeated(data as Float32Array, columns, before, own);
    tensors[`layers.${l}.weight`] = tensor(once, [...shape.slice(0, -2), rows / before, columns / own]);
  }
  const dynamics = {
    ...options,
    layers: layers.map(({ alpha, beta, threshold, reset, resetBy, convolution, pooling }, l) => ({
      alpha,
      beta,
      threshold,
      reset,
      resetBy,
      ...(convolution && { convolution: described(convolution) }),
      ...(pooling && { pooling: described(pooling) }),
      ...(populations[l].before * populations[l].own > 1 && {
        populations: [populations[l].before, populations[l].own],
      }),
    })),
  };
  return { tensors, dynamics: JSON.stringify(dynamics) };
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
  const layers = dynamics.map(({ populations: [before, own] = [1, 1], ...layer }, l): SpikingLayer => {
    const { convolution, pooling } = layer;
    const weight = take(`layers.${l}.weight`, convolution ? 4 : 2);
    const [rows, columns] = weight.shape.slice(-2);
    const first = pooling ?? convolution;
    const inputs = first ? sizeOf(first.input) : rows * before;
    const outputs = convolution ? sizeOf(convolution.output) : columns * own;
    const optional = (name: string) => (take.has(name) ? toFloat32(take(name, 1)) : null);
    const [biases, initialPotential] = [optional(`layers.${l}.bias`), optional(`layers.${l}.initial_potential`)];
    const { length } = weight.data;
    if (length * before * own > LARGEST_WEIGHTS)
      invalid(source, `tensor "layers.${l}.weight" with populations of ${before} and ${own} has over 2^29 weights`);
    const weights = repeated(toFloat32(weight), columns, before, own);
    return { inputs, outputs, weights, biases, ...layer, initialPotential };
  });
  take.finish();
  return { kind: "spiking", ...options, layers };
}
