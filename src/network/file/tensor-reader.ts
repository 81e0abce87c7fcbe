import { DsqnError } from "../../errors.ts";
import type { Tensor } from "../../files/tensor.ts";

/** Hands out a file's tensors by name, each of a float type and of the rank asked for. */
export interface Taker {
  (name: string, rank: number): Tensor;
  /** Whether it is there and nobody has taken it. */
  has(name: string): boolean;
  /** Complains of any that nobody took. */
  finish(): void;
}

export function taker(tensors: Readonly<Record<string, Tensor>>, source: string): Taker {
  const left = new Set(Object.keys(tensors));
  const take = (name: string, rank: number): Tensor => {
    const wrong = (problem: string): never =>
      invalid(source, `tensor "${name}" ${problem}`, { facts: { tensor: name } });
    if (!left.delete(name)) return wrong("is missing");
    const { dtype, shape } = tensors[name];
    if (!dtype.startsWith("float")) wrong(`is ${dtype} instead of float32`);
    if (shape.length !== rank) wrong(`has shape [${shape.join(", ")}] instead of ${rank} dimension(s)`);
    return tensors[name];
  };
  const finish = () => {
    for (const name of left) invalid(source, `tensor "${name}" belongs to no layer`, { facts: { tensor: name } });
  };
  return Object.assign(take, { has: (name: string) => left.has(name), finish });
}

/** A model file that is none: MODEL_INVALID. */
export function invalid(
  source: string,
  problem: string,
  options: ConstructorParameters<typeof DsqnError>[2] = {},
): never {
  throw new DsqnError("MODEL_INVALID", `${source}: ${problem}.`, options);
}
