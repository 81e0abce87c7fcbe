import { DsqnError } from "../errors.ts";
import { type Tensor, tensor, toFloat32, transposed } from "../files/tensor.ts";
import type { NamedTensors, WholeNetwork } from "./form.ts";
import { type Hdf5Group, readHdf5 } from "./hdf5/read.ts";
import { arraysIn, tensorOf, textIn } from "./hdf5/walk.ts";
import { describedLayers, type KerasLayer } from "./layers-model/file.ts";
import { fromLayers } from "./layers-model/import.ts";
import { unzip } from "./zip.ts";

const CONFIG = "config.json";
const WEIGHTS = "model.weights.h5";

/** Whether an archive's names are those of a `.keras` file. */
export const isKeras = (names: readonly string[]): boolean => names.includes(CONFIG) && names.includes(WEIGHTS);

/**
 * What Keras 3 saves: a zip archive with the model's description and its weights as HDF5. Nothing of Keras's is loaded, and no class that a
 * description names: layers are taken by their names, or refused by them.
 */
export function readKeras(bytes: Uint8Array, source: string): WholeNetwork {
  let files: Record<string, Uint8Array>;
  try {
    files = unzip(bytes);
  } catch (cause) {
    throw invalid(source, `it is no complete zip archive (${(cause as Error).message})`, cause);
  }
  if (!isKeras(Object.keys(files))) throw invalid(source, `the archive holds no ${CONFIG} with a ${WEIGHTS}`);
  const layers = describedLayers(parsed(new TextDecoder().decode(files[CONFIG]), source), source);
  if (!layers) throw invalid(source, `its ${CONFIG} describes no layers`);
  const root = readHdf5(files[WEIGHTS], `${source}, ${WEIGHTS}`);
  const stored = ["layers", "_layer_checkpoint_dependencies"].map((name) => groupIn(root, name)).find(Boolean);
  if (!stored) throw invalid(source, `its ${WEIGHTS} holds no layers`);
  const places = placesOf(stored, layers);
  const weighted = layers.map((layer): KerasLayer => {
    const group = places.get(layer.name);
    const vars = group && groupIn(group, "vars");
    const names = vars?.names.toSorted((a, b) => Number(a) - Number(b)) ?? [];
    const values = names.map((name) => vars!.member(name));
    const expected = partsOf(layer);
    if (values.length > 0 && values.length !== expected.length)
      throw invalid(
        source,
        `layer "${layer.name}" (${layer.kind}) has ${values.length} weights instead of ${expected.length}`,
      );
    const weights = values.flatMap((value, k) =>
      value?.kind === "array" ? [[expected[k], floats(tensorOf(value, source))] as const] : [],
    );
    return { ...layer, weights: new Map(weights) };
  });
  return { form: "keras", ...fromLayers(weighted, source) };
}

/** What Keras 2, or `model.save("model.h5")`, saves: HDF5 with the description as an attribute; without it, weights alone. */
export function readKerasHdf5(bytes: Uint8Array, source: string): WholeNetwork | NamedTensors {
  const root = readHdf5(bytes, source);
  const stored = groupIn(root, "model_weights");
  const description = textIn(root.attribute("model_config"));
  if (description === undefined || !stored) return weightsAlone(stored ?? root, source);
  const layers = describedLayers(parsed(description, source), source);
  if (!layers) throw invalid(source, "its model_config describes no layers");
  const weighted = layers.map((layer): KerasLayer => {
    const group = groupIn(stored, layer.name);
    const weights = [...(group ? arraysIn(group) : [])].map(
      ([path, array]) => [lastOf(path), floats(tensorOf(array, source))] as const,
    );
    return { ...layer, weights: new Map(weights) };
  });
  return { form: "keras (HDF5)", ...fromLayers(weighted, source) };
}

/** Keras's names of weights as torch's. */
const parts: Readonly<Record<string, string>> = {
  kernel: "weight",
  bias: "bias",
  gamma: "weight",
  beta: "bias",
  moving_mean: "running_mean",
  moving_variance: "running_var",
};

