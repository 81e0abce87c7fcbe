import { DsqnError } from "../../errors.ts";
import { sizeOf, type Tensor, tensor } from "../../files/tensor.ts";
import { type Hdf5Group, readHdf5, type Values } from "../hdf5/read.ts";
import { tensorOf, textIn } from "../hdf5/walk.ts";
import { type GroupToWrite, writeHdf5 } from "../hdf5/write.ts";
import { type ImageShape, sizeOf as imageSize } from "../../network/convolution.ts";
import { reordered } from "../torch-layout.ts";

/** What was seen of a node's neurons: in every step, or when anything happened. */
export type Observable =
  | {
      readonly kind: "grid";
      /** Of a step, in the file's unit of time. */
      readonly dt: number;
      /** [samples, steps, neurons]: bool for spikes. */
      readonly data: Tensor;
    }
  | {
      readonly kind: "events";
      readonly neurons: number;
      /** When the recording ends. */
      readonly end: number;
      /** [samples, events]: which neuron; -1: no event. */
      readonly index: Tensor;
      /** [samples, events]; Infinity: no event. */
      readonly time: Tensor;
      /** [samples, events]; 1 each unless given. */
      readonly value?: Tensor;
    };

/** NIRData: by the names of nodes (those within graphs behind a "/") what was seen of them: "spikes", "v", ... */
export type NirData = Readonly<Record<string, Readonly<Record<string, Observable>>>>;

/** Steps by neurons, sample by sample. */
export interface Grid {
  readonly samples: number;
  readonly steps: number;
  readonly neurons: number;
  /** [samples, steps, neurons] */
  readonly data: Float32Array;
}

/** More bins than any recording here has; what a file says in a few bytes must not fill the memory. */
const LARGEST_GRID = 2 ** 26;

/** Whether the bytes' root says that it is NIRData. */
export function isNirData(root: Hdf5Group): boolean {
  return textIn(root.attribute("__type__")) === "NIRGraphData";
}

/** What `nir.write_data` wrote. NIR_DATA_INVALID says what is wrong with it. */
export function readNirData(bytes: Uint8Array, source: string): NirData {
  const root = readHdf5(bytes, source);
  if (!isNirData(root)) throw invalid(source, "its root is no NIRGraphData");
  const found: Record<string, Record<string, Observable>> = {};
  graph(root, "", found, source);
  return found;
}

function graph(
  group: Hdf5Group,
  before: string,
  found: Record<string, Record<string, Observable>>,
  source: string,
): void {
  const nodes = group.member("nodes");
  if (nodes?.kind !== "group") throw invalid(source, `"${group.path}" has no nodes`);
  for (const name of nodes.names) {
    const node = nodes.member(name)!;
    const type = node.kind === "group" ? textIn(node.attribute("__type__")) : undefined;
    if (node.kind !== "group" || !["NIRGraphData", "NIRNodeData"].includes(type ?? ""))
      throw invalid(source, `"${node.path}" is neither NIRNodeData nor NIRGraphData`);
    if (type === "NIRGraphData") graph(node, `${before}${name}/`, found, source);
    else found[`${before}${name}`] = observables(node, source);
  }
}

function observables(node: Hdf5Group, source: string): Record<string, Observable> {
  const group = node.member("observables");
  if (group?.kind !== "group") throw invalid(source, `"${node.path}" has no observables`);
  return Object.fromEntries(
    group.names.map((name) => {
      const member = group.member(name)!;
      if (member.kind !== "group") throw invalid(source, `"${member.path}" is no group`);
      return [name, observable(member, source)];
    }),
  );
}

function observable(group: Hdf5Group, source: string): Observable {
  const type = textIn(group.attribute("__type__"));
  const array = (name: string): Tensor => {
    const found = group.member(name);
    if (found?.kind !== "array") throw invalid(source, `"${group.path}" has no array "${name}"`);
    return tensorOf(found, source);
  };
  const number = (name: string): number => {
    const value = numberIn(group.attribute(name));
    if (value === undefined || Number.isNaN(value)) throw invalid(source, `"${group.path}" has no number "${name}"`);
    return value;
  };
  if (type === "TimeGriddedData") {
    const [dt, data] = [number("dt"), array("data")];
    if (data.shape.length !== 3)
      throw invalid(
        source,
        `"${group.path}" has the shape [${data.shape.join(", ")}] instead of [samples, steps, neurons]`,
      );
    if (!(dt > 0)) throw invalid(source, `"${group.path}" has a step of ${dt}`);
    return { kind: "grid", dt, data };
  }
  if (type !== "EventData" && type !== "ValuedEventData")
    throw invalid(source, `"${group.path}" is of the unknown type ${JSON.stringify(type)}`);
  const [index, time] = [array("idx"), array("time")];
  const value = type === "ValuedEventData" ? array("value") : undefined;
  const shape = index.shape.join();
  if (index.shape.length !== 2 || time.shape.join() !== shape || (value && value.shape.join() !== shape))
    throw invalid(source, `"${group.path}" has events [${shape}] at times [${time.shape.join()}]`);
  const [neurons, end] = [number("n_neurons"), number("t_max")];
  if (!Number.isSafeInteger(neurons) || neurons < 1 || !(end >= 0))
    throw invalid(source, `"${group.path}" has ${neurons} neurons until ${end}`);
  return { kind: "events", neurons, end, index, time, ...(value && { value }) };
}

