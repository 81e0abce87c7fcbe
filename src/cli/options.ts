import { UsageError } from "../errors.ts";

/** A commander parser for whole numbers of at least `min`. */
export function integer(min = 0): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!Number.isInteger(value) || value < min)
      throw new UsageError("BAD_ARGUMENT", `"${text}" is not a whole number of at least ${min}.`);
    return value;
  };
}

/** A commander parser for numbers within [min, max]. */
export function real(min = -Infinity, max = Infinity): (text: string) => number {
  return (text) => {
    const value = text.trim() === "" ? NaN : Number(text);
    if (!(value >= min && value <= max)) throw new UsageError("BAD_ARGUMENT", `"${text}" is not a number between ${min} and ${max}.`);
    return value;
  };
}
