import { UsageError } from "../../errors.ts";
import { type Tensor, toFloat32 } from "../../files/tensor.ts";
import type { DescribedValues } from "./described.ts";
import { type Framework, neuronTensors, remembered } from "./dialects.ts";

type Tensors = Readonly<Record<string, Tensor>>;

/** What a file holds of one layer's neurons. */
export interface NeuronTensors {
  /** The module: "lif1". */
  readonly name: string;
  /** By the end of their names; of weights between neurons nothing but that they are there. */
  readonly values: Readonly<Record<string, DescribedValues>>;
  /** recurrent.weight, recurrent.bias, V. */
  readonly recurrent: Tensors;
  /** Where in the file it stands: before so many of its tensors. */
  readonly position: number;
}

/** A file's tensors: those of neurons, and the rest, in the file's order. */
export interface Divided {
  readonly neurons: readonly NeuronTensors[];
  readonly rest: Tensors;
  /** Of every module: before so many of the file's tensors its first one stands. */
  readonly places: ReadonlyMap<string, number>;
}

/** Names of neurons' tensors, longest first: "recurrent.weight" before "weight". */
const ENDINGS = Object.keys(neuronTensors).sort((a, b) => b.length - a.length);

/** The neuron's module and which of its tensors a name means; undefined where it means none. */
function ownerOf(name: string): { module: string; part: string } | undefined {
  const part = ENDINGS.find((ending) => name === ending || name.endsWith(`.${ending}`));
  return part === undefined ? undefined : { module: name.slice(0, -part.length - 1), part };
}

/** The frameworks whose neurons the tensors are, by their names. */
export function frameworksIn(tensors: Tensors): { framework: Framework; names: string[] }[] {
  const found = new Map<Framework, string[]>();
  for (const name of Object.keys(tensors)) {
    const owner = ownerOf(name);
    // A "w" alone may be anything; of neurons it is one number.
    if (!owner || (owner.part === "w" && tensors[name].shape.length > 0)) continue;
    if (/^(alpha|beta|V|threshold)$/.test(owner.part) && tensors[name].shape.length > 1) continue;
    for (const framework of neuronTensors[owner.part]) found.set(framework, [...(found.get(framework) ?? []), name]);
  }
  return [...found].map(([framework, names]) => ({ framework, names }));
}

/** NEURONS_INVALID for neurons of another framework than is said. */
export function divide(tensors: Tensors, framework: Framework, source: string): Divided {
  const neurons = new Map<
    string,
    { values: Record<string, DescribedValues>; recurrent: Record<string, Tensor>; position: number }
  >();
  const rest: Record<string, Tensor> = {};
  const places = new Map<string, number>();
  for (const [position, [name, tensor]] of Object.entries(tensors).entries()) {
    const owner = ownerOf(name);
    const module = owner?.module ?? name.slice(0, Math.max(0, name.lastIndexOf(".")));
    if (!places.has(module)) places.set(module, position);
    if (!owner) {
      if (!remembered.some((state) => name.endsWith(`.${state}`))) rest[name] = tensor;
      continue;
    }
    const { part } = owner;
    if (!neuronTensors[part].includes(framework))
      throw new UsageError(
        "NEURONS_INVALID",
        `${source}: "${name}" belongs to a neuron of ${neuronTensors[part].join(", ")}, and --framework says ${framework}.`,
        { hint: `Add --framework ${neuronTensors[part][0]}.`, facts: { source, tensor: name, framework } },
      );
    if (remembered.includes(part)) continue;
    if (tensor.shape.includes(0)) throw empty(source, name);
    const own = neurons.get(module) ?? { values: {}, recurrent: {}, position };
    neurons.set(module, own);
    const weights = part === "V" || part.startsWith("recurrent.");
    if (weights) own.recurrent[part] = tensor;
    own.values[part] = weights ? 1 : valuesOf(tensor);
  }
  return { neurons: [...neurons].map(([name, own]) => ({ name, ...own })), rest, places };
}

function valuesOf(tensor: Tensor): DescribedValues {
  const values = Array.from(
    tensor.dtype.startsWith("float") ? toFloat32(tensor) : (tensor.data as ArrayLike<number | bigint>),
    Number,
  );
  return values.length === 1 ? values[0] : values;
}

function empty(source: string, name: string): UsageError {
  return new UsageError("NEURONS_INVALID", `${source}: "${name}" is empty.`, { facts: { source, tensor: name } });
}

/** A layer with weights, for pairing. */
export interface Weighted {
  readonly name: string;
  /** In the file: before so many of its tensors. */
  readonly position: number;
}

/**
 * Which neurons stand behind which weights, null where the file holds none. NEURONS_MISSING where it can't be told.
 * `ordered`: the file's order is the one in which modules were defined.
 */
export function pair(
  layers: readonly Weighted[],
  neurons: readonly NeuronTensors[],
  ordered: boolean,
  source: string,
): (NeuronTensors | null)[] {
  if (neurons.length === 0) return layers.map(() => null);
  if (neurons.length > layers.length)
    throw untold(
      source,
      layers,
      neurons,
      `${neurons.length} layers of neurons (${neurons.map(({ name }) => name).join(", ")}) stand beside ${layers.length} with weights`,
    );
  const between = ordered ? layers.map(({ position }, l) => within(neurons, position, layers[l + 1]?.position)) : [];
  if (ordered && between.every((found) => found.length <= 1) && between.flat().length === neurons.length)
    return between.map(([found]) => found ?? null);
  const numbered = byNumber(layers, neurons);
  if (numbered) return numbered;
  const alike = new Set(neurons.map(({ values }) => JSON.stringify(values))).size === 1;
  const weights = neurons.some(({ recurrent }) => Object.keys(recurrent).length > 0);
  if (neurons.length === layers.length && alike && !weights) return [...neurons];
  throw untold(source, layers, neurons, "neither order nor numbers tell which neurons stand behind which weights");
}

/** Those that stand between one place of the file and another. */
function within(neurons: readonly NeuronTensors[], from: number, to = Infinity): NeuronTensors[] {
  return neurons.filter(({ position }) => position > from && position < to);
}

/** fc1 and lif1, fc2 and lif2: by the last number of each name, where all are told so. */
function byNumber(
  layers: readonly Weighted[],
  neurons: readonly NeuronTensors[],
): (NeuronTensors | null)[] | undefined {
  const last = (name: string): number => Number(/\d+(?=\D*$)/.exec(name)?.[0] ?? NaN);
  const found = layers.map(({ name }) => neurons.filter((own) => last(own.name) === last(name)));
  const once = new Set(found.flat()).size === neurons.length && found.flat().length === neurons.length;
  return once && found.every(({ length }) => length <= 1) ? found.map(([own]) => own ?? null) : undefined;
}

function untold(
  source: string,
  layers: readonly Weighted[],
  neurons: readonly NeuronTensors[],
  problem: string,
): UsageError {
  return new UsageError("NEURONS_MISSING", `${source}: ${problem}.`, {
    hint: "Say it layer by layer in --neurons FILE.json; dsqn import --explain prints a template of it.",
    facts: { source, layers: layers.map(({ name }) => name), neurons: neurons.map(({ name }) => name) },
  });
}
