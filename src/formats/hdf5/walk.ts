import type { Tensor } from "../../files/tensor.ts";
import { damaged } from "./bytes.ts";
import type { Hdf5Array, Hdf5Group } from "./read.ts";

/** All arrays below a group, with their paths from there ("a/b"), depth first; none is read yet. */
export function* arraysIn(group: Hdf5Group, before = ""): Generator<[path: string, array: Hdf5Array]> {
  for (const name of group.names) {
    const found = group.member(name)!;
    if (found.kind === "array") yield [`${before}${name}`, found];
    else yield* arraysIn(found, `${before}${name}/`);
  }
}

/** An array of numbers; HDF5_INVALID for text and for none at all. */
export function tensorOf(array: Hdf5Array, source: string): Tensor {
  const values = array.read();
  if (values === null || values.dtype === "text")
    throw damaged({ name: source }, `"${array.path}" holds ${values ? "text" : "nothing"} instead of numbers`);
  return values;
}

/** The one text in an array or attribute; undefined where there is none, or it is none. */
export function textIn(values: ReturnType<Hdf5Array["read"]> | undefined): string | undefined {
  return values?.dtype === "text" && values.data.length === 1 ? values.data[0] : undefined;
}
