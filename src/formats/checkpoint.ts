import type { Tensor } from "../files/tensor.ts";
import type { NamedTensors } from "./form.ts";
import { isWeightName, listed, wrongForm } from "./modules.ts";
import { moduleTree, type TorchValue } from "./torch-tensors.ts";

/** A dictionary with weights in it, and under which keys it lies. */
interface Dictionary {
  readonly path: readonly string[];
  readonly entries: Map<string, TorchValue>;
}

/**
 * The weights in what torch.save wrote: a state_dict, one or several of them anywhere in a checkpoint (their keys then begin the names), or the
 * original's forms, (weights, biases or None) and [weights].
 */
export function fromTorch(value: TorchValue, source: string): NamedTensors {
  if (value instanceof Map) return fromDictionary(value, source);
  const pair = typeof value === "object" && value !== null && "tuple" in value ? value.tuple : [];
  const [weights, biases] = pair;
  const none = biases === null || (Array.isArray(biases) && biases.every((bias) => bias === null));
  if (Array.isArray(value) && value.some((item) => item instanceof Map)) return fromDictionary(indexed(value), source);
  if (Array.isArray(value)) return fromLists("list of weights", value, null, source);
  if (pair.length === 2 && Array.isArray(weights) && (none || Array.isArray(biases)))
    return fromLists("tuple of weights and biases", weights, none ? null : biases, source);
  throw wrongForm(source, "it holds neither a state_dict, nor (weights, biases), nor a list of weights");
}

const indexed = (values: readonly TorchValue[]): Map<string, TorchValue> =>
  new Map(values.map((item, k) => [String(k), item]));

function fromDictionary(value: Map<string, TorchValue>, source: string): NamedTensors {
  const found: Dictionary[] = [];
  const beside: string[] = [];
  search({ path: [], entries: value }, found, beside);
  if (found.length === 0)
    throw wrongForm(
      source,
      `among its entries (${listed([...value.keys()]) || "none"}) are no weights: no W0, W1... and no layers.0.weight...`,
    );
  const single = found.length === 1;
  const named = found.flatMap(({ path, entries }) =>
    [...entries].flatMap(([name, item]) =>
      isTensor(item) ? [[[...(single ? [] : path), name].join("."), item] as const] : [],
    ),
  );
  const trees = found.map(({ path, entries }) =>
    moduleTree(entries)?.map((name) => [...(single ? [] : path), name].join(".")),
  );
  return {
    form: single && found[0].path.length > 0 ? `state_dict "${found[0].path.join(".")}"` : "state_dict",
    tensors: Object.fromEntries(named),
    ordered: true,
    kind: "dense",
    ...(trees.every((tree) => tree !== undefined) && { tree: trees.flat() }),
    ...(beside.length > 0 && { assumed: [`tensors beside the weights are not used: ${listed(beside)}`] }),
  };
}

/** Deeper than anybody nests weights. */
const DEPTH = 6;
/** What optimizers keep. */
const OPTIMIZER = /optim|exp_avg|momentum|sched|scaler/i;

function search({ path, entries }: Dictionary, found: Dictionary[], beside: string[]): void {
  const weights = [...entries].some(([name, item]) => isTensor(item) && isWeightName(name));
  if (weights) found.push({ path, entries });
  for (const [name, item] of entries) {
    const inner = [...path, name];
    if (OPTIMIZER.test(name)) continue;
    if (isTensor(item) && !weights && item.data.length > 1) beside.push(inner.join("."));
    const nested = item instanceof Map ? item : Array.isArray(item) ? indexed(item) : undefined;
    if (nested && path.length < DEPTH) search({ path: inner, entries: nested }, found, beside);
  }
}

function fromLists(
  form: string,
  weights: readonly TorchValue[],
  biases: readonly TorchValue[] | null,
  source: string,
): NamedTensors {
  if (weights.length === 0 || !weights.every(isTensor))
    throw wrongForm(source, "its weights are not a list of tensors");
  if (biases && (biases.length !== weights.length || !biases.every(isTensor)))
    throw wrongForm(source, `${weights.length} weights need as many biases`);
  const tensors = weights.flatMap((weight, l) => [
    [`weights.${l}`, weight],
    ...(biases ? [[`biases.${l}`, biases[l]]] : []),
  ]);
  return { form, tensors: Object.fromEntries(tensors) as Record<string, Tensor>, ordered: true, kind: "spiking" };
}

function isTensor(value: TorchValue): value is Tensor {
  return typeof value === "object" && value !== null && "dtype" in value;
}