function numberIn(values: Values | null | undefined): number | undefined {
  if (!values || values.dtype === "text" || values.data.length !== 1) return undefined;
  return Number(values.data[0]);
}

/** The file that `nir.read_data` reads. Names with "/" become graphs within the graph. */
export function writeNirData(data: NirData): Uint8Array {
  return writeHdf5(graphToWrite(Object.entries(data).map(([path, seen]) => [path.split("/"), seen])));
}

type Seen = NirData[string];

function graphToWrite(entries: readonly (readonly [path: readonly string[], seen: Seen])[]): GroupToWrite {
  const nodes: Record<string, GroupToWrite> = {};
  for (const name of new Set(entries.map(([path]) => path[0]))) {
    const own = entries.filter(([path]) => path[0] === name);
    const node = own.find(([path]) => path.length === 1);
    if (node && own.length > 1) throw new RangeError(`"${name}" is both a node and a graph.`);
    nodes[name] = node ? nodeToWrite(node[1]) : graphToWrite(own.map(([path, seen]) => [path.slice(1), seen]));
  }
  return { members: { nodes: { members: nodes } }, attributes: { __type__: "NIRGraphData" } };
}

function nodeToWrite(seen: Seen): GroupToWrite {
  const members = Object.fromEntries(Object.entries(seen).map(([name, one]) => [name, observableToWrite(one)]));
  return { members: { observables: { members } }, attributes: { __type__: "NIRNodeData" } };
}

function observableToWrite(one: Observable): GroupToWrite {
  const double = (value: number): Tensor => tensor(Float64Array.of(value), []);
  if (one.kind === "grid")
    return { members: { data: one.data }, attributes: { __type__: "TimeGriddedData", dt: double(one.dt) } };
  const { neurons, end, index, time, value } = one;
  return {
    members: { idx: index, time, ...(value && { value }) },
    attributes: {
      __type__: value ? "ValuedEventData" : "EventData",
      n_neurons: tensor(BigInt64Array.of(BigInt(neurons)), []),
      t_max: double(end),
    },
  };
}

/** Values in every step, as NIRData holds them: bool where all are 0 or 1 and `spikes` says that they are events. Those of an `image` change from our order to NIR's. */
export function gridOf(grid: Grid, dt: number, spikes: boolean, image?: ImageShape): Observable {
  const { samples, steps, neurons } = grid;
  const data = image ? turned(grid.data, image, "to torch") : grid.data;
  const shape = [samples, steps, neurons];
  const single = spikes && data.every((value) => value === 0 || value === 1);
  const values: Tensor = single ? { dtype: "bool", shape, data: Uint8Array.from(data) } : tensor(data, shape);
  return { kind: "grid", dt, data: values };
}

/**
 * What was seen, step by step. Events need `dt`: one at time t falls into step floor(t / dt) (the next where rounding alone keeps it from it), several of a
 * neuron in one step add up. A grid has a dt of its own, which has to be `dt` where that is given.
 */
