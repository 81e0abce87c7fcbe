import { dirname, join } from "node:path";
import { z } from "zod";
import { DsqnError } from "../../errors.ts";
import { readBytes } from "../../files/atomic.ts";
import { fromFloat16, sizeOf, type Tensor, tensor, toFloat32, type TensorDtype, viewData } from "../../files/tensor.ts";

const count = z.number().int().positive();
const pair = z.union([count.transform((n) => [n, n] as const), z.tuple([count, count])]);
const around = z.tuple([z.number().int().nonnegative(), z.number().int().nonnegative()]);
const shape = z.array(z.number().int().nullable());

/** What layers that are taken over say of themselves; null is as good as nothing. */
export const configSchema = z.looseObject({
  batch_input_shape: shape.nullish(),
  batch_shape: shape.nullish(),
  target_shape: shape.nullish(),
  data_format: z.string().nullish(),
  units: count.nullish(),
  filters: count.nullish(),
  kernel_size: pair.nullish(),
  pool_size: pair.nullish(),
  strides: pair.nullish(),
  dilation_rate: pair.nullish(),
  groups: z.number().nullish(),
  padding: z.union([z.string(), z.tuple([around, around])]).nullish(),
  activation: z.string().nullish(),
  use_bias: z.boolean().nullish(),
  axis: z.union([z.number(), z.tuple([z.number()]).transform(([axis]) => axis)]).nullish(),
  epsilon: z.number().nullish(),
  center: z.boolean().nullish(),
  max_value: z.number().nullish(),
  negative_slope: z.number().nullish(),
  threshold: z.number().nullish(),
  scale: z.union([z.number(), z.boolean()]).nullish(),
  offset: z.number().nullish(),
});

/** A layer as Keras describes it, its weights by their names without the layer's: kernel, bias, gamma, ... */
export interface KerasLayer {
  readonly kind: string;
  readonly name: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly weights: ReadonlyMap<string, Tensor>;
}

const layerSchema = z.looseObject({
  class_name: z.string(),
  config: z.looseObject({ name: z.string() }),
  /** Of a functional model: which layers feed this one. */
  inbound_nodes: z.array(z.unknown()).optional(),
});
const topologySchema = z.looseObject({
  class_name: z.string(),
  // Old versions wrote a Sequential model's layers without a name around them.
  config: z.union([z.array(layerSchema), z.looseObject({ layers: z.array(layerSchema) }).transform((c) => c.layers)]),
});
const weightSchema = z.looseObject({
  name: z.string(),
  shape: z.array(z.number().int().nonnegative()),
  dtype: z.string(),
  quantization: z
    .looseObject({ dtype: z.string(), scale: z.number().optional(), min: z.number().optional() })
    .optional(),
});
const modelSchema = z.looseObject({
  modelTopology: z.looseObject({ model_config: topologySchema.optional() }).nullable(),
  weightsManifest: z.array(z.looseObject({ paths: z.array(z.string()), weights: z.array(weightSchema) })),
});

/** What a layer other than those it follows is refused with: IMPORT_INVALID, its name, and why. */
export function refused(source: string, layer: { kind: string; name: string }, why: string): DsqnError {
  return new DsqnError(
    "LAYER_UNSUPPORTED",
    `${source}: layer "${layer.name}" (${layer.kind}) can't be taken: ${why}.`,
    {
      hint: "docs/formats.md lists the layers that can.",
      facts: { source, layer: layer.name, kind: layer.kind },
    },
  );
}

/** Of TensorFlow.js's `model.json` and the binary files beside it the layers, in the order in which they follow one another. */
export async function kerasLayers(bytes: Uint8Array, path: string): Promise<KerasLayer[]> {
  const invalid = (problem: string, cause?: unknown): DsqnError =>
    new DsqnError("IMPORT_INVALID", `${path} is no LayersModel of TensorFlow.js: ${problem}.`, {
      cause,
      hint: "Write one by model.save(`file://FOLDER`); a GraphModel has no layers that could be taken.",
    });
  let model: z.infer<typeof modelSchema>;
  try {
    model = modelSchema.parse(JSON.parse(new TextDecoder().decode(bytes)));
  } catch (cause) {
    const issue = cause instanceof z.ZodError ? cause.issues[0] : undefined;
    throw invalid(issue ? `${issue.path.join(".")}: ${issue.message}` : (cause as Error).message, cause);
  }
  const layers = describedLayers(model.modelTopology?.model_config ?? model.modelTopology, path);
  if (!layers) throw invalid("it describes no layers");
  const weights = new Map<string, Map<string, Tensor>>();
  for (const [name, value] of await readWeights(path, model.weightsManifest, invalid)) {
    const parts = name.split("/");
    for (const layer of parts.slice(0, -1)) {
      if (!weights.has(layer)) weights.set(layer, new Map());
      weights.get(layer)!.set(parts.at(-1)!, value);
    }
  }
  return layers.map((layer) => ({ ...layer, weights: weights.get(layer.name) ?? new Map<string, Tensor>() }));
}

