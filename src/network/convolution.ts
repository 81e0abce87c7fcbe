/** Height, width, channels. Neuron (y, x, c) has index (y * width + x) * channels + c, as in TensorFlow's NHWC. */
export type ImageShape = readonly [height: number, width: number, channels: number];

/**
 * Where a convolution's synapses run. As everywhere in deep learning it is a cross-correlation:
 *
 *   out(y, x, c') = sum_{i, j, c}  in(y * strideY + i - top, x * strideX + j - left, c)  W(i, j, c, c')
 *
 * with zeros outside of the input. W is [kernel height, kernel width, input channels, output channels], row-major.
 */
export interface Convolution {
  readonly input: ImageShape;
  readonly output: ImageShape;
  readonly kernel: readonly [height: number, width: number];
  readonly strides: readonly [vertical: number, horizontal: number];
  /** Rows of zeros above and columns of zeros left of the input; what is needed below and right follows from the output's shape. */
  readonly padding: readonly [top: number, left: number];
}

/** What a convolution is made from: strides 1 and padding "valid" (none) unless given; "same" as in TensorFlow; or so many zeros around. */
export interface ConvolutionOptions {
  readonly filters: number;
  readonly kernel: readonly [number, number];
  readonly strides?: readonly [number, number];
  readonly padding?: "valid" | "same" | readonly [rows: Around, columns: Around];
}

/** Zeros before and after. */
type Around = readonly [before: number, after: number];

/** The geometry of a convolution over `input`. */
export function convolution(input: ImageShape, options: ConvolutionOptions): Convolution {
  const { filters, kernel, strides = [1, 1], padding = "valid" } = options;
  const along = (axis: 0 | 1): { size: number; before: number } => {
    const [before, after] = typeof padding === "string" ? [0, 0] : padding[axis];
    if (padding !== "same")
      return { size: Math.floor((input[axis] + before + after - kernel[axis]) / strides[axis]) + 1, before };
    const size = Math.ceil(input[axis] / strides[axis]);
    return { size, before: Math.max(0, (size - 1) * strides[axis] + kernel[axis] - input[axis]) >> 1 };
  };
  const [rows, columns] = [along(0), along(1)];
  return {
    input,
    output: [rows.size, columns.size, filters],
    kernel,
    strides,
    padding: [rows.before, columns.before],
  };
}

/** The same geometry with so many output channels. */
export function withFilters(geometry: Convolution, filters: number): Convolution {
  return { ...geometry, output: [geometry.output[0], geometry.output[1], filters] };
}

/** What is wrong with a geometry, or undefined: sizes that are no counts, windows that lie in the padding alone, and too few of them. */
export function convolutionProblem({ input, output, kernel, strides, padding }: Convolution): string | undefined {
  const sizes = Object.entries({ input, output, kernel, strides });
  const bad = sizes.find(([, size]) => size.some((n) => !Number.isSafeInteger(n) || n < 1));
  if (bad) return `its ${bad[0]} is [${bad[1].join(", ")}]: whole numbers above 0 are needed`;
  if (padding.some((n) => !Number.isSafeInteger(n) || n < 0)) return `its padding is [${padding.join(", ")}]`;
  for (const axis of [0, 1] as const) {
    if (padding[axis] >= kernel[axis]) return `its padding [${padding.join(", ")}] holds a whole window`;
    if ((output[axis] - 1) * strides[axis] - padding[axis] >= input[axis])
      return `its output [${output.join(", ")}] has windows beyond the input [${input.join(", ")}]`;
    if (input[axis] - (output[axis] * strides[axis] + kernel[axis] - padding[axis]) >= 0)
      return `its output [${output.join(", ")}] leaves places for windows in the input [${input.join(", ")}] empty`;
  }
  return undefined;
}

/** Whether all windows lie inside of the image. */
export function inside({ input, output, kernel, strides, padding }: Convolution): boolean {
  return ([0, 1] as const).every((k) => padding[k] === 0 && (output[k] - 1) * strides[k] + kernel[k] <= input[k]);
}

/** Values of an image of this shape. */
export function sizeOf([height, width, channels]: ImageShape): number {
  return height * width * channels;
}

/** Weights of a convolution. */
export function kernelSize({ kernel, input, output }: Convolution): number {
  return kernel[0] * kernel[1] * input[2] * output[2];
}

/**
 * Calls `visit(source, target, weight)` for every synapse: source and target are neuron indices, weight an index into W. Targets
 * ascend, and for each target its sources.
 */
export function forEachSynapse(
  { input, output, kernel, strides, padding }: Convolution,
  visit: (source: number, target: number, weight: number) => void,
): void {
  const [height, width, channels] = input;
  for (let y = 0; y < output[0]; y++)
    for (let x = 0; x < output[1]; x++)
      for (let filter = 0; filter < output[2]; filter++) {
        const target = (y * output[1] + x) * output[2] + filter;
        for (let i = 0; i < kernel[0]; i++) {
          const row = y * strides[0] + i - padding[0];
          if (row < 0 || row >= height) continue;
          for (let j = 0; j < kernel[1]; j++) {
            const column = x * strides[1] + j - padding[1];
            if (column < 0 || column >= width) continue;
            for (let c = 0; c < channels; c++)
              visit(
                (row * width + column) * channels + c,
                target,
                ((i * kernel[1] + j) * channels + c) * output[2] + filter,
              );
          }
        }
      }
}
