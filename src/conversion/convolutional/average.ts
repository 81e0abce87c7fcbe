import { type Convolution, forEachSynapse, sizeOf } from "../../network/convolution.ts";
import { inside, type LinearMap } from "./stages.ts";

/** The largest matrix that a convolution behind average pooling may become, in weights. */
const LARGEST_MATRIX = 2 ** 24;

/**
 * Average pooling over `window`, then the map, as one map: a convolution where all windows of both are whole, else a matrix; undefined if that
 * would have more than 16 million weights. As in TensorFlow positions outside of the image are no part of an average.
 */
export function averagedBefore(map: LinearMap, window: Convolution): LinearMap | undefined {
  const { convolution } = map;
  if (convolution && inside(window) && inside(convolution)) return averagedKernel(map, convolution, window);
  const [inputs, outputs] = [sizeOf(window.input), map.biases.length];
  if (inputs * outputs > LARGEST_MATRIX) return undefined;
  const pooled = sizeOf(window.output);
  const matrix = convolution ? new Float64Array(pooled * outputs) : map.weights;
  if (convolution)
    forEachSynapse(convolution, (source, target, k) => (matrix[source * outputs + target] = map.weights[k]));
  const members = windowMembers(window);
  const weights = new Float64Array(inputs * outputs);
  members.forEach((inputsOf, source) => {
    for (const i of inputsOf)
      for (let j = 0; j < outputs; j++) weights[i * outputs + j] += matrix[source * outputs + j] / inputsOf.length;
  });
  return { weights, biases: map.biases };
}

/** Kernel place (a, b) = (i, j) strides of the pooling + (u, v) within its window gets W(i, j) / (window's area). */
function averagedKernel(map: LinearMap, convolution: Convolution, window: Convolution): LinearMap {
  const size = (k: 0 | 1): number => (convolution.kernel[k] - 1) * window.strides[k] + window.kernel[k];
  const stride = (k: 0 | 1): number => convolution.strides[k] * window.strides[k];
  const kernel = [size(0), size(1)] as const;
  const row = convolution.input[2] * convolution.output[2];
  const area = window.kernel[0] * window.kernel[1];
  const weights = new Float64Array(kernel[0] * kernel[1] * row);
  for (let i = 0; i < convolution.kernel[0]; i++)
    for (let j = 0; j < convolution.kernel[1]; j++)
      for (let u = 0; u < window.kernel[0]; u++)
        for (let v = 0; v < window.kernel[1]; v++) {
          const to = ((i * window.strides[0] + u) * kernel[1] + j * window.strides[1] + v) * row;
          const from = (i * convolution.kernel[1] + j) * row;
          for (let k = 0; k < row; k++) weights[to + k] += map.weights[from + k] / area;
        }
  return {
    weights,
    biases: map.biases,
    convolution: {
      input: window.input,
      output: convolution.output,
      kernel,
      strides: [stride(0), stride(1)],
      padding: [0, 0],
    },
  };
}

/** For each pooled value the inputs that it averages. */
function windowMembers(window: Convolution): number[][] {
  const members: number[][] = Array.from({ length: sizeOf(window.output) }, () => []);
  const channels = window.input[2];
  // One channel stands for all: a window is a kernel between the same channels.
  const single: Convolution = {
    ...window,
    input: [window.input[0], window.input[1], 1],
    output: [window.output[0], window.output[1], 1],
  };
  forEachSynapse(single, (source, target) => {
    for (let c = 0; c < channels; c++) members[target * channels + c].push(source * channels + c);
  });
  return members;
}
