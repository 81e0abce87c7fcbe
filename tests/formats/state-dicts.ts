import { encodeSafetensors } from "../../src/files/safetensors.ts";
import { type Tensor, tensor } from "../../src/files/tensor.ts";
import { encodeNpz } from "../../src/formats/npz.ts";
import type { Random } from "../../src/numeric/random.ts";
import { dictOf, legacyFile, op, plainDict, torchTensor } from "./pickles.ts";

/** Something of torch's that has a place in a tree of modules, and the tensors that it keeps there. */
interface Part {
  readonly name: string;
  readonly tensors: Readonly<Record<string, Tensor>>;
}

/** What happens to values on their way: known without reading anything. */
type Step = (x: Float64Array) => Float64Array;

/** A state_dict as somebody could have written it, and what its network computes. */
export interface Generated {
  readonly bytes: Uint8Array;
  readonly extension: string;
  readonly inputs: number;
  forward(x: Float64Array): Float64Array;
  /** What a person would call it. */
  readonly description: string;
  /** Layers with weights, in the order of the forward pass, and whether a ReLU stands behind each but the last. */
  readonly order: readonly string[];
  readonly relu: readonly boolean[];
  /** ReLUs are all the activations there are. */
  readonly rectified: boolean;
  /** All that files don't say is as most people do it: ReLUs behind all layers but the last, and normalisations before them; layers defined in their order. */
  readonly usual: boolean;
}

/** A stretch of layers, its parts in the order of their definition. */
interface Stretch {
  readonly parts: Part[];
  readonly steps: Step[];
  readonly order: string[];
  readonly relu: boolean[];
}

const pick = <T>(random: Random, items: readonly T[]): T => items[random.integer(items.length)];
const chance = (random: Random, p: number): boolean => random.uniform() < p;

function normals(random: Random, n: number): Float32Array {
  return Float32Array.from({ length: n }, () => random.normal() * 0.7);
}

function linear(
  random: Random,
  name: string,
  inputs: number,
  outputs: number,
  bias: boolean,
): { part: Part; step: Step } {
  const weight = normals(random, inputs * outputs);
  const b = bias ? normals(random, outputs) : new Float32Array(outputs);
  const tensors = {
    [`${name}.weight`]: tensor(weight, [outputs, inputs]),
    ...(bias && { [`${name}.bias`]: tensor(b) }),
  };
  const step: Step = (x) =>
    Float64Array.from({ length: outputs }, (_, j) => x.reduce((sum, v, i) => sum + v * weight[j * inputs + i], b[j]));
  return { part: { name, tensors }, step };
}

function normalisation(random: Random, name: string, n: number): { part: Part; step: Step } {
  const [gamma, beta, mean] = [1, 2, 3].map(() => normals(random, n));
  const variance = normals(random, n).map((v) => Math.abs(v) + 0.5);
  const tensors = {
    [`${name}.weight`]: tensor(gamma),
    [`${name}.bias`]: tensor(beta),
    [`${name}.running_mean`]: tensor(mean),
    [`${name}.running_var`]: tensor(variance),
  };
  const step: Step = (x) => x.map((v, c) => ((v - mean[c]) / Math.sqrt(variance[c] + 1e-5)) * gamma[c] + beta[c]);
  return { part: { name, tensors }, step };
}

const rectify: Step = (x) => x.map((v) => Math.max(0, v));
const tanh: Step = (x) => x.map((v) => Math.tanh(v));

interface Habits {
  readonly bias: boolean;
  readonly norm: "none" | "before" | "after";
  /** What stands between layers: mostly a ReLU; none behind one of them; another function. */
  readonly activation: "relu" | "none once" | "tanh";
}

