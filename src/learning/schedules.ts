import * as z from "zod/mini";
import { pow } from "../numeric/elementary.ts";

/** How a number changes with the environment steps done. */
export const scheduleSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("constant"), value: z.number() }),
  /** From `start` to `end` in a straight line over `steps`, then `end`. */
  z.strictObject({
    kind: z.literal("linear"),
    start: z.number(),
    end: z.number(),
    steps: z.number().check(z.positive()),
  }),
  /** max(end, start * decay^step): what the original calls "linear" (docs/deviations.md, 13). */
  z.strictObject({
    kind: z.literal("exponential"),
    start: z.number(),
    end: z.number(),
    decay: z.number().check(z.gt(0), z.lte(1)),
  }),
]);

export type Schedule = z.infer<typeof scheduleSchema>;

/** The value of `schedule` after `step` steps. */
export function valueAt(schedule: Schedule, step: number): number {
  switch (schedule.kind) {
    case "constant":
      return schedule.value;
    case "linear":
      return schedule.start + (schedule.end - schedule.start) * Math.min(1, step / schedule.steps);
    case "exponential":
      return Math.max(schedule.end, schedule.start * pow(schedule.decay, step));
  }
}