/** The layers that Keras's description of a model names, one after the other; undefined where it is none. */
export function describedLayers(topology: unknown, source: string): Omit<KerasLayer, "weights">[] | undefined {
  const checked = topologySchema.safeParse(topology);
  if (!checked.success) return undefined;
  const chain = chained(checked.data.class_name, checked.data.config, source);
  return chain.map(({ class_name: kind, config }) => ({ kind, name: config.name, config }));
}

type Described = z.infer<typeof layerSchema>;

/** The layers of a model one after the other; a layer that more or fewer than one feeds is refused. */
function chained(model: string, layers: readonly Described[], source: string): readonly Described[] {
  const names = new Set<string>();
  for (const { class_name: kind, config } of layers) {
    // With one layer of each name, and one that feeds it, no way leads around in a circle.
    if (names.has(config.name)) throw refused(source, { kind, name: config.name }, "another layer has the same name");
    names.add(config.name);
  }
  if (model === "Sequential") return layers;
  const byInput = new Map<string, Described>();
  const first: Described[] = [];
  for (const layer of layers) {
    const named = { kind: layer.class_name, name: layer.config.name };
    const nodes = layer.inbound_nodes ?? [];
    if (nodes.length === 0) {
      first.push(layer);
      continue;
    }
    const feeding = nodes.length === 1 ? feedingOf(nodes[0]) : undefined;
    if (feeding === undefined)
      throw refused(source, named, "networks here are chains, and more than one layer feeds it");
    if (byInput.has(feeding))
      throw refused(source, named, `networks here are chains, and "${feeding}" feeds another layer too`);
    byInput.set(feeding, layer);
  }
  if (first.length !== 1)
    throw refused(source, { kind: model, name: first[1]?.config.name ?? "?" }, "networks here have one input");
  const chain = [first[0]];
  for (let next = byInput.get(first[0].config.name); next; next = byInput.get(next.config.name)) chain.push(next);
  return chain;
}

/** Keras 3 says of a call what it was called with, and of a value where it comes from. */
const callSchema = z.looseObject({
  args: z.tuple([z.looseObject({ config: z.looseObject({ keras_history: z.array(z.unknown()).min(1) }) })]),
});

/** The layer that alone feeds a call of another; undefined where there are more. */
function feedingOf(node: unknown): string | undefined {
  const call = callSchema.safeParse(node);
  if (call.success) {
    const [from] = call.data.args[0].config.keras_history;
    return typeof from === "string" ? from : undefined;
  }
  // Before: a list of [layer, node, value, arguments].
  const [first, ...more] = Array.isArray(node) ? (node as unknown[]) : [];
  return more.length === 0 && Array.isArray(first) && typeof first[0] === "string" ? first[0] : undefined;
}

/** Bytes of an element as the files hold it. */
const widths: Readonly<Record<string, number>> = { float32: 4, float16: 2, uint8: 1, uint16: 2, int32: 4, bool: 1 };

async function readWeights(
  path: string,
  manifest: z.infer<typeof modelSchema>["weightsManifest"],
  invalid: (problem: string) => DsqnError,
): Promise<Map<string, Tensor>> {
  const found = new Map<string, Tensor>();
  const files = manifest.flatMap(({ paths }) => paths);
  if (new Set(files).size < files.length) throw invalid("it names a file of weights twice");
  for (const { paths, weights } of manifest) {
    const outside = paths.find((file) => file.includes("/") || file.includes("\\") || file.startsWith("."));
    if (outside !== undefined) throw invalid(`its weights lie in "${outside}" instead of a file beside it`);
    const parts = await Promise.all(paths.map((file) => readBytes(join(dirname(path), file))));
    const bytes = Buffer.concat(parts);
    let at = 0;
    for (const { name, shape, dtype, quantization } of weights) {
      const stored = quantization?.dtype ?? dtype;
      if (!Object.hasOwn(widths, stored) || !/^(float32|int32|bool)$/.test(dtype))
        throw invalid(`weight "${name}" is ${stored}`);
      const length = sizeOf(shape);
      if (at + length * widths[stored] > bytes.length)
        throw invalid(`weight "${name}" of shape [${shape.join(", ")}] reaches beyond its file (cut short?)`);
      if (found.has(name)) throw invalid(`weight "${name}" occurs twice`);
      const raw = viewData((stored === "float16" ? "uint16" : stored) as TensorDtype, bytes, at, length);
      const { scale = 1, min = 0 } = quantization ?? {};
      const values =
        stored === "float16"
          ? Float32Array.from(raw as Uint16Array, fromFloat16)
          : quantization
            ? Float32Array.from(raw as Uint8Array, (value) => value * scale + min)
            : toFloat32({ dtype: stored as TensorDtype, shape, data: raw });
      found.set(name, tensor(values, shape));
      at += length * widths[stored];
    }
    if (at !== bytes.length) throw invalid(`${bytes.length - at} bytes of ${paths.join(", ")} belong to no weight`);
  }
  return found;
}
