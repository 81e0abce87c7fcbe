import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Tensor } from "../../../src/files/tensor.ts";
import { turned } from "../../../src/formats/nir/data.ts";
import type { NirDialect, NirOptions } from "../../../src/formats/nir/options.ts";
import { type NirNetwork, readNir } from "../../../src/formats/nir/read.ts";
import { decodeNpz } from "../../../src/formats/npz.ts";
import type { Foreign } from "../../frameworks/load.ts";

/** Whose file it is, by how its name begins. */
const dialects: Readonly<Record<string, NirDialect>> = {
  snntorch: "snntorch",
  norse: "norse",
  sj: "spikingjelly",
  spikingjelly: "spikingjelly",
  sinabs: "sinabs",
};

/** Graphs (no NIRData) in a folder and in `nir` below it; none where there is no such folder. */
export function nirFiles(folder: string): string[] {
  return [folder, join(folder, "nir")].flatMap((place) =>
    existsSync(place)
      ? readdirSync(place)
          .filter((name) => name.endsWith(".nir") && !name.endsWith(".data.nir"))
          .sort()
          .map((name) => join(place, name))
      : [],
  );
}

/** A file read with its dialect, and with what `NAME.options.json` beside it says. */
export function readWithDialect(path: string, options: NirOptions = {}): NirNetwork {
  const dialect = dialects[basename(path).split(/[-.]/)[0]] ?? "nir";
  const beside = path.replace(/\.nir$/, ".options.json");
  const told = existsSync(beside) ? (JSON.parse(readFileSync(beside, "utf8")) as NirOptions) : {};
  return readNir(new Uint8Array(readFileSync(path)), path, {
    dialect,
    ...(dialect === "nir" && { dt: 1e-4 }),
    ...told,
    ...options,
  });
}

/** What JSON beside a recording says of its neurons, as far as NIR leaves it open. */
function optionsOf(path: string): NirOptions {
  const described = path.replace(/\.npz$/, ".json");
  if (!existsSync(described)) return namedIn(path);
  const { neuron, layers } = JSON.parse(readFileSync(described, "utf8")) as {
    neuron?: Described | Described[];
    layers?: { neuron?: Described }[];
  };
  const one = layers ? layers.map((layer) => layer.neuron).find(Boolean) : Array.isArray(neuron) ? neuron[0] : neuron;
  if (!one) return {};
  const resets = {
    "sub": "subtraction",
    "delayed-sub": "subtraction",
    "snntorch-nodelay-sub": "subtraction-late",
  } as const;
  const reset = resets[one.reset as keyof typeof resets] ?? "zero";
  return {
    reset,
    maxSpikes: one.fire === "floor" ? Infinity : 1,
    ...(basename(path).startsWith("sinabs") &&
      one.beta !== 1 && { normInput: one.gain !== undefined && one.gain !== 1 }),
  };
}

/** Without JSON the name may tell. */
function namedIn(path: string): NirOptions {
  const words = basename(path, ".npz").split("-");
  const reset = words.some((word) => ["zero", "hard"].includes(word)) ? ({ reset: "zero" } as const) : {};
  return { ...reset, ...(words.includes("single") && { maxSpikes: 1 }) };
}

interface Described {
  readonly reset?: string;
  readonly fire?: string;
  readonly beta?: unknown;
  readonly gain?: unknown;
}

/**
 * What the network in a file did in its framework: recordings of its name beside it or a folder up, else those of the same framework in which all its weights are.
 * Each with the network as the options that belong to it have it.
 */
export function recordingsOf(path: string): Foreign[] {
  const name = basename(path, ".nir");
  const places = [dirname(path), dirname(dirname(path))];
  const own = places.map((place) => join(place, `${name}.npz`)).filter((file) => existsSync(file));
  const alike = places.flatMap((place) =>
    readdirSync(place)
      .filter((file) => file.endsWith(".npz") && file.split("-")[0] === name.split("-")[0])
      .map((file) => join(place, file)),
  );
  const candidates = own.length > 0 ? own.slice(0, 1) : alike;
  return candidates.flatMap((candidate) => {
    const arrays = decodeNpz(new Uint8Array(readFileSync(candidate)));
    const read = readWithDialect(path, { ...optionsOf(candidate), coding: { steps: arrays.spikes0?.shape[0] } });
    const { layers } = read.network;
    if (!arrays.x || layers.some((_, l) => l < layers.length && !arrays[`spikes${l}`])) return [];
    if (
      own.length === 0 &&
      !layers.every(({ weights }) => Object.values(arrays).some((array) => holds(array, weights)))
    )
      return [];
    return [foreignOf(read, arrays)];
  });
}

/** Whether an array holds these weights in some order. */
function holds({ data }: Tensor, weights: Float32Array): boolean {
  if (!(data instanceof Float32Array) || data.length !== weights.length) return false;
  const [a, b] = [Float32Array.from(data).sort(), Float32Array.from(weights).sort()];
  return a.every((value, k) => value === b[k]);
}

function foreignOf({ network }: NirNetwork, arrays: Readonly<Record<string, Tensor>>): Foreign {
  const [, states] = arrays.spikes0.shape;
  const x = Float32Array.from(arrays.x.data as ArrayLike<number>);
  const spikes = network.layers.map(({ synapses }, l) => {
    const counts = Float32Array.from(arrays[`spikes${l}`].data as ArrayLike<number>);
    return synapses.kind === "convolution" ? turned(counts, synapses.output, "from torch") : counts;
  });
  return { network, x: network.input.length === 3 ? turned(x, network.input, "from torch") : x, states, spikes };
}
