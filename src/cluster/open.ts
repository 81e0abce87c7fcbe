import { nearest, UsageError } from "../errors.ts";
import type { Executor } from "./executor.ts";

/** Where pieces can run, by the name that `--on` knows; what follows a colon is the executor's own matter. Loaded when named. */
export const executors: Record<
  string,
  { readonly summary: string; readonly open: (place?: string) => Promise<Executor> }
> = {
  processes: {
    summary: "processes of this machine, processes:N for N cores",
    open: async (place) => (await import("./processes.ts")).openProcesses(place),
  },
  slurm: {
    summary: "an array job of Slurm, slurm:PARTITION",
    open: async (place) => (await import("./slurm/index.ts")).openSlurm(place),
  },
  collect: {
    summary: "nowhere: only collects what is done",
    open: async () => (await import("./collect.ts")).collector,
  },
  ray: {
    summary: "a Ray cluster, ray:HOST:PORT or ray:auto; without an address one of this machine's own",
    open: async (place) => (await import("./ray/index.ts")).openRay(place),
  },
};

/**
 * The executor that `--on` names.
 *
 * @example
 * const executor = await openExecutor("processes:4");
 */
export async function openExecutor(on: string): Promise<Executor> {
  const [, name, , place] = /^([^:]*)(:(.*))?$/s.exec(on)!;
  if (Object.hasOwn(executors, name)) return executors[name].open(place);
  const meant = nearest(name, Object.keys(executors));
  throw new UsageError("BAD_ARGUMENT", `Nothing runs on "${name}".`, {
    hint: `--on takes ${Object.keys(executors).join(", ")}${meant === undefined ? "" : `; did you mean ${meant}?`}`,
  });
}
