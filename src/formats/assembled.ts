import { transposed } from "../files/tensor.ts";
import { convolution, type ConvolutionOptions, type ImageShape, sizeOf } from "../network/convolution.ts";
import { assemble, batchNorm, type Piece } from "../network/fold.ts";
import type { Network, Shape } from "../network/network.ts";
import type { Rectified } from "./activations.ts";
import type { LayerHint } from "./architecture.ts";
import type { Known } from "./assumptions.ts";
import { type Module, partOf, sizesOf, wrongForm } from "./modules.ts";
import { fromTorchKernel, reordered } from "./torch-layout.ts";
import type { Standardisation } from "./vecnormalize.ts";

/** What torch's BatchNorm has unless told otherwise. */
const TORCH_EPSILON = 1e-5;

/** Torch's modules with what they don't say: Conv2d [outputs, inputs, height, width], Linear [outputs, inputs], BatchNorm. */
export function assembled(
  modules: readonly Module[],
  architecture: Known,
  rectified: readonly Rectified[],
  standardisation: Standardisation | undefined,
  source: string,
  assumed: string[],
): Network {
  const hints = architecture.layers ?? defaultHints(modules, architecture, rectified);
  const weighted = hints.filter(({ kind }) => kind !== "average-pooling" && kind !== "max-pooling");
  if (weighted.length !== modules.length || weighted.some(({ kind }, k) => kind !== modules[k].kind))
    throw wrongForm(
      source,
      `it holds ${modules.map(({ kind, name }) => `${kind} "${name}"`).join(", ")}, which are not the architecture's ` +
        `layers with weights (${weighted.map(({ kind }) => kind).join(", ")})`,
    );
  if (modules.some(({ kind }) => kind === "batch-norm")) sayNormalised(modules, hints, assumed);
  const queue = [...modules];
  const pieces: Piece[] = standardisation ? [standardising(standardisation, architecture.input, source, assumed)] : [];
  let shape: Shape = architecture.input;
  for (const [l, hint] of hints.entries()) {
    const list = architecture.flatten === "chw" && shape.length === 3 ? shape : undefined;
    const own =
      "kernel" in hint ? poolingOf(hint, shape, source) : [pieceOf(queue.shift()!, hint, shape, list, source)];
    pieces.push(...own);
    const [piece] = own;
    if ("window" in piece) shape = piece.window.output;
    else if (piece.kind === "synapses")
      shape = "output" in piece.synapses ? piece.synapses.output : [piece.synapses.outputs];
    if ("kernel" in hint) continue;
    const behind = l < hints.length - 1 && hints[l + 1].kind !== "batch-norm";
    if ((hint.activation ?? (behind ? "relu" : "linear")) === "relu") pieces.push({ kind: "relu" });
  }
  return assemble(architecture.input, architecture.inputScale, pieces);
}

function defaultHints(
  modules: readonly Module[],
  { strides, padding }: Known,
  rectified: readonly Rectified[],
): LayerHint[] {
  let convolutions = 0;
  return modules.map(({ kind }, l): LayerHint => {
    const activation = rectified[l]?.relu ? "relu" : "linear";
    if (kind !== "convolution") return { kind, activation };
    const k = convolutions++;
    return { kind, strides: strides[k], padding: padding[k], activation };
  });
}

function sayNormalised(modules: readonly Module[], hints: readonly LayerHint[], assumed: string[]): void {
  const norms = hints.filter((hint) => hint.kind === "batch-norm");
  const epsilon = norms.some((hint) => hint.epsilon === undefined) ? `, epsilon ${TORCH_EPSILON}` : "";
  const names = modules.flatMap(({ kind, name }) => (kind === "batch-norm" ? [`"${name}"`] : []));
  assumed.push(`batch normalisation with its running statistics (${names.join(", ")})${epsilon}`);
}

