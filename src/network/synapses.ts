import { forEachSynapse, sizeOf } from "./convolution.ts";
import { DsqnError } from "../errors.ts";
import { biasPerOutput, columnsOf, type Layer, outputsOf, type Synapses, synapticInputs } from "./layer.ts";
import type { Network } from "./network.ts";

/**
 * Where the synapses of one presynaptic neuron lead: calls `visit(target, weight, length)` for each run of neurons that
 * it reaches. From `target` on follow `length` neurons, from index `weight` on the weights to them: to all neurons of a
 * dense layer, or to the filters at one position of a convolution's output image.
 */
export function forEachRun(
  synapses: Synapses,
  source: number,
  visit: (target: number, weight: number, length: number) => void,
): void {
  if (synapses.kind === "dense") return visit(0, source * synapses.outputs, synapses.outputs);
  const { input, output, kernel, strides, padding } = synapses;
  const [, width, channels] = input;
  const [c, position] = [source % channels, Math.floor(source / channels)];
  const [row, column] = [Math.floor(position / width), position % width];
  for (let i = kernel[0] - 1; i >= 0; i--) {
    const y = (row + padding[0] - i) / strides[0];
    if (y < 0 || y >= output[0] || !Number.isInteger(y)) continue;
    for (let j = kernel[1] - 1; j >= 0; j--) {
      const x = (column + padding[1] - j) / strides[1];
      if (x < 0 || x >= output[1] || !Number.isInteger(x)) continue;
      visit((y * output[1] + x) * output[2], ((i * kernel[1] + j) * channels + c) * output[2], output[2]);
    }
  }
}

/** The layer's synapses as a matrix [inputs, outputs], zero where there is none. */
export function synapseMatrix({ synapses, weights }: Pick<Layer, "synapses" | "weights">): Float32Array {
  if (synapses.kind === "dense") return weights;
  const outputs = outputsOf({ synapses });
  const matrix = new Float32Array(sizeOf(synapses.input) * outputs);
  forEachSynapse(synapses, (source, target, weight) => (matrix[source * outputs + target] = weights[weight]));
  return matrix;
}

/**
 * The same network with a matrix in place of every convolution: same spikes, same bits. For what knows dense layers
 * only, and for small networks: a matrix has inputs x outputs weights. Max pooling is no matrix; a layer that pools is
 * refused (LAYER_UNSUPPORTED).
 */
export function denseEquivalent<N extends Network>(network: N): N {
  const layers = network.layers.map((layer, l): Layer => {
    if (layer.pooling)
      throw new DsqnError(
        "LAYER_UNSUPPORTED",
        `Layer ${l} has ${layer.pooling.kind} pooling, which no weights can express.`,
        {
          hint: "Run it on the project's own engines, or train the network with strides instead.",
          facts: { layer: l },
        },
      );
    const synapses: Synapses = { kind: "dense", inputs: synapticInputs(layer), outputs: outputsOf(layer) };
    return { ...layer, synapses, weights: synapseMatrix(layer), biases: biasPerOutput(layer) };
  });
  return { ...network, layers };
}

/** [values that the synapses start from], how many synapses of nonzero weight leave each. */
export function fanOut(layer: Pick<Layer, "synapses" | "weights">): Float64Array {
  const { synapses, weights } = layer;
  const fan = new Float64Array(synapticInputs(layer));
  const columns = columnsOf(layer);
  if (synapses.kind === "dense") {
    for (let i = 0, w = 0; i < fan.length; i++) for (let j = 0; j < columns; j++, w++) if (weights[w] !== 0) fan[i]++;
    return fan;
  }
  const perRow = new Uint32Array(weights.length / columns);
  for (let w = 0; w < weights.length; w++) if (weights[w] !== 0) perRow[Math.floor(w / columns)]++;
  for (let i = 0; i < fan.length; i++)
    forEachRun(synapses, i, (_target, weight) => (fan[i] += perRow[weight / columns]));
  return fan;
}