/** Weights without a description, in torch's layouts: their layers are ordered as others' are. */
function weightsAlone(group: Hdf5Group, source: string): NamedTensors {
  const named = [...arraysIn(group)].map(([path, array]) => {
    const steps = path.split("/");
    // layers/dense/vars/0, or dense/model/dense/kernel:0
    const bare = steps.at(-2) === "vars";
    const layer = bare
      ? steps
          .slice(0, -2)
          .join(".")
          .replace(/^layers\./, "")
      : steps[0];
    const values = floats(tensorOf(array, source));
    const part = bare ? (values.shape.length > 1 ? "weight" : "bias") : (parts[lastOf(path)] ?? lastOf(path));
    if (bare && Number(steps.at(-1)) > 1)
      throw invalid(source, `layer "${layer}" has weights that only a description could tell apart`);
    return [`${layer}.${part}`, part === "weight" ? torchLayout(values) : values] as const;
  });
  if (named.length === 0) throw invalid(source, "it holds no weights");
  return {
    form: "keras (weights alone)",
    tensors: Object.fromEntries(named),
    ordered: false,
    kind: "dense",
    flatten: "hwc",
  };
}

function torchLayout({ shape, data, dtype }: Tensor): Tensor {
  const values = data as Float32Array;
  if (shape.length === 2) return tensor(transposed(values, shape[0], shape[1]), [shape[1], shape[0]]);
  if (shape.length !== 4) return { shape, data, dtype };
  const [height, width, channels, filters] = shape;
  const rows = transposed(values, height * width * channels, filters);
  const turned = new Float32Array(values.length);
  const size = height * width;
  for (let f = 0; f < filters; f++)
    turned.set(
      transposed(rows.subarray(f * size * channels, (f + 1) * size * channels), size, channels),
      f * size * channels,
    );
  return tensor(turned, [filters, channels, height, width]);
}

/** The groups of layers by name: as their attributes say, else by what Keras calls them, the classes counted. */
function placesOf(stored: Hdf5Group, layers: readonly { kind: string; name: string }[]): Map<string, Hdf5Group> {
  const places = new Map<string, Hdf5Group>();
  const counts = new Map<string, number>();
  for (const name of stored.names) {
    const group = groupIn(stored, name);
    const own = group && textIn(groupIn(group, "vars")?.attribute("name"));
    if (own !== undefined) places.set(own, group!);
  }
  if (places.size > 0) return places;
  for (const { kind, name } of layers) {
    const snake = snakeCase(kind);
    const count = counts.get(snake) ?? 0;
    counts.set(snake, count + 1);
    const group = groupIn(stored, count === 0 ? snake : `${snake}_${count}`);
    if (group) places.set(name, group);
  }
  return places;
}

/** As Keras makes names of classes. */
function snakeCase(name: string): string {
  return name
    .replace(/\W+/g, "")
    .replace(/(.)([A-Z][a-z]+)/g, "$1_$2")
    .replace(/([a-z])([A-Z])/g, "$1_$2")
    .toLowerCase();
}

/** The weights of a layer in the order in which Keras makes them. */
function partsOf({ kind, config }: Omit<KerasLayer, "weights">): string[] {
  if (kind === "BatchNormalization")
    return [
      ...(config.scale === false ? [] : ["gamma"]),
      ...(config.center === false ? [] : ["beta"]),
      "moving_mean",
      "moving_variance",
    ];
  return config.use_bias === false ? ["kernel"] : ["kernel", "bias"];
}

const lastOf = (path: string): string => path.split("/").at(-1)!.replace(/:\d+$/, "");

const floats = (value: Tensor): Tensor => tensor(toFloat32(value), value.shape);

function groupIn(group: Hdf5Group, name: string): Hdf5Group | undefined {
  const found = group.names.includes(name) ? group.member(name) : undefined;
  return found?.kind === "group" ? found : undefined;
}

function parsed(json: string, source: string): unknown {
  try {
    return JSON.parse(json);
  } catch (cause) {
    throw invalid(source, `its description is not valid JSON (${(cause as Error).message})`, cause);
  }
}

function invalid(source: string, problem: string, cause?: unknown): DsqnError {
  return new DsqnError("IMPORT_INVALID", `${source} is no model of Keras: ${problem}.`, {
    cause,
    hint: "Write one with model.save('model.keras').",
    facts: { source },
  });
}
