import type { Executor } from "./executor.ts";

/** Does nothing: a job whose pieces were done elsewhere is collected, and those that are missing are named. */
export const collector: Executor = {
  name: "collect",
  detaches: false,
  collects: true,
  prepare: async () => undefined,
  run: async () => undefined,
  close: async () => undefined,
};
