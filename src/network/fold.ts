import { DsqnError } from "../errors.ts";
import { type Convolution, forEachSynapse, inside, sizeOf } from "./convolution.ts";
import { columnsOf, type Layer, linear, outputsOf, type Pooling, relu } from "./layer.ts";
import type { Network, Shape } from "./network.ts";

/** y = scale x + shift, channel by channel: value i belongs to channel i % channels. Of an image also one by one, as a list. */
export interface Affine {
  readonly kind: "affine";
  /** [channels] */
  readonly scale: Float64Array;
  /** [channels] */
  readonly shift: Float64Array;
}

/** What files elsewhere are made of: synapses, pooling, batch normalisations and ReLUs, one after the other. */
export type Piece =
  | ({ readonly kind: "synapses" } & Pick<Layer, "synapses" | "weights" | "biases">)
  | Pooling
  | Affine
  | { readonly kind: "relu" };

/** A batch normalisation with the statistics of its training: gamma (x - mean) / sqrt(variance + epsilon) + beta, each [channels]. */
export function batchNorm(
  { gamma, beta, mean, variance }: Readonly<Record<"gamma" | "beta" | "mean" | "variance", Float32Array>>,
  epsilon: number,
): Affine {
  const scale = Float64Array.from(gamma, (g, c) => g / Math.sqrt(variance[c] + epsilon));
  return { kind: "affine", scale, shift: scale.map((s, c) => beta[c] - s * mean[c]) };
}

/** A layer that may still take in what follows it. */
interface Draft {
  readonly pooling?: Pooling;
  readonly synapses: Layer["synapses"];
  weights: Float64Array;
  biases: Float64Array | null;
  rectified: boolean;
}

/** What was taken so far: layers, the last of them open, and what stands before the next synapses: pooling, then an affine function. */
interface Assembly {
  shape: Shape;
  readonly layers: Layer[];
  open?: Draft;
  pooling?: Pooling;
  affine?: Affine;
  work: number;
}

/** Multiplications that folding may take: what pieces say in a few bytes must not hold up a process, or fill its memory. */
const LARGEST_WORK = 2 ** 31;
/** As many count for a weight that is made. */
const PER_WEIGHT = 64;

function spend(a: Assembly, work: number): void {
  if ((a.work += work) > LARGEST_WORK)
    throw wrong("Its normalisations, or ReLUs behind averages, take more weights of their own than fit");
}

/**
 * The pieces as layers; what comes out is not yet validated. Pooling goes in front of the next synapses. An affine function goes into the
 * synapses before it where nothing rectifies in between, else into those after it; biases then differ from place to place where a padded
 * window reaches over the edge. What finds no place gets synapses of its own, from each value to itself. All is exact but for one rounding
 * from float64 to float32.
 *
 * @throws DsqnError NETWORK_INVALID for pooling behind the last synapses, and a normalisation of another number of channels than there are.
 */
export function assemble(input: Shape, inputScale: number, pieces: readonly Piece[]): Network {
  const assembly: Assembly = { shape: input, layers: [], work: 0 };
  for (const piece of pieces) {
    if (piece.kind === "synapses") connect(assembly, piece);
    else if (piece.kind === "affine") scale(assembly, piece);
    else if (piece.kind === "relu") rectify(assembly);
    else pool(assembly, piece);
  }
  const { layers, pooling } = assembly;
  if (pooling)
    throw wrong(`${pooling.kind} pooling is the last there is: a last layer must have weights, one value per action`);
  if (assembly.affine) stand(assembly);
  return { input, inputScale, layers: assembly.open ? [...layers, finished(assembly.open)] : layers };
}

function connect(a: Assembly, { synapses, weights, biases }: Pick<Layer, "synapses" | "weights" | "biases">): void {
  if (a.open) a.layers.push(finished(a.open));
  const numbers = { weights: new Float64Array(weights), biases: biases && new Float64Array(biases) };
  a.open = { ...(a.pooling && { pooling: a.pooling }), synapses, ...numbers, rectified: false };
  if (a.affine) affineBefore(a, a.open, a.affine);
  a.pooling = a.affine = undefined;
  a.shape = synapses.kind === "dense" ? [synapses.outputs] : synapses.output;
}

/** Synapses from each value to itself, for what stands before them. */
function stand(a: Assembly): void {
  const positive = a.open?.rectified === true && !a.affine;
  const n = a.shape.length === 1 ? a.shape[0] : a.shape[2];
  spend(a, PER_WEIGHT * n * n);
  const weights = new Float32Array(n * n);
  for (let k = 0; k < n; k++) weights[k * n + k] = 1;
  const geometry = { kernel: [1, 1], strides: [1, 1], padding: [0, 0] } as const;
  const synapses =
    a.shape.length === 1
      ? ({ kind: "dense", inputs: n, outputs: n } as const)
      : ({ kind: "convolution", input: a.shape, output: a.shape, ...geometry } as const);
  connect(a, { synapses, weights, biases: new Float32Array(n) });
  a.open!.rectified = positive;
}

