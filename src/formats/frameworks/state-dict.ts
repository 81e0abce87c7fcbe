import { UsageError } from "../../errors.ts";
import { type Tensor, tensor, toFloat32 } from "../../files/tensor.ts";
import { outputsOf } from "../../network/layer.ts";
import type { Decoding, Shape, SpikingNetwork } from "../../network/network.ts";
import { listed, type Module, modulesOf, sizesOf, wrongForm } from "../modules.ts";
import { inOrder } from "../order.ts";
import { noChain } from "../selection.ts";
import { constructed } from "./constructor.ts";
import type { DescribedLayer } from "./described.ts";
import type { Framework } from "./dialects.ts";
import { settle } from "./known.ts";
import { networkOf } from "./layers.ts";
import type { NeuronsFile, ToldLayer } from "./neurons-file.ts";
import { divide, type Divided, type NeuronTensors, pair } from "./pairing.ts";

type Tensors = Readonly<Record<string, Tensor>>;

/** What a state_dict of a spiking network does not say. */
export interface StateDictOptions {
  readonly framework: Framework;
  /** The neurons of all layers alike, as in Python: "LIFNode(tau=2.0)"; what the file holds of them is read. */
  readonly neuron?: string;
  /** Layer by layer, instead. */
  readonly neurons?: NeuronsFile;
  readonly steps?: number;
  readonly decoding?: Decoding;
  /** Of convolutions: the image, and for each its stride and padding. */
  readonly image?: Shape;
  readonly strides?: readonly (number | readonly number[])[];
  readonly padding?: readonly (number | readonly number[])[];
  /** The layers with weights, in the order of the forward pass, where nothing else tells it. */
  readonly order?: readonly string[];
}

/** The network, and what was taken for granted. */
export interface SpikingStateDict {
  readonly network: SpikingNetwork;
  readonly assumed: readonly string[];
}

/**
 * The spiking network whose state_dict the tensors are. Everything that changes what it does is read from the file, said, or a
 * default of the framework that is named in `assumed`; else it is an error that says how to say it.
 */
export function spikingFromStateDict(
  tensors: Tensors,
  ordered: boolean,
  options: StateDictOptions,
  source: string,
): SpikingStateDict {
  const { framework, neurons: file } = options;
  if (file && file.framework !== framework)
    throw new UsageError("NEURONS_INVALID", `--framework says ${framework}, and the neurons' file ${file.framework}.`, {
      hint: "Leave --framework out, or say the same in both.",
    });
  if (file && options.neuron !== undefined)
    throw new UsageError("BAD_ARGUMENT", "Both --neuron and --neurons are given.", { hint: "Choose one." });
  const divided = divide(tensors, framework, source);
  const { modules, others } = modulesOf(divided.rest, source);
  if (others.length > 0)
    throw wrongForm(
      source,
      `${listed(others)} belong to no layer, and to no neuron of ${framework}`,
      "Is it another framework's? docs/frameworks.md lists the tensors that are known.",
    );
  const assumed: string[] = [];
  const plan = file
    ? told(file.layers, modules, divided, source)
    : found(modules, divided, ordered, options, source, assumed);
  const arrays: Record<string, Tensor> = {};
  const layers = plan.map((layer, l) => describe(layer, l === plan.length - 1, options, arrays, source, assumed));
  const { steps, decoding } = { ...file, ...defined(options) } as { steps?: number; decoding?: Decoding };
  if (steps === undefined) assumed.push(`${DEFAULT_STEPS} time steps per decision (--steps)`);
  const input = inputOf(modules, plan[0], options, source);
  const network = networkOf(layers, arrays, input, { steps: steps ?? DEFAULT_STEPS, decoding }, source);
  if (decoding === undefined)
    assumed.push(
      layers.at(-1)!.neuron
        ? "the output is the number of spikes (--decoding)"
        : "the output is the sum over all steps (--decoding)",
    );
  refuseLengths(network, layers, source);
  return { network, assumed };
}

/** As the project's own coding has it. */
const DEFAULT_STEPS = 100;

/** A layer before its neurons are settled. */
interface Planned {
  readonly module: Module;
  readonly norm?: Module;
  readonly eps?: number;
  readonly geometry: Pick<DescribedLayer, "stride" | "padding" | "pooling" | "size" | "poolStride" | "poolPadding">;
  readonly own: NeuronTensors | null;
  /** "Leaky(beta=0.9)"; null: none; undefined: nothing is said. */
  readonly neuron?: string | null;
}

