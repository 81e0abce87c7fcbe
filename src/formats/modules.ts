import { DsqnError } from "../errors.ts";
import { type Tensor, toFloat32 } from "../files/tensor.ts";

/** The tensors that belong together, as those of one torch module. */
export interface Module {
  readonly name: string;
  readonly kind: "convolution" | "batch-norm" | "dense";
  /** weight, bias, running_mean, running_var */
  readonly parts: Readonly<Record<string, Tensor>>;
}

/** What names look like: torch's, the original's arrays, and those given to lists without names. */
const patterns = [
  /^(?<module>.*)\.(?<part>weight|bias|running_mean|running_var|num_batches_tracked)$/,
  /^(?<part>[Wbms])(?<module>\d+)$/,
  /^(?<part>weights|biases)\.(?<module>\d+)$/,
];
const parts: Readonly<Record<string, string>> = {
  W: "weight",
  b: "bias",
  m: "running_mean",
  s: "running_var",
  weights: "weight",
  biases: "bias",
};

/**
 * A file's tensors as modules in the order of the network: that of the file where it has one and convolutions are among them, otherwise that of
 * the numbers in their names, and where these repeat themselves convolutions before dense layers.
 */
export function modulesOf(tensors: Readonly<Record<string, Tensor>>, ordered: boolean, source: string): Module[] {
  const found = new Map<string, Record<string, Tensor>>();
  for (const [name, tensor] of Object.entries(tensors)) {
    const groups = patterns.map((pattern) => pattern.exec(name)?.groups).find(Boolean);
    if (!groups) throw wrongForm(source, `tensor "${name}" belongs to no layer that could be taken`);
    // Shapes of no values may name any sizes.
    if (tensor.shape.includes(0)) throw wrongForm(source, `tensor "${name}" is empty`);
    found.set(groups.module, { ...found.get(groups.module), [parts[groups.part] ?? groups.part]: tensor });
  }
  if (found.size === 0) throw wrongForm(source, "among its tensors (none) are no W0, W1... and no layers.0.weight...");
  const modules = [...found].map(([name, own]): Module & { number: number } => {
    const rank = own.weight?.shape.length;
    const kind = own.running_mean ? "batch-norm" : rank === 4 ? "convolution" : rank === 2 ? "dense" : undefined;
    if (!kind)
      throw wrongForm(
        source,
        `"${name}" has a weight of shape [${own.weight?.shape.join(", ") ?? ""}]: no convolution, dense layer or batch normalisation`,
      );
    return { name, kind, parts: own, number: Number(name.match(/\d+/g)?.at(-1) ?? Infinity) };
  });
  const images = modules.some(({ kind }) => kind === "convolution");
  if (ordered && images) return modules;
  const ranks = { "convolution": 0, "batch-norm": 1, "dense": images ? 2 : 0 };
  const numbered = new Set(modules.map(({ number }) => number)).size === modules.length;
  const late = ({ kind }: Module): number => Number(images && !numbered && kind === "dense");
  return modules.sort(
    (a, b) => late(a) - late(b) || (a.number === b.number ? 0 : a.number - b.number) || ranks[a.kind] - ranks[b.kind],
  );
}

/** A part of a module as float32, a copy; `size` zeros where it is missing and may be. */
export function partOf({ name, parts }: Module, part: string, source: string, size?: number): Float32Array {
  const found = parts[part];
  if (!found && size === undefined) throw wrongForm(source, `"${name}" has no ${part}`);
  if (found && !found.dtype.startsWith("float"))
    throw wrongForm(source, `${part} of "${name}" is ${found.dtype} instead of float32`);
  return found ? toFloat32(found).slice() : new Float32Array(size!);
}

/** Weights in a form that nobody knows: IMPORT_INVALID. */
export function wrongForm(source: string, problem: string): DsqnError {
  return new DsqnError("IMPORT_INVALID", `${source}: ${problem}.`, {
    hint: "docs/formats.md shows the forms of weights that can be imported.",
    facts: { source },
  });
}
