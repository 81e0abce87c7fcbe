import { UsageError } from "../errors.ts";
import { transposed } from "../files/tensor.ts";
import { convolution, type ConvolutionOptions, type ImageShape, sizeOf } from "../network/convolution.ts";
import { spikingNetwork, type SpikingOptions } from "../network/create.ts";
import { assemble, batchNorm, type Piece } from "../network/fold.ts";
import type { Pooling } from "../network/layer.ts";
import type { Network, Shape } from "../network/network.ts";
import { type Architecture, architectureSchema, type ImportedArchitecture, type LayerHint } from "./architecture.ts";
import { type Module, modulesOf, partOf, wrongForm } from "./modules.ts";
import type { NamedTensors } from "./readers.ts";
import { fromTorchKernel, reordered } from "./torch-layout.ts";

/** What a file of weights does not say. */
export interface ImportOptions {
  /** Which kind the tensors are, where the file can't tell. */
  readonly kind?: "dense" | "spiking" | "convolutional";
  /** Of a convolutional network: the image, strides and whatever else weights don't say. */
  readonly architecture?: ImportedArchitecture;
  /** The length of an observation: one input more means that the last one is a constant 1. */
  readonly observationSize?: number;
  /** How a spiking network runs, and its neurons. Files of weights don't say; see `importDefaults`. */
  readonly spiking?: SpikingOptions;
}

/** The original trained networks without biases for 20 steps; converted ones, with biases, were run with 100 first. */
export const importDefaults = { stepsWithoutBiases: 20, stepsWithBiases: 100 };

/** What torch's BatchNorm has unless told otherwise. */
const TORCH_EPSILON = 1e-5;

/** The network that named tensors are the weights of, whatever its kind; not yet validated. */
export function networkFrom(found: NamedTensors, options: ImportOptions, source: string): Network {
  const modules = modulesOf(found.tensors, found.ordered, source);
  const images = options.architecture !== undefined || modules.some(({ kind }) => kind === "convolution");
  const kind = options.kind ?? (images ? "convolutional" : (found.kind ?? kindOf(modules, source)));
  if (kind === "spiking") return spikingFrom(modules, options, source);
  if (kind === "dense") return assembled(modules, { ...plain, input: [inputsOf(modules[0])] }, source);
  if (found.kind === "spiking") throw wrongForm(source, "its tensors have no names");
  return assembled(modules, checkedArchitecture(options.architecture, source), source);
}

/** Dense weights are [outputs, inputs], spiking ones [inputs, outputs]: only one of the two chains, and fits the biases. */
function kindOf(modules: readonly Module[], source: string): "dense" | "spiking" {
  if (modules.some(({ kind }) => kind !== "dense")) return "dense";
  const chains = (input: number, output: number): boolean =>
    modules.every(({ parts: { weight, bias } }, l) => {
      const next = modules[l + 1]?.parts.weight.shape;
      return (!bias || bias.shape[0] === weight.shape[output]) && (!next || next[input] === weight.shape[output]);
    });
  const dense = chains(1, 0) && modules.every(({ parts: { bias } }) => bias);
  if (dense && chains(0, 1))
    throw new UsageError(
      "KIND_UNKNOWN",
      `${source} could be a dense or a spiking network: its layers chain both ways.`,
      { hint: "Add --kind dense (weights [outputs, inputs]) or --kind spiking (weights [inputs, outputs])." },
    );
  return dense ? "dense" : "spiking";
}

function spikingFrom(modules: readonly Module[], options: ImportOptions, source: string): Network {
  const { observationSize, spiking = {} } = options;
  const layers = modules.map((module) => {
    const { kind, name, parts } = module;
    if (kind !== "dense") throw wrongForm(source, `"${name}" is a ${kind}, which spiking weights can't be`);
    const [inputs, outputs] = parts.weight.shape;
    const biases = parts.bias ? partOf(module, "bias", source) : null;
    return { synapses: { kind, inputs, outputs } as const, weights: partOf(module, "weight", source), biases };
  });
  const { inputs } = layers[0].synapses;
  if (observationSize !== undefined && inputs !== observationSize && inputs !== observationSize + 1)
    throw new UsageError(
      "OBSERVATION_MISMATCH",
      `${source} has ${inputs} inputs: neither ${observationSize} nor, with a constant 1, ${observationSize + 1}.`,
    );
  const hasBiases = layers.some(({ biases }) => biases);
  const constant = observationSize === undefined ? !hasBiases : inputs === observationSize + 1;
  const { biasInput = constant } = spiking;
  const { steps = hasBiases ? importDefaults.stepsWithBiases : importDefaults.stepsWithoutBiases } = spiking;
  return spikingNetwork(layers, { ...spiking, biasInput, steps });
}

