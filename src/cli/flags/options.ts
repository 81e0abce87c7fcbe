import { nearest, UsageError } from "../../errors.ts";

/** A commander parser for whole numbers of at least `min`. */
export function integer(min = 0): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!Number.isSafeInteger(value) || value < min)
      throw new UsageError("BAD_ARGUMENT", `"${text}" is not a whole number of at least ${min}.`);
    return value;
  };
}

/** A commander parser for numbers within [min, max]. */
export function real(min = -Infinity, max = Infinity): (text: string) => number {
  return (text) => {
    const value = text.trim() === "" ? NaN : Number(text);
    if (!(value >= min && value <= max))
      throw new UsageError("BAD_ARGUMENT", `"${text}" is not a number between ${min} and ${max}.`);
    return value;
  };
}

/** A commander parser for one of `names`. */
export function choice<T extends string>(...names: readonly T[]): (text: string) => T {
  return (text) => {
    const found = names.find((name) => name === text);
    if (found !== undefined) return found;
    const meant = nearest(text, names);
    throw new UsageError(
      "BAD_ARGUMENT",
      `"${text}" is none of ${names.join(", ")}.`,
      meant ? { hint: `Did you mean "${meant}"?` } : {},
    );
  };
}
