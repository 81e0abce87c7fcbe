import type { Extra } from "../setup/python-environment.ts";

/** The interpreter for a worker: the one named, else `DSQN_PYTHON`, else the managed environment, set up if it has to be. */
export async function interpreter(options: {
  python?: string;
  extras?: readonly Extra[];
  signal?: AbortSignal;
}): Promise<string> {
  if (options.python) return options.python;
  const { ensurePython } = await import("../setup/python-environment.ts");
  const { python } = await ensurePython([...(options.extras ?? ["base"])], { signal: options.signal });
  return python;
}
