import { z } from "zod";
import { convolution, type Convolution, type ImageShape, sizeOf } from "../network/convolution.ts";
import { type ConvolutionalLayer, type ConvolutionalNetwork, layerOutput } from "../network/old/convolutional-network.ts";
import { DsqnError, UsageError } from "../errors.ts";
import { type Tensor, toFloat32, transposed } from "../files/tensor.ts";
import { fromTorchKernel, reordered, TORCH_EPSILON } from "./torch-layout.ts";

const count = z.number().int().positive();
const pair = z.union([count.transform((n): [number, number] => [n, n]), z.tuple([count, count])]);
/** Torch's: so many zeros on both sides. */
const around = z.union([
  z
    .number()
    .int()
    .nonnegative()
    .transform((n): [number, number] => [n, n]),
  z.tuple([z.number().int().nonnegative(), z.number().int().nonnegative()]),
]);
const activation = z.enum(["relu", "linear"]).optional();

/** A layer as far as a file of weights does not say it; sizes come from the weights. */
const layerSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("convolution"), strides: pair.optional(), padding: around.optional(), activation }),
  z.strictObject({
    kind: z.enum(["average-pooling", "max-pooling"]),
    kernel: pair,
    strides: pair.optional(),
    padding: around.optional(),
  }),
  z.strictObject({ kind: z.literal("batch-norm"), epsilon: z.number().optional(), activation }),
  z.strictObject({ kind: z.literal("dense"), activation }),
]);

/** What weights of a convolutional network from elsewhere don't say. */
export const architectureSchema = z.strictObject({
  /** Of an observation: height, width, channels. */
  input: z.tuple([count, count, count]),
  /** The first layer sees observation * inputScale. */
  inputScale: z.number().default(1 / 255),
  /** In which order the first dense layer sees an image: torch's (channels, rows, columns) or TensorFlow's (rows, columns, channels). */
  flatten: z.enum(["chw", "hwc"]).default("chw"),
  /**
   * Every layer in order. Without it: the layers that have weights, convolutions with `strides` and `padding`, no pooling.
   * ReLUs follow all but the last unless said otherwise; that of a layer before a batch normalisation follows the latter.
   */
  layers: z.array(layerSchema).min(1).optional(),
  /** Of each convolution in order; 1 where the list ends. */
  strides: z.array(pair).default([]),
  /** Likewise; 0 where the list ends. */
  padding: z.array(around).default([]),
});

/** Input of the import of convolutional weights. */
export type ImportedArchitecture = z.input<typeof architectureSchema>;

type Hint = z.infer<typeof layerSchema>;

/** The tensors of one torch module. */
interface Module {
  readonly name: string;
  readonly kind: "convolution" | "batch-norm" | "dense";
  readonly parts: Readonly<Record<string, Tensor>>;
}

/** Whether these are weights of a network with convolutions. */
export function hasConvolutions(tensors: Readonly<Record<string, Tensor>>): boolean {
  return Object.entries(tensors).some(([name, { shape }]) => shape.length === 4 && partOf(name)?.part === "weight");
}

/**
 * A convolutional network from torch's tensors: Conv2d [outputs, inputs, height, width], Linear [outputs, inputs], BatchNorm, under any
 * names that end in weight, bias, running_mean, running_var (or W0, b0, m0, s0 ...). `ordered`: they come in the order of the network, as in a
 * state_dict; otherwise the numbers in their names order them. The result is not yet validated.
 */
export function convolutionalFromTorch(
  tensors: Readonly<Record<string, Tensor>>,
  given: ImportedArchitecture | undefined,
  { source, ordered }: { source: string; ordered: boolean },
): ConvolutionalNetwork {
  if (!given)
    throw new UsageError(
      "ARCHITECTURE_MISSING",
      `${source} holds the weights of convolutions, but not over which image.`,
      {
        hint: "For example --input 84x84x4 --strides 4,2,1; a network with pooling needs --architecture FILE (docs/formats.md).",
        facts: { source },
      },
    );
  const parsed = architectureSchema.safeParse(given);
  if (!parsed.success) {
    const [{ path, message }] = parsed.error.issues;
    throw new UsageError("BAD_ARGUMENT", `The architecture's ${path.join(".")}: ${message}.`, { cause: parsed.error });
  }
  const architecture = parsed.data;
  const modules = modulesOf(tensors, source, ordered);
  const hints = architecture.layers ?? defaultHints(modules, architecture);
  const weighted = hints.filter(({ kind }) => kind !== "average-pooling" && kind !== "max-pooling");
  if (weighted.length !== modules.length || weighted.some(({ kind }, k) => kind !== modules[k].kind))
    throw wrong(
      source,
      `it holds ${modules.map(({ kind, name }) => `${kind} "${name}"`).join(", ")}, which are not the architecture's layers with weights (${weighted.map(({ kind }) => kind).join(", ")})`,
    );
  const queue = [...modules];
  const layers: ConvolutionalLayer[] = [];
  let shape: ImageShape = architecture.input;
  for (const [l, hint] of hints.entries()) {
    const relu = l < hints.length - 1 && hints[l + 1].kind !== "batch-norm";
    const activation = ("activation" in hint && hint.activation) || (relu ? "relu" : "linear");
    const layer = build(hint, shape, queue, activation, architecture.flatten, source);
    layers.push(layer);
    shape = layerOutput(layer);
  }
  const { input, inputScale } = architecture;
  return { kind: "convolutional", input, inputScale, layers };
}

