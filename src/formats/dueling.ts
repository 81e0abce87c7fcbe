import { UsageError } from "../errors.ts";
import { type Tensor, tensor } from "../files/tensor.ts";
import { type Module, partOf, sizesOf } from "./modules.ts";
import { inOrder } from "./order.ts";

/** A trunk, and two streams that both see what it puts out (Wang et al. 2016). */
export interface Dueling {
  /** In order: what both share, then each stream. */
  readonly trunk: readonly Module[];
  readonly value: readonly Module[];
  readonly advantage: readonly Module[];
}

const ADVANTAGE = /adv/i;
const VALUE = /(^|[._])(v|val|vs|vf)([._\d]|$)|value/i;

/** The streams of a dueling network by their names, each in its order; undefined where no names say so, or their sizes don't fit. */
export function duelingOf(modules: readonly Module[], ordered: boolean, source: string): Dueling | undefined {
  const advantage = modules.filter(({ name }) => ADVANTAGE.test(name));
  const value = modules.filter(({ name }) => !ADVANTAGE.test(name) && VALUE.test(name));
  if (advantage.length === 0 || value.length === 0) return undefined;
  const trunk = modules.filter((module) => !advantage.includes(module) && !value.includes(module));
  const [spine, a, v] = [[...trunk, ...advantage], advantage, value].map((part) => inOrder(part, ordered, source));
  if (!spine || !a || !v || sizesOf(v.modules.at(-1)!).outputs !== 1) return undefined;
  if (sizesOf(a.modules[0]).inputs !== sizesOf(v.modules[0]).inputs) return undefined;
  const alike =
    a.modules.length === v.modules.length && [...a.modules, ...v.modules].every(({ kind }) => kind === "dense");
  if (!alike)
    throw new UsageError(
      "LAYER_UNSUPPORTED",
      `${source}: its value and advantage streams differ in their layers, which can't be folded into one.`,
      {
        hint: "Streams with as many dense layers each can. Or take one of them: --layers a,b,c.",
        facts: { source, value: value.map(({ name }) => name), advantage: advantage.map(({ name }) => name) },
      },
    );
  const shared = spine.modules.filter((module) => trunk.includes(module));
  return { trunk: shared, value: v.modules, advantage: a.modules };
}

/**
 * Both streams as one: layers of the values of both side by side, which see nothing of each other, the last of them (V, A_1, ..., A_n), of which
 * `foldDueling` makes one value per action.
 */
export function stacked({ value, advantage }: Dueling, source: string): Module[] {
  return value.map((v, l) => {
    const a = advantage[l];
    const [sizesV, sizesA] = [sizesOf(v), sizesOf(a)];
    const together = l === 0;
    const inputs = together ? sizesV.inputs : sizesV.inputs + sizesA.inputs;
    const weights = new Float32Array((sizesV.outputs + sizesA.outputs) * inputs);
    place(partOf(v, "weight", source), sizesV.inputs, weights, inputs, 0, 0);
    place(partOf(a, "weight", source), sizesA.inputs, weights, inputs, sizesV.outputs, together ? 0 : sizesV.inputs);
    const bias = new Float32Array(sizesV.outputs + sizesA.outputs);
    bias.set(partOf(v, "bias", source, sizesV.outputs));
    bias.set(partOf(a, "bias", source, sizesA.outputs), sizesV.outputs);
    const parts: Record<string, Tensor> = { weight: tensor(weights, [bias.length, inputs]), bias: tensor(bias) };
    return { name: `${v.name} and ${a.name}`, kind: "dense", parts };
  });
}

/** Rows of `columns` values into a matrix of `width` columns, from a row and column on. */
function place(
  rows: Float32Array,
  columns: number,
  into: Float32Array,
  width: number,
  row: number,
  column: number,
): void {
  for (let r = 0; r * columns < rows.length; r++)
    into.set(rows.subarray(r * columns, (r + 1) * columns), (row + r) * width + column);
}