/** Layers of those sizes, in an nn.Sequential with activations as modules. `ends`: with an activation behind the last, too. */
function sequential(random: Random, parent: string, sizes: readonly number[], habits: Habits, ends: boolean): Stretch {
  const made: Stretch = { parts: [], steps: [], order: [], relu: [] };
  const silent = habits.activation === "none once" ? random.integer(Math.max(1, sizes.length - 2)) : -1;
  let at = chance(random, 0.1) ? 1 : 0;
  if (at === 1) made.parts.push({ name: `${parent}0`, tensors: {} });
  for (let l = 0; l + 1 < sizes.length; l++) {
    const last = l + 2 === sizes.length;
    const { part, step } = linear(random, `${parent}${at++}`, sizes[l], sizes[l + 1], habits.bias);
    made.parts.push(part);
    made.steps.push(step);
    made.order.push(part.name);
    const acts = (!last || ends) && l !== silent;
    const norm = (): void => {
      const { part: own, step: does } = normalisation(random, `${parent}${at++}`, sizes[l + 1]);
      made.parts.push(own);
      made.steps.push(does);
      made.order.push(own.name);
    };
    if (acts && habits.norm === "before") {
      made.relu.push(false);
      norm();
    }
    if (acts) {
      made.parts.push({ name: `${parent}${at++}`, tensors: {} });
      made.steps.push(habits.activation === "tanh" ? tanh : rectify);
    }
    if (!last || ends) made.relu.push(acts);
    if (acts && habits.norm === "after") {
      norm();
      if (!last || ends) made.relu.push(false);
    }
    if (acts && chance(random, 0.15)) made.parts.push({ name: `${parent}${at++}`, tensors: {} });
  }
  return made;
}

const styles: readonly ((l: number, last: boolean) => { layer: string; norm: string })[] = [
  (l) => ({ layer: `fc${l + 1}`, norm: `bn${l + 1}` }),
  (l) => ({ layer: `l${l}`, norm: `norm${l}` }),
  (l) => ({ layer: `layers.${l}`, norm: `norms.${l}` }),
  (l) => ({ layer: `blocks.${l}.linear`, norm: `blocks.${l}.bn` }),
  (l, last) => ({ layer: last ? "out" : `hidden${l}`, norm: `bn_${l}` }),
  (l, last) => ({ layer: last ? "head" : `fc_${l + 1}`, norm: `fc_${l + 1}_norm` }),
  (l, last) => ({
    layer: last ? "q" : ["first", "second", "third", "fourth", "fifth"][l],
    norm: ["na", "nb", "nc", "nd", "ne"][l],
  }),
  (l, last) => ({
    layer: last ? "zeta" : ["mid", "alpha", "tail", "body", "core"][l],
    norm: ["x", "w", "y", "v", "u"][l],
  }),
  (l) => ({ layer: `dense_${10 - l}`, norm: `bn_${10 - l}` }),
];

/** Layers with names of their own and activations that are functions, of which a file knows nothing. */
function named(random: Random, parent: string, sizes: readonly number[], habits: Habits): Stretch {
  const made: Stretch = { parts: [], steps: [], order: [], relu: [] };
  const style = pick(random, styles);
  const silent = habits.activation === "none once" ? random.integer(Math.max(1, sizes.length - 2)) : -1;
  for (let l = 0; l + 1 < sizes.length; l++) {
    const last = l + 2 === sizes.length;
    const { layer, norm } = style(l, last);
    const { part, step } = linear(random, `${parent}${layer}`, sizes[l], sizes[l + 1], habits.bias);
    made.parts.push(part);
    made.steps.push(step);
    made.order.push(part.name);
    if (last) continue;
    const acts = l !== silent;
    if (habits.norm !== "none") {
      const own = normalisation(random, `${parent}${norm}`, sizes[l + 1]);
      made.parts.push(own.part);
      made.order.push(own.part.name);
      made.relu.push(habits.norm === "after" && acts);
      if (habits.norm === "after" && acts) made.steps.push(habits.activation === "tanh" ? tanh : rectify);
      made.steps.push(own.step);
      made.relu.push(habits.norm === "before" && acts);
      if (habits.norm === "before" && acts) made.steps.push(habits.activation === "tanh" ? tanh : rectify);
    } else {
      made.relu.push(acts);
      if (acts) made.steps.push(habits.activation === "tanh" ? tanh : rectify);
    }
  }
  return made;
}

