import type { Dtype } from "../bridge/schema.ts";

/** Gymnasium's spaces in plain data. Where all bounds of a Box are alike, `low` and `high` are one number. */
export type Space =
  BoxSpace | DiscreteSpace | MultiDiscreteSpace | MultiBinarySpace | TextSpace | TupleSpace | DictSpace | OtherSpace;

export interface BoxSpace {
  readonly type: "box";
  readonly dtype: Dtype | "bool" | "float16";
  readonly shape: readonly number[];
  readonly low: number | readonly number[];
  readonly high: number | readonly number[];
}

/** The n integers from `start` on. */
export interface DiscreteSpace {
  readonly type: "discrete";
  readonly n: number;
  readonly start: number;
  readonly dtype: Dtype;
}

/** Element i is one of the `nvec[i]` integers from `start[i]` on. */
export interface MultiDiscreteSpace {
  readonly type: "multi-discrete";
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly nvec: readonly number[];
  readonly start: readonly number[];
}

export interface MultiBinarySpace {
  readonly type: "multi-binary";
  readonly dtype: Dtype;
  readonly shape: readonly number[];
}

export interface TextSpace {
  readonly type: "text";
  readonly minLength: number;
  readonly maxLength: number;
  readonly characters: string;
}

export interface TupleSpace {
  readonly type: "tuple";
  readonly spaces: readonly Space[];
}

export interface DictSpace {
  readonly type: "dict";
  readonly spaces: Readonly<Record<string, Space>>;
}

/** One that is not known here, by Python's repr; its elements arrive by their repr too. */
export interface OtherSpace {
  readonly type: "other";
  readonly name: string;
  readonly repr: string;
}

/** In the words of Gymnasium: `Box(0, 255, [84, 84], uint8)`. */
export function describeSpace(space: Space): string {
  switch (space.type) {
    case "box":
      return `Box(${bound(space.low)}, ${bound(space.high)}, [${space.shape.join(", ")}], ${space.dtype})`;
    case "discrete":
      return `Discrete(${space.n}${space.start ? `, start=${space.start}` : ""})`;
    case "multi-discrete":
      return `MultiDiscrete([${space.nvec.join(", ")}])`;
    case "multi-binary":
      return `MultiBinary([${space.shape.join(", ")}])`;
    case "text":
      return `Text(${space.minLength}, ${space.maxLength})`;
    case "tuple":
      return `Tuple(${space.spaces.map(describeSpace).join(", ")})`;
    case "dict":
      return `Dict(${Object.entries(space.spaces)
        .map(([name, one]) => `${name}: ${describeSpace(one)}`)
        .join(", ")})`;
    case "other":
      return space.repr;
  }
}

function bound(values: number | readonly number[]): string {
  return typeof values === "number" ? String(values) : `[${values.join(", ")}]`;
}
