import { existsSync } from "node:fs";
import { join } from "node:path";
import { UsageError } from "../../errors.ts";
import { writeFileAtomic, writeJsonAtomic } from "../../files/atomic.ts";
import { mayReplace } from "../../files/outputs.ts";
import { bytesOf } from "../../files/tensor.ts";
import type { Convolution } from "../../network/convolution.ts";
import { columnsOf, type Layer, type Pooling, weightShape } from "../../network/layer.ts";
import { isSpiking, type Network } from "../../network/network.ts";

interface Described {
  readonly class_name: string;
  readonly config: Readonly<Record<string, unknown>>;
}

interface Weight {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/**
 * Writes a network without spikes as a LayersModel of TensorFlow.js: `folder`/model.json and weights.bin, for `tf.loadLayersModel`.
 * inputScale becomes a Rescaling layer.
 */
export async function exportLayersModel(network: Network, folder: string): Promise<void> {
  if (isSpiking(network))
    throw new UsageError("EXPORT_IMPOSSIBLE", "A LayersModel has no spiking layers.", {
      hint: "Export the network that it was converted from.",
    });
  const [model, values] = [join(folder, "model.json"), join(folder, "weights.bin")];
  mayReplace(model);
  // It has no mark of its own: beside a model.json of ours it is ours.
  if (!existsSync(model)) mayReplace(values);
  const layers = described(network);
  const weights = network.layers.flatMap(weightsOf);
  const entries = weights.map(({ name, shape }) => ({ name, shape, dtype: "float32" }));
  await writeFileAtomic(values, Buffer.concat(weights.map(({ values }) => bytesOf(values))));
  await writeJsonAtomic(model, {
    format: "layers-model",
    generatedBy: "dsqn",
    convertedBy: null,
    modelTopology: {
      class_name: "Sequential",
      config: { name: "sequential", layers },
      keras_version: "tfjs-layers 4.22.0",
      backend: "tensor_flow.js",
    },
    weightsManifest: [{ paths: ["weights.bin"], weights: entries }],
  });
}

function weightsOf(layer: Layer, l: number): Weight[] {
  const { weights, biases } = layer;
  return [
    { name: `layer_${l}/kernel`, shape: weightShape(layer), values: weights },
    ...(biases ? [{ name: `layer_${l}/bias`, shape: [biases.length], values: biases }] : []),
  ];
}

function described({ input, inputScale, layers }: Network): Described[] {
  const shape = { batch_input_shape: [null, ...input], dtype: "float32", sparse: false };
  const all: Described[] = [{ class_name: "InputLayer", config: { name: "observation", ...shape } }];
  if (inputScale !== 1)
    all.push({ class_name: "Rescaling", config: { name: "rescaling", scale: inputScale, offset: 0 } });
  let flat = input.length === 1;
  for (const [l, layer] of layers.entries()) {
    const { pooling, synapses } = layer;
    const image = pooling?.window.input ?? (synapses.kind === "convolution" ? synapses.input : undefined);
    if (image && flat) all.push({ class_name: "Reshape", config: { name: `image_${l}`, target_shape: image } });
    if (pooling) all.push(pooled(pooling, l));
    if (synapses.kind === "dense" && (image || !flat))
      all.push({ class_name: "Flatten", config: { name: `flatten_${l}` } });
    all.push(...connected(layer, l));
    flat = synapses.kind === "dense";
  }
  return all;
}

function connected(layer: Layer, l: number): Described[] {
  const { synapses, biases, activation } = layer;
  const shared = { name: `layer_${l}`, activation: activation.kind, use_bias: biases !== null };
  if (synapses.kind === "dense") return [{ class_name: "Dense", config: { ...shared, units: synapses.outputs } }];
  if (biases && biases.length !== columnsOf(layer))
    throw impossible(l, "has a bias for each place", "Normalise behind convolutions instead of before them.");
  const padding = paddingOf(synapses);
  const zeros = { name: `layer_${l}_padding`, padding, data_format: "channels_last" };
  const config = {
    ...shared,
    filters: synapses.output[2],
    kernel_size: synapses.kernel,
    strides: synapses.strides,
    padding: padding === "same" ? "same" : "valid",
    dilation_rate: [1, 1],
    data_format: "channels_last",
  };
  return [
    ...(typeof padding === "string" ? [] : [{ class_name: "ZeroPadding2D", config: zeros }]),
    { class_name: "Conv2D", config },
  ];
}

function pooled({ kind, window }: Pooling, l: number): Described {
  if (kind !== "average" && kind !== "max")
    throw impossible(l, `has ${kind} pooling`, "Average and max pooling can be exported.");
  const padding = paddingOf(window);
  if (typeof padding !== "string")
    throw impossible(l, "pools with a padding of its own", 'Paddings as of "valid" and "same" can be exported.');
  const config = { pool_size: window.kernel, strides: window.strides, padding, data_format: "channels_last" };
  return {
    class_name: kind === "average" ? "AveragePooling2D" : "MaxPooling2D",
    config: { name: `layer_${l}_pooling`, ...config },
  };
}

/** Keras's name for a geometry's padding, or the rows and columns themselves, [[top, bottom], [left, right]]. */
function paddingOf({ input, output, kernel, strides, padding }: Convolution): "valid" | "same" | number[][] {
  const axes = ([0, 1] as const).map((k) => {
    const total = Math.max(0, (output[k] - 1) * strides[k] + kernel[k] - input[k]);
    const same = output[k] === Math.ceil(input[k] / strides[k]) && padding[k] === total >> 1;
    return { same, around: [padding[k], Math.max(0, total - padding[k])] };
  });
  if (axes.every(({ around }) => around.every((n) => n === 0))) return "valid";
  return axes.every(({ same }) => same) ? "same" : axes.map(({ around }) => around);
}

function impossible(layer: number, what: string, hint: string): UsageError {
  return new UsageError("EXPORT_IMPOSSIBLE", `Layer ${layer} ${what}, which no LayersModel has.`, {
    hint,
    facts: { layer },
  });
}