function defaultHints(modules: readonly Module[], { strides, padding }: z.infer<typeof architectureSchema>): Hint[] {
  let convolutions = 0;
  return modules.map(({ kind }): Hint => {
    if (kind !== "convolution") return { kind };
    const k = convolutions++;
    return { kind, strides: strides[k], padding: padding[k] };
  });
}

function build(
  hint: Hint,
  shape: ImageShape,
  queue: Module[],
  activation: "relu" | "linear",
  flatten: "chw" | "hwc",
  source: string,
): ConvolutionalLayer {
  if (hint.kind === "average-pooling" || hint.kind === "max-pooling") {
    const { kernel, strides = kernel, padding } = hint;
    return { kind: hint.kind, window: geometry(shape, shape[2], kernel, strides, padding) };
  }
  const module = queue.shift()!;
  const take = (part: string, fallback?: Float32Array): Float32Array => {
    const found = module.parts[part];
    if (!found && !fallback) throw wrong(source, `"${module.name}" has no ${part}`);
    if (found && !found.dtype.startsWith("float")) throw wrong(source, `"${module.name}.${part}" is ${found.dtype}`);
    return found ? toFloat32(found).slice() : fallback!;
  };
  const list = shape[0] * shape[1] > 1 && flatten === "chw";
  switch (hint.kind) {
    case "convolution": {
      const [filters, channels, ...kernel] = module.parts.weight.shape;
      if (channels !== shape[2])
        throw wrong(source, `"${module.name}" takes ${channels} channels, but its input is ${shape.join(" x ")}`);
      const { strides = [1, 1], padding } = hint;
      const own = geometry(shape, filters, kernel as [number, number], strides, padding);
      const weights = fromTorchKernel(take("weight"), own);
      return {
        kind: "convolution",
        convolution: own,
        weights,
        biases: take("bias", new Float32Array(filters)),
        activation,
      };
    }
    case "dense": {
      const [outputs, inputs] = module.parts.weight.shape;
      const rows = transposed(take("weight"), outputs, inputs);
      const weights = list && inputs === sizeOf(shape) ? reordered(rows, outputs, shape, "from torch") : rows;
      return { kind: "dense", inputs, outputs, weights, biases: take("bias", new Float32Array(outputs)), activation };
    }
    case "batch-norm": {
      const mean = take("running_mean");
      const flat = mean.length !== shape[2] && mean.length === sizeOf(shape);
      const order = (values: Float32Array): Float32Array =>
        flat && list ? reordered(values, 1, shape, "from torch") : values;
      return {
        kind: "batch-norm",
        shape: flat ? [1, 1, mean.length] : shape,
        gamma: order(take("weight", new Float32Array(mean.length).fill(1))),
        beta: order(take("bias", new Float32Array(mean.length))),
        mean: order(mean),
        variance: order(take("running_var")),
        epsilon: hint.epsilon ?? TORCH_EPSILON,
        activation,
      };
    }
  }
}

/** A window over an image with torch's padding: the same zeros on both sides, what is left over cut off. */
function geometry(
  input: ImageShape,
  filters: number,
  kernel: readonly [number, number],
  strides: readonly [number, number],
  padding: readonly [number, number] = [0, 0],
): Convolution {
  const wide: ImageShape = [input[0] + 2 * padding[0], input[1] + 2 * padding[1], input[2]];
  return { ...convolution(wide, { filters, kernel, strides }), input, padding };
}

const letters: Readonly<Record<string, string>> = { W: "weight", b: "bias", m: "running_mean", s: "running_var" };

function partOf(name: string): { module: string; part: string } | undefined {
  const torch = /^(.*)\.(weight|bias|running_mean|running_var|num_batches_tracked)$/.exec(name);
  if (torch) return { module: torch[1], part: torch[2] };
  const npz = /^([Wbms])(\d+)$/.exec(name);
  return npz ? { module: npz[2], part: letters[npz[1]] } : undefined;
}

function modulesOf(tensors: Readonly<Record<string, Tensor>>, source: string, ordered: boolean): Module[] {
  const parts = new Map<string, Record<string, Tensor>>();
  for (const [name, value] of Object.entries(tensors)) {
    const found = partOf(name);
    if (!found) throw wrong(source, `tensor "${name}" belongs to no layer that could be taken`);
    parts.set(found.module, { ...parts.get(found.module), [found.part]: value });
  }
  const modules = [...parts].map(([name, own]): Module & { number: number } => {
    const rank = own.weight?.shape.length;
    const kind = own.running_mean ? "batch-norm" : rank === 4 ? "convolution" : rank === 2 ? "dense" : undefined;
    if (!kind)
      throw wrong(
        source,
        `"${name}" has a weight of shape [${own.weight?.shape.join(", ") ?? ""}]: no convolution, dense layer or batch normalisation`,
      );
    return { name, kind, parts: own, number: Number(/(\d+)\D*$/.exec(name)?.[1] ?? Infinity) };
  });
  if (ordered) return modules;
  const ranks = { "convolution": 0, "batch-norm": 1, "dense": 2 };
  const numbered = new Set(modules.map(({ number }) => number)).size === modules.length;
  return modules.sort(
    (a, b) =>
      (numbered ? 0 : Number(a.kind === "dense") - Number(b.kind === "dense")) ||
      (a.number === b.number ? 0 : a.number - b.number) ||
      ranks[a.kind] - ranks[b.kind],
  );
}

function wrong(source: string, problem: string): DsqnError {
  return new DsqnError("IMPORT_INVALID", `${source}: ${problem}.`, {
    hint: "docs/formats.md shows the forms of weights that can be imported.",
    facts: { source },
  });
}