const sizesOf = (random: Random, inputs: number, outputs: number, most = 3): number[] => {
  const width = pick(random, [3, 4, 6]);
  const hidden = Array.from({ length: 1 + random.integer(most) }, () =>
    chance(random, 0.6) ? width : pick(random, [2, 3, 4, 5, 6]),
  );
  return [inputs, ...hidden, outputs];
};

function joined(a: Stretch, b: Stretch, between: boolean, by: Step = rectify): Stretch {
  return {
    parts: [...a.parts, ...b.parts],
    steps: [...a.steps, ...(between && a.relu.length < a.order.length ? [by] : []), ...b.steps],
    order: [...a.order, ...b.order],
    relu: [...a.relu, ...(a.relu.length < a.order.length ? [between] : []), ...b.relu],
  };
}

const run =
  (steps: readonly Step[]): Step =>
  (x) =>
    steps.reduce((value, step) => step(value), x);

/** A random network, in a random tree of modules, with random names, and what else lies in such files. */
export function generated(random: Random): Generated {
  const [inputs, outputs] = [pick(random, [2, 3, 4, 4, 6]), pick(random, [2, 3, 4])];
  const habits: Habits = {
    bias: chance(random, 0.85),
    norm: pick(random, ["none", "none", "none", "before", "after"]),
    activation: pick(random, [...Array.from({ length: 8 }, () => "relu" as const), "none once", "tanh"]),
  };
  const kind = pick(random, ["sequential", "named", "named", "two sequentials", "dueling", "side by side", "encoder"]);
  const prefix = pick(random, ["", "", "", "model.", "module.", "_orig_mod.", "agent.net.", "q_net.q_net."]);
  const sizes = sizesOf(random, inputs, outputs);
  let whole: Stretch;
  let forward: Step | undefined;
  let between = true;
  if (kind === "sequential") whole = sequential(random, prefix, sizes, habits, false);
  else if (kind === "named") whole = named(random, prefix, sizes, habits);
  else if (kind === "two sequentials" || kind === "encoder") {
    const cut = 1 + random.integer(sizes.length - 2);
    const [first, second] =
      kind === "encoder"
        ? ["encoder.", "head."]
        : pick(random, [
            ["features.", "head."],
            ["net1.", "net2."],
            ["body.", "zz."],
            ["z_trunk.", "a_out."],
          ]);
    const ends = chance(random, 0.5);
    const a =
      kind === "encoder"
        ? named(random, prefix + first, sizes.slice(0, cut + 1), habits)
        : sequential(random, prefix + first, sizes.slice(0, cut + 1), habits, ends);
    const b = sequential(random, prefix + second, sizes.slice(cut), habits, false);
    // Where no module says so there may be a function between, or nothing.
    between = chance(random, 0.7);
    whole = joined(a, b, between, habits.activation === "tanh" ? tanh : rectify);
  } else if (kind === "dueling") {
    const trunk = sequential(random, `${prefix}trunk.`, sizes.slice(0, 2), habits, true);
    const stream = [sizes[1], ...Array.from({ length: random.integer(2) }, () => pick(random, [3, 4]))];
    const names = pick(random, [
      ["value", "advantage"],
      ["val", "adv"],
      ["value_stream", "advantage_stream"],
      ["v_head", "a_head"],
    ]);
    const plain = { ...habits, norm: "none" } as const;
    const [v, a] = [1, outputs].map((n, k) =>
      sequential(random, `${prefix}${names[k]}.`, [...stream, n], plain, false),
    );
    whole = joined(trunk, joined(v, a, false), false);
    const shared = run(trunk.steps);
    forward = (x) => {
      const seen = shared(x);
      const [[value], advantage] = [run(v.steps)(seen), run(a.steps)(seen)];
      const mean = advantage.reduce((sum, y) => sum + y, 0) / advantage.length;
      return advantage.map((y) => value + y - mean);
    };
  } else {
    const names = pick(random, [
      ["actor", "critic"],
      ["q_net", "q_net_target"],
      ["policy_net", "target_net"],
      ["qf1", "qf2"],
      ["a", "b"],
      ["online", "target"],
    ]);
    const same = names[0] !== "actor";
    const a = named(random, `${prefix}${names[0]}.`, sizes, habits);
    const b = same
      ? renamed(a, `${prefix}${names[0]}.`, `${prefix}${names[1]}.`, random)
      : named(random, `${prefix}${names[1]}.`, [...sizes.slice(0, -1), 1], habits);
    whole = { ...a, parts: [...a.parts, ...b.parts] };
  }
  const wanted = forward ?? run(whole.steps);
  const description = `${kind}, ${JSON.stringify({ ...habits, prefix, sizes })}`;
  const file = written(random, whole, description);
  const rectified = habits.activation !== "tanh";
  const usual =
    habits.activation === "relu" && habits.norm !== "after" && between && !file.description.includes("another order");
  return { ...file, inputs, forward: wanted, order: whole.order, relu: whole.relu, rectified, usual };
}