/** What is known of the rest where all layers are dense. */
const plain: Omit<Architecture, "input"> = { inputScale: 1, flatten: "hwc", strides: [], padding: [] };
type Known = Omit<Architecture, "input"> & { readonly input: Shape };

function checkedArchitecture(given: ImportedArchitecture | undefined, source: string): Architecture {
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
  if (parsed.success) return parsed.data;
  const [{ path, message }] = parsed.error.issues;
  throw new UsageError("BAD_ARGUMENT", `The architecture's ${path.join(".")}: ${message}.`, { cause: parsed.error });
}

/** Torch's modules with what they don't say: Conv2d [outputs, inputs, height, width], Linear [outputs, inputs], BatchNorm. */
function assembled(modules: readonly Module[], architecture: Known, source: string): Network {
  const hints = architecture.layers ?? defaultHints(modules, architecture);
  const weighted = hints.filter(({ kind }) => kind !== "average-pooling" && kind !== "max-pooling");
  if (weighted.length !== modules.length || weighted.some(({ kind }, k) => kind !== modules[k].kind))
    throw wrongForm(
      source,
      `it holds ${modules.map(({ kind, name }) => `${kind} "${name}"`).join(", ")}, which are not the architecture's ` +
        `layers with weights (${weighted.map(({ kind }) => kind).join(", ")})`,
    );
  const queue = [...modules];
  const pieces: Piece[] = [];
  let shape: Shape = architecture.input;
  for (const [l, hint] of hints.entries()) {
    const list = architecture.flatten === "chw" && shape.length === 3 ? shape : undefined;
    const piece =
      "kernel" in hint ? poolingOf(hint, shape, source) : pieceOf(queue.shift()!, hint, shape, list, source);
    pieces.push(piece);
    if ("window" in piece) shape = piece.window.output;
    else if (piece.kind === "synapses")
      shape = "output" in piece.synapses ? piece.synapses.output : [piece.synapses.outputs];
    if ("kernel" in hint) continue;
    const rectified = l < hints.length - 1 && hints[l + 1].kind !== "batch-norm";
    if ((hint.activation ?? (rectified ? "relu" : "linear")) === "relu") pieces.push({ kind: "relu" });
  }
  return assemble(architecture.input, architecture.inputScale, pieces);
}

function defaultHints(modules: readonly Module[], { strides, padding }: Known): LayerHint[] {
  let convolutions = 0;
  return modules.map(({ kind }): LayerHint => {
    if (kind !== "convolution") return { kind };
    const k = convolutions++;
    return { kind, strides: strides[k], padding: padding[k] };
  });
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
    const [gamma, beta, means, variance] = given.map((values) => inOrder(values));
    const { epsilon = TORCH_EPSILON } = hint as LayerHint & { kind: "batch-norm" };
    return batchNorm({ gamma, beta, mean: means, variance }, epsilon);
  }
  if (kind === "dense") {
    const [outputs, inputs] = parts.weight.shape;
    const weights = inOrder(transposed(part("weight"), outputs, inputs), outputs);
    return { kind: "synapses", synapses: { kind, inputs, outputs }, weights, biases: part("bias", outputs) };
  }
  const [filters, channels, ...kernel] = parts.weight.shape;
  if (shape.length !== 3 || channels !== shape[2])
    throw wrongForm(source, `"${name}" takes ${channels} channels, but its input is ${shape.join(" x ")}`);
  const { strides, padding } = hint as LayerHint & { kind: "convolution" };
  const own = convolution(shape, { filters, kernel: kernel as [number, number], strides, padding: around(padding) });
  const weights = fromTorchKernel(part("weight"), own);
  const biases = part("bias", filters);
  const each = biases.length === sizeOf(own.output) ? reordered(biases, 1, own.output, "from torch") : biases;
  return { kind: "synapses", synapses: { kind, ...own }, weights, biases: each };
}

function poolingOf({ kind, kernel, strides = kernel, padding }: Pool, shape: Shape, source: string): Pooling {
  if (shape.length !== 3) throw wrongForm(source, `${kind} follows a list of ${shape[0]} values`);
  const window = convolution(shape, { filters: shape[2], kernel, strides, padding: around(padding) });
  return { kind: kind === "max-pooling" ? "max" : "average", window };
}

/** Torch's padding: the same zeros on both sides. */
function around([rows, columns]: readonly [number, number] = [0, 0]): ConvolutionOptions["padding"] {
  return [
    [rows, rows],
    [columns, columns],
  ];
}

function inputsOf({ kind, parts }: Module): number {
  return kind === "dense" ? parts.weight.shape[1] : parts[kind === "batch-norm" ? "running_mean" : "weight"].shape[0];
}
