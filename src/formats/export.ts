import { UsageError, nearest } from "../errors.ts";
import { writeFileAtomic, writeJsonAtomic } from "../files/atomic.ts";
import { exportLayersModel } from "./layers-model/export.ts";
import { networkTensors } from "../network/file/codec.ts";
import { isSpiking, kindOf, type Network, observationSize } from "../network/network.ts";
import { encodeNpz } from "./npz.ts";
import { encodeSafetensors } from "../files/safetensors.ts";
import type { Tensor } from "../files/tensor.ts";
import { torchTensors } from "./torch-layout.ts";

/** A format that networks can be written to. */
export interface Exporter {
  readonly name: string;
  readonly summary: string;
  /** With the dot; empty for a folder. */
  readonly extension: string;
  write(network: Network, path: string): Promise<void>;
}

const exporters: readonly Exporter[] = [
  {
    name: "safetensors",
    summary: "the tensors alone, under torch's names",
    extension: ".safetensors",
    write: (network, path) => writeFileAtomic(path, encodeSafetensors(portableTensors(network))),
  },
  {
    name: "npz",
    summary: "NumPy arrays W0, b0, W1, ... in the original's layout",
    extension: ".npz",
    write: (network, path) => writeFileAtomic(path, encodeNpz(numbered(portableTensors(network)))),
  },
  {
    name: "torch-state-json",
    summary: "a state_dict as JSON: {name: nested lists}",
    extension: ".json",
    write: (network, path) =>
      writeJsonAtomic(
        path,
        Object.fromEntries(
          Object.entries(portableTensors(network)).map(([name, { data, shape }]) => [
            name,
            nested(Array.from(data as Float32Array), shape),
          ]),
        ),
      ),
  },
  {
    name: "json",
    summary: "everything, dynamics included, weights as flat lists",
    extension: ".json",
    write: (network, path) => writeJsonAtomic(path, described(network)),
  },
  {
    name: "layers-model",
    summary: "a folder with TensorFlow.js's model.json and weights.bin (dense and convolutional networks)",
    extension: "",
    write: exportLayersModel,
  },
];

/** Every format, in the order of the help text. */
export function exportFormats(): readonly Exporter[] {
  return exporters;
}

/** The format of that name among these; FORMAT_UNKNOWN, with the names there are, for any other. */
export function exporter(name: string, among: readonly Exporter[] = exporters): Exporter {
  const found = among.find((candidate) => candidate.name === name);
  if (found) return found;
  const names = among.map((candidate) => candidate.name);
  const meant = nearest(name, names);
  throw new UsageError("FORMAT_UNKNOWN", `There is no export format "${name}".`, {
    hint: `${meant ? `Did you mean "${meant}"? ` : ""}Formats: ${names.join(", ")}.`,
  });
}

/** A network's tensors as others know them: in torch's layouts, those of a spiking network in the original's. */
export function portableTensors(network: Network): Record<string, Tensor> {
  return isSpiking(network) ? networkTensors(network) : torchTensors(network);
}

const letters: Readonly<Record<string, string>> = { weight: "W", bias: "b", initial_potential: "v" };

/** W0, b0, v0 (initial potentials), W1, ..., and a neuron's parameters under their own names. */
function numbered(tensors: Readonly<Record<string, Tensor>>): Record<string, Tensor> {
  return Object.fromEntries(
    Object.entries(tensors).map(([name, value]) => {
      const [, layer, part] = name.split(".");
      return [`${letters[part] ?? part}${layer}`, value];
    }),
  );
}

function nested(values: number[], shape: readonly number[]): unknown {
  if (shape.length <= 1) return values;
  const size = values.length / shape[0];
  return Array.from({ length: shape[0] }, (_, i) => nested(values.slice(i * size, (i + 1) * size), shape.slice(1)));
}

function described(network: Network): object {
  const lists = (value: unknown): unknown => (value instanceof Float32Array ? Array.from(value) : value);
  const listed = (record: object): object =>
    Object.fromEntries(Object.entries(record).map(([key, value]) => [key, lists(value)]));
  const layers = network.layers.map((layer) => ({ ...listed(layer), activation: listed(layer.activation) }));
  return { kind: kindOf(network), observationSize: observationSize(network), ...network, layers };
}