/** The same layers under other names, with other values. */
function renamed(stretch: Stretch, from: string, to: string, random: Random): Stretch {
  const name = (old: string): string => to + old.slice(from.length);
  const parts = stretch.parts.map((part) => ({
    name: name(part.name),
    tensors: Object.fromEntries(
      Object.entries(part.tensors).map(([key, { shape, data }]) => [
        name(key),
        tensor(normals(random, data.length).map(Math.abs), shape),
      ]),
    ),
  }));
  return { ...stretch, parts };
}

function shuffled<T>(random: Random, items: readonly T[]): T[] {
  const result = [...items];
  for (let k = result.length - 1; k > 0; k--) {
    const other = random.integer(k + 1);
    [result[k], result[other]] = [result[other], result[k]];
  }
  return result;
}

/** Tensors as torch pickles them, each in a storage of its own. */
export function torchEntries(tensors: Readonly<Record<string, Tensor>>): {
  entries: Record<string, number[]>;
  storages: Record<string, Float32Array>;
} {
  const storages: Record<string, Float32Array> = {};
  const entries = Object.fromEntries(
    Object.entries(tensors).map(([name, { data, shape }], k) => {
      storages[`s${k}`] = data as Float32Array;
      const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((a, b) => a * b, 1));
      return [name, torchTensor(`s${k}`, data.length, [...shape], strides)];
    }),
  );
  return { entries, storages };
}

/** As a file: torch's with or without metadata, in a checkpoint or alone, safetensors (sorted by name) or .npz. */
function written(
  random: Random,
  { parts }: Stretch,
  description: string,
): Pick<Generated, "bytes" | "extension" | "description"> {
  const format = pick(random, [
    "torch",
    "torch",
    "torch",
    "torch without metadata",
    "checkpoint",
    "safetensors",
    "npz",
  ]);
  const defined = format !== "safetensors" && chance(random, 0.25) ? shuffled(random, parts) : parts;
  const says = `${description}, ${format}${defined === parts ? "" : ", defined in another order"}`;
  const tensors = Object.fromEntries(defined.flatMap((part) => Object.entries(part.tensors)));
  if (format === "safetensors") {
    const sorted = Object.fromEntries(
      Object.keys(tensors)
        .sort()
        .map((name) => [name, tensors[name]]),
    );
    return { bytes: encodeSafetensors(sorted), extension: "safetensors", description: says };
  }
  if (format === "npz") return { bytes: encodeNpz(tensors), extension: "npz", description: says };
  const { entries, storages } = torchEntries(tensors);
  const tree = new Set(
    defined.flatMap(({ name }) => name.split(".").map((_, k, path) => path.slice(0, k + 1).join("."))),
  );
  const state = dictOf(entries, format === "torch without metadata" ? false : [...tree]);
  if (format !== "checkpoint") return { bytes: legacyFile(state, storages), extension: "pt", description: says };
  storages.moments = Float32Array.of(1, 2, 3, 4);
  const moments = torchTensor("moments", 4, [4], [1]);
  const optimizer = plainDict({ state: plainDict({ "0": plainDict({ exp_avg: moments }) }), param_groups: op.int(0) });
  const checkpoint = plainDict({
    epoch: op.int(3),
    [pick(random, ["model_state_dict", "state_dict", "net", "weights"])]: state,
    optimizer,
  });
  return { bytes: legacyFile(checkpoint, storages), extension: "pt", description: says };
}
