import type { TieRule } from "./network.ts";

/** The index of the largest of `values[offset .. offset + count)`, relative to offset; `rule` decides between equal ones. */
export function argmax(
  values: ArrayLike<number>,
  offset = 0,
  count = values.length - offset,
  rule: TieRule = "first",
  potentials: ArrayLike<number> = values,
): number {
  let best = 0;
  for (let i = 1; i < count; i++) {
    const a = values[offset + i];
    const b = values[offset + best];
    if (a > b) best = i;
    else if (
      a === b &&
      (rule === "last" || (rule === "potential" && potentials[offset + i] > potentials[offset + best]))
    )
      best = i;
  }
  return best;
}