/** What the neurons' file says, with the modules that it names. Every module must be named once. */
function told(
  layers: readonly ToldLayer[],
  modules: readonly Module[],
  { neurons }: Divided,
  source: string,
): Planned[] {
  const used = new Set<string>();
  const take = <T extends { readonly name: string }>(from: readonly T[], name: string, what: string): T => {
    const one = from.find((candidate) => candidate.name === name);
    if (!one) throw unnamed(source, `there are no ${what} "${name}"`, from);
    if (used.has(`${what} ${name}`)) throw unnamed(source, `"${name}" is named twice`, from);
    used.add(`${what} ${name}`);
    return one;
  };
  const plan = layers.map(({ weights, batchNorm, eps, neurons: own, neuron, note: _note, ...geometry }): Planned => ({
    module: take(
      modules.filter(({ kind }) => kind !== "batch-norm"),
      weights,
      "weights",
    ),
    norm: batchNorm
      ? take(
          modules.filter(({ kind }) => kind === "batch-norm"),
          batchNorm,
          "normalisations",
        )
      : undefined,
    eps,
    geometry: geometry as Planned["geometry"],
    own: own ? take(neurons, own, "neurons") : null,
    neuron,
  }));
  const left = [...modules, ...neurons].find(({ name }) => ![...used].some((own) => own.endsWith(` ${name}`)));
  if (left) throw unnamed(source, `no layer uses "${left.name}"`, []);
  return plan;
}

function unnamed(source: string, problem: string, there: readonly { readonly name: string }[]): UsageError {
  return new UsageError("NEURONS_INVALID", `${source} and its neurons' file: ${problem}.`, {
    hint:
      there.length > 0
        ? `There are ${listed(
            there.map(({ name }) => name),
            30,
          )}.`
        : "Name every module once.",
    facts: { source },
  });
}

/** What the file alone says: modules in their order, normalisations behind their weights, neurons beside them. */
function found(
  modules: readonly Module[],
  { neurons, places }: Divided,
  ordered: boolean,
  { order, neuron, strides = [], padding = [] }: StateDictOptions,
  source: string,
  assumed: string[],
): Planned[] {
  const chained = order ? chosen(order, modules, source) : chain(modules, ordered, source, assumed);
  const weighted = chained.filter(({ kind }) => kind !== "batch-norm");
  refuseNeighbours(weighted, source);
  const placed = weighted.map(({ name }) => ({ name, position: places.get(name)! }));
  const owners = pair(placed, neurons, ordered, source);
  const windows = weighted.filter(({ kind }) => kind === "convolution");
  if (windows.length > 0) assumed.push("no pooling (--neurons FILE.json says where there is some)");
  return weighted.map((module, l): Planned => {
    const behind = chained[chained.indexOf(module) + 1];
    const norm = behind?.kind === "batch-norm" ? behind : undefined;
    const own = windows.indexOf(module);
    if (own >= 0 && (strides[own] === undefined || padding[own] === undefined))
      throw new UsageError(
        "ARCHITECTURE_MISSING",
        `${source} holds the convolution "${module.name}", but not its stride and padding.`,
        {
          hint: "Add --input HxWxC --strides 1,1 --padding 1,1 (of each convolution), or --neurons FILE.json with pooling too; --explain prints a template.",
          facts: { source, module: module.name },
        },
      );
    const geometry = own < 0 ? {} : { stride: strides[own] as number, padding: padding[own] as number };
    return { module, norm, geometry, own: owners[l], neuron };
  });
}

function chosen(order: readonly string[], modules: readonly Module[], source: string): Module[] {
  const named = order.map((name) => {
    const one = modules.find((module) => module.name === name);
    if (!one) throw unnamed(source, `there is no layer "${name}"`, modules);
    return one;
  });
  const left = modules.find((module) => !named.includes(module));
  if (left) throw unnamed(source, `--layers leaves out "${left.name}"`, modules);
  return named;
}

function chain(modules: readonly Module[], ordered: boolean, source: string, assumed: string[]): readonly Module[] {
  const order = inOrder(modules, ordered, source);
  if (!order) throw noChain(modules, source);
  if (order.by !== "shapes" && modules.length > 1)
    assumed.push(
      `the layers follow one another as ${order.by === "file" ? "in the file" : "their numbers say"}: ${order.modules.map(({ name }) => name).join(", ")} (--layers)`,
    );
  return order.modules;
}

/** In a Sequential neighbours have no module, and so no neurons, between them. */
function refuseNeighbours(weighted: readonly Module[], source: string): void {
  for (const [l, { name }] of weighted.entries()) {
    const [before, next] = [name, weighted[l + 1]?.name ?? ""].map((own) => /^(.*?)(\d+)$/.exec(own));
    if (
      before &&
      next &&
      before[1] === next[1] &&
      (before[1] === "" || before[1].endsWith(".")) &&
      Number(next[2]) === Number(before[2]) + 1
    )
      throw wrongForm(
        source,
        `"${name}" and "${weighted[l + 1].name}" follow one another, with no neurons in between`,
        "Multiply their weights, or is it no spiking network?",
      );
  }
}

