import { dtypeOf, type NdArray, ndarray, type TypedArray } from "../bridge/arrays.ts";
import { DsqnError } from "../errors.ts";
import { sizeOf } from "../files/tensor.ts";
import { type BoxSpace, describeSpace, type DiscreteSpace, type Space } from "./space.ts";

/** Numbers for one environment: one for Discrete, as many as the space's shape has elements else; nested for Tuple and Dict. */
export type Action = number | ArrayLike<number> | string | readonly Action[] | { readonly [name: string]: Action };

export interface Sent {
  readonly plain: Record<string, unknown>;
  readonly arrays: Record<string, NdArray>;
}

type Encode = (action: unknown, sent: Sent) => void;

/**
 * Checks actions for `count` environments against `space` and puts them into arrays, [count, ...] each. Anything that the space does
 * not contain (shape, type, range, NaN) throws ACTION_INVALID before anything is sent.
 */
export function actionEncoder(space: Space, count: number, path = "a"): Encode {
  switch (space.type) {
    case "discrete": {
      const last = space.start + space.n - 1;
      const bounds = [space.start, last] as const;
      return integers(space, [count], path, () => bounds);
    }
    case "multi-discrete": {
      const { nvec, start } = space;
      return integers(space, [count, ...space.shape], path, (i) => [
        start[i % nvec.length],
        start[i % nvec.length] + nvec[i % nvec.length] - 1,
      ]);
    }
    case "multi-binary":
      return integers(space, [count, ...space.shape], path, () => [0, 1]);
    case "box":
      return reals(space, count, path);
    case "tuple": {
      const parts = space.spaces.map((one, index) => actionEncoder(one, count, `${path}.${index}`));
      return (action, sent) => {
        if (!Array.isArray(action) || action.length !== parts.length) throw invalid(space, `got ${show(action)}`);
        parts.forEach((part, index) => part(action[index], sent));
      };
    }
    case "dict": {
      const parts = Object.entries(space.spaces).map(
        ([name, one]) => [name, actionEncoder(one, count, `${path}.${name}`)] as const,
      );
      return (action, sent) => {
        const given = action as Record<string, unknown>;
        if (typeof action !== "object" || action === null || Object.keys(action).length !== parts.length)
          throw invalid(space, `got ${show(action)}`);
        for (const [name, part] of parts) part(given[name], sent);
      };
    }
    default:
      return (action, sent) => {
        const all = count === 1 && typeof action === "string" ? [action] : action;
        if (!Array.isArray(all) || all.length !== count) throw invalid(space, `got ${show(action)}`);
        sent.plain[path] = all;
      };
  }
}

type Bounds = (index: number) => readonly [least: number, most: number];

function integers(
  space: Exclude<Space, BoxSpace | { type: "tuple" | "dict" }> | DiscreteSpace,
  shape: number[],
  path: string,
  bounds: Bounds,
): Encode {
  const size = sizeOf(shape);
  return (action, sent) => {
    const values = numbers(space, action, size);
    for (let i = 0; i < size; i++) {
      const [least, most] = bounds(i);
      const value = values[i];
      if (!Number.isInteger(value) || value < least || value > most)
        throw invalid(space, `element ${i} is ${String(value)}`);
    }
    const data = values instanceof Int32Array ? values : Int32Array.from(values);
    sent.arrays[path] = { dtype: "int32", shape, data };
  };
}

function reals(space: BoxSpace, count: number, path: string): Encode {
  const shape = [count, ...space.shape];
  const size = sizeOf(shape);
  const each = sizeOf(space.shape);
  const whole = !space.dtype.startsWith("float");
  const at = (bound: number | readonly number[], i: number): number =>
    typeof bound === "number" ? bound : bound[i % each];
  return (action, sent) => {
    const values = numbers(space, action, size);
    for (let i = 0; i < size; i++) {
      const value = values[i];
      const fits = value >= at(space.low, i) && value <= at(space.high, i) && (!whole || Number.isInteger(value));
      if (!fits) throw invalid(space, `element ${i} is ${String(value)}`);
    }
    const same = !Array.isArray(values) && dtypeOf(values as TypedArray) === space.dtype;
    const data = same
      ? (values as TypedArray)
      : space.dtype === "float32"
        ? Float32Array.from(values)
        : Float64Array.from(values);
    sent.arrays[path] = ndarray(data, shape);
  };
}

/** `action` as `size` numbers; a single number stands for itself. */
function numbers(space: Space, action: unknown, size: number): ArrayLike<number> {
  const values = typeof action === "number" ? [action] : action;
  const list = Array.isArray(values) || (ArrayBuffer.isView(values) && !(values instanceof DataView));
  if (!list) throw invalid(space, `got ${show(action)}`);
  if ((values as ArrayLike<number>).length !== size)
    throw invalid(space, `got ${(values as ArrayLike<number>).length} number(s) instead of ${size}`);
  return values as ArrayLike<number>;
}

function invalid(space: Space, what: string): DsqnError {
  return new DsqnError("ACTION_INVALID", `The action does not belong to ${describeSpace(space)}: ${what}.`, {
    hint: "One action for each environment, within the action space. Nothing was stepped.",
    facts: { space: describeSpace(space) },
  });
}

function show(value: unknown): string {
  return (JSON.stringify(value) ?? String(value)).slice(0, 80);
}
