import { DsqnError } from "../errors.ts";
import { type Tensor, toFloat32 } from "../files/tensor.ts";

/** The tensors that belong together, as those of one torch module. */
export interface Module {
  readonly name: string;
  readonly kind: "convolution" | "batch-norm" | "dense";
  /** weight, bias, running_mean, running_var */
  readonly parts: Readonly<Record<string, Tensor>>;
}

/** What names look like: torch's, its noisy layers' (Fortunato et al. 2017), the original's arrays, and those given to lists without names. */
const patterns = [
  /^(?:(?<module>.*)\.)?(?<part>weight|bias|running_mean|running_var|num_batches_tracked)$/,
  /^(?:(?<module>.*)\.)?(?<part>(weight|bias)_(mu|sigma|epsilon))$/,
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
  weight_mu: "weight",
  bias_mu: "bias",
};
/** What training needs, and an evaluation doesn't. */
const TRAINING = /^(num_batches_tracked|(weight|bias)_(sigma|epsilon))$/;

/** Tensors of modules that have no counterpart here, by a name or a part that only they have. */
const strangers: readonly (readonly [RegExp, string])[] = [
  [/(^|\.)(weight|bias)_(ih|hh)(_l\d+)?(_reverse)?$/, "a recurrent layer (RNN, LSTM or GRU)"],
  [/(^|\.)in_proj_(weight|bias)$/, "an attention"],
  [/(^|\.)(weight_(g|v|orig|u)|parametrizations\..*|.*\.parametrizations\..*)$/, "a weight or spectral normalisation"],
];

/** Whether a name is that of a layer's weights. */
export function isWeightName(name: string): boolean {
  return patterns.some((pattern) => /^(weight|W|weights|weight_mu)$/.test(pattern.exec(name)?.groups?.part ?? ""));
}

/** What could be made of a file's tensors: layers, and the names of what belongs to none. */
export interface Found {
  /** In the order of the file. */
  readonly modules: readonly Module[];
  readonly others: readonly string[];
  /** Modules of noisy layers, of which the means were taken. */
  readonly noisy: readonly string[];
}

/** A file's tensors as modules. What has weights of a shape that no layer has is refused by name, and so is an empty tensor. */
export function modulesOf(tensors: Readonly<Record<string, Tensor>>, source: string): Found {
  const found = new Map<string, Record<string, Tensor>>();
  const others: string[] = [];
  const noisy = new Set<string>();
  for (const [name, tensor] of Object.entries(tensors)) {
    const stranger = strangers.find(([pattern]) => pattern.test(name));
    if (stranger) throw unsupported(source, name, stranger[1]);
    const groups = patterns.map((pattern) => pattern.exec(name)?.groups).find(Boolean);
    if (!groups) {
      others.push(name);
      continue;
    }
    const { module = "", part } = groups;
    if (TRAINING.test(part)) continue;
    // Shapes of no values may name any sizes.
    if (tensor.shape.includes(0)) throw wrongForm(source, `tensor "${name}" is empty`);
    if (part.endsWith("_mu")) noisy.add(module);
    found.set(module, { ...found.get(module), [parts[part] ?? part]: tensor });
  }
  const modules = [...found].map(([name, own]): Module => ({ name, kind: kindOf(name, own, source), parts: own }));
  return { modules, others, noisy: [...noisy] };
}

function kindOf(
  name: string,
  { weight, bias, running_mean: mean, running_var: variance }: Readonly<Record<string, Tensor>>,
  source: string,
): Module["kind"] {
  const rank = weight?.shape.length;
  if (mean && variance && mean.shape.length === 1 && (rank === undefined || rank === 1)) return "batch-norm";
  if (rank === 4) return "convolution";
  if (rank === 2) return "dense";
  if (rank === 3) throw unsupported(source, `${name}.weight`, "a one-dimensional convolution");
  if (rank === 5) throw unsupported(source, `${name}.weight`, "a three-dimensional convolution");
  if (rank === 1 && bias?.shape.join() === weight.shape.join() && !mean)
    throw unsupported(
      source,
      `${name}.weight`,
      "a LayerNorm or GroupNorm, or a batch normalisation without running statistics",
    );
  if (rank === 1 && !bias && weight.shape[0] === 1) throw unsupported(source, `${name}.weight`, "a PReLU");
  throw wrongForm(
    source,
    `"${name}" has a weight of shape [${weight?.shape.join(", ") ?? ""}]: no convolution, dense layer or batch normalisation`,
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

/** Values that go in and come out of a dense layer (weights [outputs, inputs], or the other way round), channels of the other kinds. */
export function sizesOf({ kind, parts }: Module, inputsFirst = false): { inputs: number; outputs: number } {
  if (kind === "batch-norm") return { inputs: parts.running_mean.shape[0], outputs: parts.running_mean.shape[0] };
  const [first, second] = parts.weight.shape;
  return inputsFirst ? { inputs: first, outputs: second } : { inputs: second, outputs: first };
}

/** Names in a message: the first few of them. */
export function listed(names: readonly string[], most = 8): string {
  const shown = names.slice(0, most).map((name) => `"${name}"`);
  return names.length > most ? `${shown.join(", ")} and ${names.length - most} more` : shown.join(", ");
}

/** Weights in a form that nobody knows: IMPORT_INVALID. */
export function wrongForm(source: string, problem: string, hint?: string): DsqnError {
  return new DsqnError("IMPORT_INVALID", `${source}: ${problem}.`, {
    hint: hint ?? "docs/formats.md shows the forms of weights that can be imported.",
    facts: { source },
  });
}

function unsupported(source: string, tensor: string, what: string): DsqnError {
  return new DsqnError(
    "LAYER_UNSUPPORTED",
    `${source}: "${tensor}" belongs to ${what}, which networks here don't have.`,
    {
      hint: "docs/formats.md lists the layers that can be taken. Parts of a network: --layers a,b,c names those to take.",
      facts: { source, tensor },
    },
  );
}