function describe(
  { module, norm, eps = 1e-5, geometry, own, neuron }: Planned,
  last: boolean,
  { framework }: StateDictOptions,
  arrays: Record<string, Tensor>,
  source: string,
  assumed: string[],
): DescribedLayer {
  const put = (name: string, part: Tensor): string => ((arrays[name] = part), name);
  const { weight, bias } = module.parts;
  const { outputs } = sizesOf(module);
  const none = neuron === null;
  if (none && !last) throw wrongForm(source, `behind "${module.name}" are no neurons, and it is not the last layer`);
  const settled = none
    ? null
    : settle(
        {
          framework,
          told: neuron ? constructed(neuron, `The neuron of "${module.name}"`) : undefined,
          tensors: own ?? undefined,
          layer: module.name,
        },
        source,
      );
  assumed.push(...(settled?.assumed ?? []));
  const extra = own ? recurrentOf(own, outputs, source) : {};
  const total = extra.bias ? tensor(sum(bias ? toFloat32(bias) : undefined, extra.bias)) : bias;
  if (norm && extra.bias) throw wrongForm(source, `"${own!.name}" has recurrent biases behind a normalisation`);
  if (norm && eps === 1e-5) assumed.push(`${norm.name}: eps 1e-5`);
  return {
    kind: module.kind === "dense" ? "linear" : "conv2d",
    weight: put(`${module.name}.weight`, weight),
    ...(total && { bias: put(`${module.name}.bias`, total) }),
    ...geometry,
    ...(norm && { batchNorm: normOf(norm, eps, put) }),
    ...(extra.weight && { recurrent: put(`${own!.name}.recurrent`, extra.weight) }),
    neuron: settled?.neuron ?? null,
  };
}

function normOf({ name, parts }: Module, eps: number, put: (name: string, part: Tensor) => string): string {
  const mean = toFloat32(parts.running_mean);
  const { weight = tensor(mean.map(() => 1)), bias = tensor(new Float32Array(mean.length)) } = parts;
  const names = Object.entries({ weight, bias, mean: parts.running_mean, variance: parts.running_var }).map(
    ([role, part]) => put(`${name}.${role}`.replace(/[ ,(]/g, "_"), part),
  );
  return `${names.join(", ")} (eval, eps ${eps})`;
}

/** snnTorch's: a Linear from the layer's own spikes, or one number (or one per neuron) from each to itself. */
function recurrentOf(
  { name, recurrent }: NeuronTensors,
  outputs: number,
  source: string,
): { weight?: Tensor; bias?: Float32Array } {
  const { "recurrent.weight": weight, "recurrent.bias": bias, "recurrent.V": inner, V = inner } = recurrent;
  if (weight && weight.shape.length !== 2)
    throw wrongForm(source, `"${name}" is recurrent over images, which is not known here`);
  if (weight) return { weight, bias: bias && toFloat32(bias) };
  if (!V) return {};
  const own = toFloat32(V);
  if (own.length !== 1 && own.length !== outputs)
    throw wrongForm(source, `"${name}.V" has ${own.length} values for ${outputs} neurons`);
  const diagonal = new Float32Array(outputs * outputs);
  for (let j = 0; j < outputs; j++) diagonal[j * outputs + j] = own[own.length === 1 ? 0 : j];
  return { weight: tensor(diagonal, [outputs, outputs]) };
}

function sum(a: Float32Array | undefined, b: Float32Array): Float32Array {
  return a ? b.map((value, j) => value + a[j]) : b;
}

/** Of a list of values what its layer has; of an image it has to be said. */
function inputOf(
  modules: readonly Module[],
  { module }: Planned,
  { image, neurons }: StateDictOptions,
  source: string,
): Shape {
  const { input } = neurons ?? {};
  const said = input ? ([input.height as number, input.width as number, input.channels] as const) : image;
  if (module.kind === "dense") return said ?? [sizesOf(module).inputs];
  if (said) return said;
  throw new UsageError(
    "ARCHITECTURE_MISSING",
    `${source} holds the weights of convolutions, but not over which image.`,
    {
      hint: 'Add --input HxWxC, or "input" in the neurons\' file.',
      facts: { source },
    },
  );
}

/** One value per channel of a convolution is one for each of its places. */
function refuseLengths(network: SpikingNetwork, layers: readonly DescribedLayer[], source: string): void {
  for (const [l, { neuron, weight }] of layers.entries())
    for (const [name, values] of Object.entries(neuron ?? {}))
      if (Array.isArray(values) && values.length !== outputsOf(network.layers[l]))
        throw wrongForm(
          source,
          `the neurons behind "${weight}" have ${values.length} values of ${name}, and are ${outputsOf(network.layers[l])}`,
        );
}

function defined<T extends object>(fields: T): Partial<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Partial<T>;
}