function standardising(
  { mean, variance, epsilon, clip }: Standardisation,
  input: Shape,
  source: string,
  assumed: string[],
): Piece {
  if (input.length !== 1 || mean.length !== input[0])
    throw wrongForm(
      source,
      `the statistics are of ${mean.length} values, and its observations have ${input.join(" x ")}`,
    );
  assumed.push(`observations are not clipped at ${clip} standard deviations, as VecNormalize does`);
  const scale = variance.map((v) => 1 / Math.sqrt(v + epsilon));
  return { kind: "affine", scale, shift: scale.map((s, i) => -s * mean[i]) };
}

type Pool = LayerHint & { kind: "average-pooling" | "max-pooling" };

/** A module over values of `shape`. `list`: the image that a dense layer sees in torch's order (channels, rows, columns). */
function pieceOf(
  module: Module,
  hint: Exclude<LayerHint, Pool>,
  shape: Shape,
  list: ImageShape | undefined,
  source: string,
): Piece {
  const { kind, name, parts } = module;
  const part = (of: string, size?: number): Float32Array => partOf(module, of, source, size);
  const inOrder = (values: Float32Array, columns = 1): Float32Array =>
    list && values.length === sizeOf(list) * columns ? reordered(values, columns, list, "from torch") : values;
  if (kind === "batch-norm") {
    const mean = part("running_mean");
    const given = [
      parts.weight ? part("weight") : mean.map(() => 1),
      part("bias", mean.length),
      mean,
      part("running_var"),
    ];
    if (given.some(({ length }) => length !== mean.length))
      throw wrongForm(
        source,
        `"${name}" has ${given.map(({ length }) => length).join(", ")} values instead of as many of each`,
      );
    const [gamma, beta, means, variance] = given.map((values) => inOrder(values));
    const { epsilon = TORCH_EPSILON } = hint as LayerHint & { kind: "batch-norm" };
    return batchNorm({ gamma, beta, mean: means, variance }, epsilon);
  }
  if (kind === "dense") {
    const { inputs, outputs } = sizesOf(module);
    const weights = inOrder(transposed(part("weight"), outputs, inputs), outputs);
    return { kind: "synapses", synapses: { kind, inputs, outputs }, weights, biases: part("bias", outputs) };
  }
  const [filters, channels, ...kernel] = parts.weight.shape;
  if (shape.length !== 3 || channels !== shape[2])
    throw wrongForm(source, `"${name}" takes ${channels} channels, but its input is ${shape.join(" x ")}`);
  const { strides, padding } = hint as LayerHint & { kind: "convolution" };
  const own = convolution(shape, { filters, kernel: kernel as [number, number], strides, padding: bothSides(padding) });
  const weights = fromTorchKernel(part("weight"), own);
  const biases = part("bias", filters);
  const each = biases.length === sizeOf(own.output) ? reordered(biases, 1, own.output, "from torch") : biases;
  return { kind: "synapses", synapses: { kind, ...own }, weights, biases: each };
}

/** Torch's averages divide by the whole window, zeros of the padding included, unless told otherwise: sums, and a factor. */
function poolingOf(hint: Pool, shape: Shape, source: string): Piece[] {
  const { kind, kernel, strides = kernel, padding } = hint;
  if (shape.length !== 3) throw wrongForm(source, `${kind} follows a list of ${shape[0]} values`);
  const window = convolution(shape, { filters: shape[2], kernel, strides, padding: bothSides(padding) });
  if (kind === "max-pooling") return [{ kind: "max", window }];
  if (!padding?.some((zeros) => zeros > 0) || hint.countPadding === false) return [{ kind: "average", window }];
  const share = new Float64Array(shape[2]).fill(1 / (kernel[0] * kernel[1]));
  return [
    { kind: "sum", window },
    { kind: "affine", scale: share, shift: new Float64Array(shape[2]) },
  ];
}

/** Torch's padding: the same zeros on both sides. */
function bothSides([rows, columns]: readonly [number, number] = [0, 0]): ConvolutionOptions["padding"] {
  return [
    [rows, rows],
    [columns, columns],
  ];
}
