import { DsqnError } from "../../errors.ts";
import { type Tensor, toFloat32 } from "../../files/tensor.ts";

/** Hands out a file's tensors by name, as float32. */
export interface Taker {
  /** Of a float type, and of the shape asked for, or of any of so many dimensions. */
  (name: string, shape: readonly number[] | number): Float32Array;
  /** Likewise a list of values; null where there is none of that name. */
  optional(name: string): Float32Array | null;
  /** Of a tensor that nobody has taken. */
  shapeOf(name: string): readonly number[] | undefined;
  /** Counts weights that the file has once and the network many times: of all layers they must fit into memory. */
  repeat(name: string, weights: number): void;
  /** Complains of any that nobody took. */
  finish(): void;
}

/** What a file says in a few bytes must not fill the memory. */
const LARGEST_REPEATED = 2 ** 27;

export function taker(tensors: Readonly<Record<string, Tensor>>, source: string): Taker {
  const left = new Set(Object.keys(tensors));
  let weights = 0;
  const take = (name: string, wanted: readonly number[] | number): Float32Array => {
    const wrong = (problem: string): never =>
      invalid(source, `tensor "${name}" ${problem}`, { facts: { tensor: name } });
    if (!left.delete(name)) return wrong("is missing");
    const { dtype, shape } = tensors[name];
    if (!dtype.startsWith("float")) wrong(`is ${dtype} instead of float32`);
    if (typeof wanted === "number" ? shape.length !== wanted : shape.join() !== wanted.join())
      wrong(
        `has shape [${shape.join(", ")}] instead of ${typeof wanted === "number" ? `${wanted} dimension(s)` : `[${wanted.join(", ")}]`}`,
      );
    return toFloat32(tensors[name]);
  };
  const finish = () => {
    for (const name of left) invalid(source, `tensor "${name}" belongs to no layer`, { facts: { tensor: name } });
  };
  return Object.assign(take, {
    optional: (name: string) => (left.has(name) ? take(name, 1) : null),
    shapeOf: (name: string) => (left.has(name) ? tensors[name].shape : undefined),
    repeat(name: string, more: number) {
      if ((weights += more) > LARGEST_REPEATED)
        invalid(source, `with tensor "${name}" its populations have over 2^27 weights`);
    },
    finish,
  });
}

/** A model file that is none: MODEL_INVALID. */
export function invalid(
  source: string,
  problem: string,
  options: ConstructorParameters<typeof DsqnError>[2] = {},
): never {
  throw new DsqnError("MODEL_INVALID", `${source}: ${problem}.`, options);
}
