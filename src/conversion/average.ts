import { type Convolution, forEachSynapse, sizeOf } from "../network/convolution.ts";
import { outputsOf } from "../network/layer.ts";
import { forEachWindowValue } from "../network/pooling.ts";
import type { Stage } from "./stages.ts";

/** The largest matrix that a convolution behind average pooling may become, in weights. */
const LARGEST_MATRIX = 2 ** 24;

/**
 * Average pooling over `window`, then the stage's map, as one map: a convolution where all windows of both are whole, else a matrix; undefined
 * if that would have more than 16 million weights. As in TensorFlow positions outside of the image are no part of an average.
 */
export function averagedBefore(stage: Stage, window: Convolution): Stage | undefined {
  const { synapses } = stage;
  const convolution = synapses.kind === "convolution" ? synapses : undefined;
  if (convolution && inside(window) && inside(convolution)) return averagedKernel(stage, convolution, window);
  const [inputs, outputs] = [sizeOf(window.input), outputsOf(stage)];
  if (inputs * outputs > LARGEST_MATRIX) return undefined;
  const matrix = convolution ? new Float64Array(sizeOf(window.output) * outputs) : stage.weights;
  if (convolution)
    forEachSynapse(convolution, (source, target, k) => (matrix[source * outputs + target] = stage.weights[k]));
  const weights = new Float64Array(inputs * outputs);
  const members: number[][] = Array.from({ length: sizeOf(window.output) }, () => []);
  forEachWindowValue(window, (value, pooled) => members[pooled].push(value));
  for (const [pooled, values] of members.entries())
    for (const i of values)
      for (let j = 0; j < outputs; j++) weights[i * outputs + j] += matrix[pooled * outputs + j] / values.length;
  return { ...stage, synapses: { kind: "dense", inputs, outputs }, weights };
}

/** Whether all windows lie inside of the image. */
function inside({ input, output, kernel, strides, padding }: Convolution): boolean {
  return ([0, 1] as const).every((k) => padding[k] === 0 && (output[k] - 1) * strides[k] + kernel[k] <= input[k]);
}

/** Kernel place (a, b) = (i, j) strides of the pooling + (u, v) within its window gets W(i, j) / (window's area). */
function averagedKernel(stage: Stage, { input, output, ...own }: Convolution, window: Convolution): Stage {
  const size = (k: 0 | 1): number => (own.kernel[k] - 1) * window.strides[k] + window.kernel[k];
  const stride = (k: 0 | 1): number => own.strides[k] * window.strides[k];
  const kernel = [size(0), size(1)] as const;
  const row = input[2] * output[2];
  const area = window.kernel[0] * window.kernel[1];
  const weights = new Float64Array(kernel[0] * kernel[1] * row);
  for (let i = 0; i < own.kernel[0]; i++)
    for (let j = 0; j < own.kernel[1]; j++)
      for (let u = 0; u < window.kernel[0]; u++)
        for (let v = 0; v < window.kernel[1]; v++) {
          const to = ((i * window.strides[0] + u) * kernel[1] + j * window.strides[1] + v) * row;
          const from = (i * own.kernel[1] + j) * row;
          for (let k = 0; k < row; k++) weights[to + k] += stage.weights[from + k] / area;
        }
  const strides = [stride(0), stride(1)] as const;
  const geometry: Convolution = { input: window.input, output, kernel, strides, padding: [0, 0] };
  return { ...stage, synapses: { kind: "convolution", ...geometry }, weights };
}