/** A ReLU and a maximum change places. */
function rectify(a: Assembly): void {
  if (a.open?.rectified && !a.affine) return;
  if (!a.open || a.affine || (a.pooling && !largest(a.pooling.kind))) stand(a);
  a.open!.rectified = true;
}

function scale(a: Assembly, affine: Affine): void {
  const channels = affine.scale.length;
  const { shape, open } = a;
  if (channels !== shape.at(-1) && shape.length === 3 && channels === sizeOf(shape)) a.shape = [channels];
  else if (channels !== shape.at(-1))
    throw wrong(`A normalisation of ${channels} channels follows ${shape.join(" x ")} values`);
  if (open && !open.rectified && !a.affine && channels === columnsOf(open) && passes(affine, a.pooling))
    affineAfter(a, open, affine);
  else a.affine = a.affine ? composed(a.affine, affine) : affine;
}

function pool(a: Assembly, pooling: Pooling): void {
  if (a.affine && !(a.affine.scale.length === pooling.window.input[2] && passes(a.affine, pooling))) stand(a);
  const both = a.pooling && merged(a.pooling, pooling);
  if (a.pooling && !both) stand(a);
  a.pooling = both ?? pooling;
  a.shape = pooling.window.output;
}

/** Whether pooling goes by the largest of what it sees. */
const largest = (kind: Pooling["kind"]): boolean => kind === "max" || kind === "step-max";

/** Whether an affine function and pooling may change places: a falling one would make a maximum a minimum, a sum would have its shift several times. */
function passes({ scale, shift }: Affine, pooling: Pooling | undefined): boolean {
  if (!pooling || pooling.kind === "average") return true;
  return pooling.kind === "sum" ? shift.every((s) => s === 0) : scale.every((s) => s >= 0);
}

/** Two poolings as one, of whole windows: of maxima where no value is left out between them, of averages where each counts once. */
function merged({ kind, window: first }: Pooling, { kind: next, window: second }: Pooling): Pooling | undefined {
  const fit = ([0, 1] as const).every((axis) => {
    const [kernel, stride] = [first.kernel[axis], first.strides[axis]];
    return second.kernel[axis] === 1 || (largest(kind) ? stride <= kernel : stride === kernel);
  });
  if (kind !== next || !fit || !inside(first) || !inside(second)) return undefined;
  const kernel = (axis: 0 | 1): number => (second.kernel[axis] - 1) * first.strides[axis] + first.kernel[axis];
  const stride = (axis: 0 | 1): number => first.strides[axis] * second.strides[axis];
  const { input } = first;
  const window: Convolution = {
    input,
    output: second.output,
    kernel: [kernel(0), kernel(1)],
    strides: [stride(0), stride(1)],
    padding: [0, 0],
  };
  return { kind, window };
}

/** First `first`, then `second`, of which one may be channel by channel where the other sees a list. */
function composed(first: Affine, second: Affine): Affine {
  const [scale, shift] = [first.scale, first.shift].map((values) =>
    second.scale.map((_, c) => values[c % values.length]),
  );
  return {
    kind: "affine",
    scale: scale.map((s, c) => s * second.scale[c]),
    shift: shift.map((s, c) => s * second.scale[c] + second.shift[c]),
  };
}

function affineAfter(a: Assembly, draft: Draft, { scale, shift }: Affine): void {
  const channels = scale.length;
  spend(a, draft.weights.length);
  draft.weights = draft.weights.map((w, k) => w * scale[k % channels]);
  draft.biases = (draft.biases ?? new Float64Array(channels)).map(
    (b, j) => b * scale[j % channels] + shift[j % channels],
  );
}

/** There is no shift outside of the image. */
function affineBefore(a: Assembly, draft: Draft, { scale, shift }: Affine): void {
  const { synapses, weights } = draft;
  const columns = columnsOf(draft);
  const channel = (k: number): number => Math.floor(k / columns) % scale.length;
  if (shift.some((s) => s !== 0)) {
    const biases = draft.biases ?? new Float64Array(columns);
    const whole = synapses.kind === "dense" || (inside(synapses) && biases.length === columns);
    if (!whole) spend(a, (outputsOf(draft) / columns) * weights.length);
    draft.biases = whole
      ? biases.slice()
      : Float64Array.from({ length: outputsOf(draft) }, (_, j) => biases[j % biases.length]);
    if (whole) for (let k = 0; k < weights.length; k++) draft.biases[k % columns] += weights[k] * shift[channel(k)];
    else
      forEachSynapse(
        synapses,
        (source, target, k) => (draft.biases![target] += weights[k] * shift[source % shift.length]),
      );
  }
  draft.weights = weights.map((w, k) => w * scale[channel(k)]);
}

function finished({ rectified, weights, biases, ...rest }: Draft): Layer {
  return {
    ...rest,
    weights: new Float32Array(weights),
    biases: biases && new Float32Array(biases),
    activation: rectified ? relu : linear,
  };
}

function wrong(problem: string): DsqnError {
  return new DsqnError("NETWORK_INVALID", `${problem}.`);
}
