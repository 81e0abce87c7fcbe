import { join } from "node:path";
import type { Convolution, ImageShape } from "../../network/convolution.ts";
import { paddingOf } from "../../engines/tensorflow/differentiable.ts";
import {
  type ConvolutionalLayer,
  type ConvolutionalNetwork,
  layerInput,
  layerOutput,
} from "../../network/old/convolutional-network.ts";
import { UsageError } from "../../errors.ts";
import { writeFileAtomic, writeJsonAtomic } from "../../files/atomic.ts";
import type { Network } from "../../network/file/model.ts";
import { bytesOf } from "../../files/tensor.ts";

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
 * Writes a dense or convolutional network as a LayersModel of TensorFlow.js: `folder`/model.json and weights.bin, for
 * `tf.loadLayersModel`. inputScale becomes a Rescaling layer.
 */
export async function exportLayersModel(network: Network, folder: string): Promise<void> {
  if (network.kind === "spiking")
    throw new UsageError("EXPORT_IMPOSSIBLE", "A LayersModel has no spiking layers.", {
      hint: "Export the network that it was converted from.",
    });
  const { layers, weights } = described(network.kind === "dense" ? overVectors(network) : network);
  const manifest = [
    {
      paths: ["weights.bin"],
      weights: weights.map(({ name, shape }) => ({ name, shape, dtype: "float32" })),
    },
  ];
  const bytes = new Uint8Array(weights.reduce((sum, { values }) => sum + values.byteLength, 0));
  let at = 0;
  for (const { values } of weights) {
    bytes.set(bytesOf(values), at);
    at += values.byteLength;
  }
  await writeFileAtomic(join(folder, "weights.bin"), bytes);
  await writeJsonAtomic(join(folder, "model.json"), {
    format: "layers-model",
    generatedBy: "dsqn",
    convertedBy: null,
    modelTopology: {
      class_name: "Sequential",
      config: { name: "sequential", layers },
      keras_version: "tfjs-layers 4.22.0",
      backend: "tensor_flow.js",
    },
    weightsManifest: manifest,
  });
}

/** A dense network as one over images of one pixel. */
function overVectors({ layers }: Network & { kind: "dense" }): ConvolutionalNetwork {
  const last = layers.length - 1;
  return {
    kind: "convolutional",
    input: [1, 1, layers[0].inputs],
    inputScale: 1,
    layers: layers.map((layer, l) => ({ ...layer, kind: "dense", activation: l < last ? "relu" : "linear" })),
  };
}

function described({ input, inputScale, layers }: ConvolutionalNetwork): { layers: Described[]; weights: Weight[] } {
  const vector = input[0] * input[1] === 1 && layers.every(({ kind }) => kind === "dense" || kind === "batch-norm");
  const inputShape = [null, ...(vector ? [input[2]] : input)];
  const all: Described[] = [
    {
      class_name: "InputLayer",
      config: { name: "observation", batch_input_shape: inputShape, dtype: "float32", sparse: false },
    },
  ];
  if (inputScale !== 1)
    all.push({ class_name: "Rescaling", config: { name: "rescaling", scale: inputScale, offset: 0 } });
  const weights: Weight[] = [];
  let flat = vector;
  for (const [l, layer] of layers.entries()) {
    const before = l > 0 ? layerOutput(layers[l - 1]) : input;
    const single = ([height, width]: ImageShape): boolean => height * width === 1;
    if (!flat && (layer.kind === "dense" || (single(layerInput(layer)) && !single(before)))) {
      all.push({ class_name: "Flatten", config: { name: `flatten_${l}` } });
      flat = true;
    }
    const part = parts(layer, `layer_${l}`, l);
    all.push(...part.layers);
    weights.push(...part.weights);
  }
  return { layers: all, weights };
}

function parts(layer: ConvolutionalLayer, name: string, l: number): { layers: Described[]; weights: Weight[] } {
  switch (layer.kind) {
    case "dense": {
      const { inputs, outputs, weights, biases, activation } = layer;
      return {
        layers: [{ class_name: "Dense", config: { name, units: outputs, activation, use_bias: true } }],
        weights: named(name, { kernel: [weights, [inputs, outputs]], bias: [biases, [outputs]] }),
      };
    }
    case "convolution": {
      const { convolution, weights, biases, activation } = layer;
      const { kernel, strides, input, output } = convolution;
      const { padding, explicit_paddings: explicit } = paddingOf(convolution);
      const config = {
        name,
        filters: output[2],
        kernel_size: kernel,
        strides,
        padding: padding === "SAME" ? "same" : "valid",
        dilation_rate: [1, 1],
        data_format: "channels_last",
        activation,
        use_bias: true,
      };
      return {
        layers: [...(explicit ? [zeros(`${name}_padding`, explicit)] : []), { class_name: "Conv2D", config }],
        weights: named(name, { kernel: [weights, [...kernel, input[2], output[2]]], bias: [biases, [output[2]]] }),
      };
    }
    case "batch-norm": {
      const { gamma, beta, mean, variance, epsilon, activation } = layer;
      const size = [gamma.length];
      const config = { name, axis: -1, momentum: 0.99, epsilon, center: true, scale: true };
      return {
        layers: [
          { class_name: "BatchNormalization", config },
          ...(activation === "relu"
            ? [{ class_name: "Activation", config: { name: `${name}_relu`, activation } }]
            : []),
        ],
        weights: named(name, {
          gamma: [gamma, size],
          beta: [beta, size],
          moving_mean: [mean, size],
          moving_variance: [variance, size],
        }),
      };
    }
    case "average-pooling":
    case "max-pooling": {
      const config = {
        name,
        pool_size: layer.window.kernel,
        strides: layer.window.strides,
        data_format: "channels_last",
      };
      const class_name = layer.kind === "average-pooling" ? "AveragePooling2D" : "MaxPooling2D";
      return { layers: [{ class_name, config: { ...config, padding: poolPadding(layer.window, l) } }], weights: [] };
    }
  }
}

function poolPadding(window: Convolution, l: number): "valid" | "same" {
  const { padding } = paddingOf(window);
  if (padding === "EXPLICIT")
    throw new UsageError("EXPORT_IMPOSSIBLE", `Layer ${l} pools with a padding of its own, which no LayersModel has.`, {
      hint: 'Paddings as of "valid" and "same" can be exported.',
      facts: { layer: l },
    });
  return padding === "SAME" ? "same" : "valid";
}

function zeros(name: string, [, , top, bottom, left, right]: readonly number[]): Described {
  return {
    class_name: "ZeroPadding2D",
    config: {
      name,
      padding: [
        [top, bottom],
        [left, right],
      ],
      data_format: "channels_last",
    },
  };
}

function named(layer: string, weights: Readonly<Record<string, [Float32Array, readonly number[]]>>): Weight[] {
  return Object.entries(weights).map(([name, [values, shape]]) => ({ name: `${layer}/${name}`, shape, values }));
}
