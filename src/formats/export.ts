import { UsageError, nearest } from "../errors.ts";
import { writeFileAtomic, writeJsonAtomic } from "../files/atomic.ts";
import { exportLayersModel } from "./layers-model/export.ts";
import { isNeuron } from "../network/layer.ts";
import { kindOf, type Network, observationSize } from "../network/network.ts";
import { writeNir } from "./nir/write.ts";
import { encodeNpz } from "./npz.ts";
import { encodeSafetensors } from "../files/safetensors.ts";
import { numbered, PORTABLE, PORTABLE_FILE, portableDescription, portableTensors } from "./portable.ts";

export { portableTensors } from "./portable.ts";

/** A format that networks can be written to. */
export interface Exporter {
  readonly name: string;
  readonly summary: string;
  /** With the dot; empty for a folder. */
  readonly extension: string;
  /** Returns in which way the file is another network to its readers, where it is. */
  write(network: Network, path: string): Promise<readonly string[] | void>;
}

const exporters: readonly Exporter[] = [
  {
    name: "safetensors",
    summary: "the tensors alone, under torch's names",
    extension: ".safetensors",
    write: (network, path) =>
      writeFileAtomic(
        path,
        encodeSafetensors(portableTensors(network), { format: PORTABLE, network: portableDescription(network) }),
      ),
  },
  {
    name: "npz",
    summary: "NumPy arrays W0, b0, W1, ... in the original's layout",
    extension: ".npz",
    write: (network, path) => {
      const description = new TextEncoder().encode(portableDescription(network));
      return writeFileAtomic(path, encodeNpz(numbered(portableTensors(network)), { [PORTABLE_FILE]: description }));
    },
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
  {
    name: "nir",
    summary: "NIR 1.0 for other frameworks: the nearest it can say, and metadata that bring the same network back here",
    extension: ".nir",
    write: async (network, path) => {
      const { bytes, warnings } = writeNir(network);
      await writeFileAtomic(path, bytes);
      return warnings;
    },
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

function nested(values: number[], shape: readonly number[]): unknown {
  if (shape.length <= 1) return values;
  const size = values.length / shape[0];
  return Array.from({ length: shape[0] }, (_, i) => nested(values.slice(i * size, (i + 1) * size), shape.slice(1)));
}

function described(network: Network): object {
  const { layers, ...rest } = JSON.parse(portableDescription(network)) as { layers: { activation: object }[] };
  const lists = (record: object): object =>
    Object.fromEntries(
      Object.entries(record).flatMap(([key, value]) =>
        value instanceof Float32Array ? [[key, Array.from(value)]] : [],
      ),
    );
  const whole = network.layers.map((layer, l) => {
    const initial = isNeuron(layer.activation) ? { initial: null } : {};
    const activation = { ...layers[l].activation, ...initial, ...lists(layer.activation) };
    return { ...layers[l], biases: null, ...lists(layer), activation };
  });
  return { kind: kindOf(network), observationSize: observationSize(network), ...rest, layers: whole };
}
