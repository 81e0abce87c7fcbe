import { UsageError } from "../../errors.ts";
import type { OptimizerState } from "./optimizer.ts";

/** The state that the optimisers share: a step counter and running moments of the size of the parameters. */
export interface Moments {
  steps: number;
  readonly moments: readonly Float32Array[];
}

export function createMoments(size: number, count: number): Moments {
  checkSize(size);
  return { steps: 0, moments: Array.from({ length: count }, () => new Float32Array(size)) };
}

export function checkSize(size: number): void {
  if (!Number.isInteger(size) || size < 1)
    throw new UsageError("OPTIMIZER_SIZE", `An optimiser needs at least one parameter, not ${size}.`);
}

export function saveMoments({ steps, moments }: Moments): OptimizerState {
  return { steps, moments: moments.map((m) => m.slice()) };
}

export function restoreMoments(into: Moments, from: OptimizerState): void {
  const fits =
    from.moments.length === into.moments.length && from.moments.every((m, i) => m.length === into.moments[i].length);
  if (!fits || !Number.isInteger(from.steps) || from.steps < 0)
    throw new UsageError("OPTIMIZER_STATE", "The saved optimiser state belongs to another optimiser or network.", {
      hint: "Resume with the optimiser and network shape of the run that saved it.",
      facts: {
        saved: from.moments.map((m) => m.length),
        expected: into.moments.map((m) => m.length),
        steps: from.steps,
      },
    });
  into.steps = from.steps;
  from.moments.forEach((m, i) => into.moments[i].set(m));
}

/** Throws unless both arrays have the length that the optimiser was made for. */
export function checkLengths(size: number, parameters: Float32Array, gradients: Float32Array): void {
  if (parameters.length !== size || gradients.length !== size)
    throw new UsageError(
      "OPTIMIZER_SIZE",
      `The optimiser was made for ${size} parameters, not ${parameters.length} with ${gradients.length} gradients.`,
    );
}