export function binned(one: Observable, source: string, dt?: number): Grid {
  if (one.kind === "grid") {
    if (dt !== undefined && Math.abs(one.dt - dt) > 1e-6 * dt)
      throw invalid(source, `its steps are ${one.dt} long, not ${dt}`, "--dt has to be the recording's.");
    const [samples, steps, neurons] = one.data.shape;
    return { samples, steps, neurons, data: Float32Array.from(one.data.data as ArrayLike<number | bigint>, Number) };
  }
  if (dt === undefined || !(dt > 0))
    throw invalid(
      source,
      "its events have times, and nothing says how long a step is",
      "--dt says it, in the file's unit of time.",
    );
  const { neurons, end, index, time, value } = one;
  const [samples, events] = index.shape;
  const stepOf = (t: number): number =>
    Math.abs(t / dt - Math.round(t / dt)) < 1e-6 * Math.max(1, t / dt) ? Math.round(t / dt) : Math.floor(t / dt);
  const steps = stepOf(end);
  if (!(sizeOf([samples, steps, neurons]) <= LARGEST_GRID))
    throw invalid(source, `${samples} samples of ${steps} steps and ${neurons} neurons are more than fit`);
  const data = new Float32Array(samples * steps * neurons);
  for (let k = 0; k < samples * events; k++) {
    const neuron = Number(index.data[k]);
    if (neuron === -1) continue;
    const step = stepOf(Number(time.data[k]));
    if (!(neuron >= 0 && neuron < neurons && Number.isInteger(neuron) && step >= 0 && step < steps))
      throw invalid(
        source,
        `event ${k % events} of sample ${Math.floor(k / events)} is of neuron ${neuron} at ${time.data[k]}, of ${neurons} neurons until ${end}`,
      );
    data[(Math.floor(k / events) * steps + step) * neurons + neuron] += value ? Number(value.data[k]) : 1;
  }
  return { samples, steps, neurons, data };
}

/** How nodes belong to layers. */
export interface LayerOptions {
  /** Of each layer (NirNetwork.names). */
  readonly names?: readonly string[];
  /** Of a step; events need it. */
  readonly dt?: number;
  /** Of each layer that puts out an image: its neurons come in our order (rows, columns, channels) instead of NIR's (channels, rows, columns). */
  readonly images?: readonly (ImageShape | undefined)[];
}

/**
 * The recorded spikes of a network's layers, which have so many neurons: by the names of their nodes where they are known (NirNetwork.names), else all nodes
 * with spikes in the order of the numbers in their names. NIR_DATA_MISMATCH where they are others'.
 */
export function spikesByLayer(
  data: NirData,
  sizes: readonly number[],
  source: string,
  { names, dt, images = [] }: LayerOptions = {},
): Grid[] {
  const recorded = Object.keys(data).filter((name) => data[name].spikes && !isInput(name));
  const known = names?.every((name) => data[name]?.spikes) ? names : undefined;
  const order = known ?? [...recorded].sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
  if (order.length !== sizes.length)
    throw mismatch(
      source,
      `it has the spikes of ${order.length} nodes (${order.join(", ")}) for ${sizes.length} layers that spike`,
    );
  const grids = order.map((name) => binned(data[name].spikes, source, dt));
  grids.forEach(({ neurons, samples, steps }, l) => {
    if (neurons !== sizes[l])
      throw mismatch(source, `node "${order[l]}" has ${neurons} neurons, and layer ${l} has ${sizes[l]}`);
    if (samples !== grids[0].samples || steps !== grids[0].steps)
      throw mismatch(
        source,
        `node "${order[l]}" has ${samples} samples of ${steps} steps, the first ${grids[0].samples} of ${grids[0].steps}`,
      );
  });
  return grids.map((grid, l) => {
    const image = images[l];
    return image ? { ...grid, data: turned(grid.data, image, "from torch") } : grid;
  });
}

/** The values of every step, from NIR's order of an image (torch's too) to ours or back. */
export function turned(data: Float32Array, image: ImageShape, direction: "from torch" | "to torch"): Float32Array {
  const n = imageSize(image);
  const result = new Float32Array(data.length);
  for (let at = 0; at < data.length; at += n) result.set(reordered(data.subarray(at, at + n), 1, image, direction), at);
  return result;
}

/** What goes into the network: of the node called input..., or of the only one there is; undefined where neither is there. */
export function inputIn(data: NirData, source: string, dt?: number): Grid | undefined {
  const names = Object.keys(data);
  const name = names.find(isInput) ?? (names.length === 1 ? names[0] : undefined);
  const [seen] = name === undefined ? [] : Object.values(data[name]);
  return seen && binned(seen, source, dt);
}

const isInput = (name: string): boolean => /^input/i.test(name);

function mismatch(source: string, problem: string): DsqnError {
  return new DsqnError("NIR_DATA_MISMATCH", `${source}: ${problem}.`, {
    facts: { source },
    hint: "Are these the spikes of this network? Each of its layers that spike needs a node with the observable spikes.",
  });
}

function invalid(source: string, problem: string, hint = "Write it again with nir.write_data."): DsqnError {
  return new DsqnError("NIR_DATA_INVALID", `${source}: ${problem}.`, { hint, facts: { source } });
}
