import type { NdArray, TypedArray } from "../bridge/arrays.ts";
import { sizeOf } from "../files/tensor.ts";
import type { Space } from "./space.ts";

/**
 * An element of a space: typed arrays for Box, MultiDiscrete and MultiBinary (row-major, the space has the shape), a number for
 * Discrete (a typed array [N] from a vector of environments), a string for Text, arrays and records of these for Tuple and Dict.
 * Integers that Gymnasium keeps in int64 come as Int32Array where the space has no larger ones.
 */
export type Observation =
  TypedArray | number | bigint | string | readonly Observation[] | { readonly [name: string]: Observation };

export interface Received {
  readonly plain: Readonly<Record<string, unknown>>;
  readonly arrays: Readonly<Record<string, NdArray>>;
}

/** Finds the elements of `space` in what the worker sent: of one environment, or of a vector of them ([N, ...] each). */
export function observationDecoder(space: Space, single: boolean, path = "o"): (received: Received) => Observation {
  switch (space.type) {
    case "tuple": {
      const parts = space.spaces.map((one, index) => observationDecoder(one, single, `${path}.${index}`));
      return (received) => parts.map((part) => part(received));
    }
    case "dict": {
      const parts = Object.entries(space.spaces).map(
        ([name, one]) => [name, observationDecoder(one, single, `${path}.${name}`)] as const,
      );
      return (received) => Object.fromEntries(parts.map(([name, part]) => [name, part(received)]));
    }
    case "discrete":
      return ({ arrays }) => (single ? arrays[path].data[0] : arrays[path].data);
    case "text":
    case "other":
      return ({ plain }) => {
        const values = plain[path] as string[];
        return single ? values[0] : values;
      };
    default:
      return ({ arrays }) => arrays[path].data;
  }
}

/** Numbers in one observation, for networks that take it flat. Undefined for spaces that are not one Box, MultiDiscrete or MultiBinary. */
export function flatSize(space: Space): number | undefined {
  return "shape" in space ? sizeOf(space.shape) : undefined;
}
