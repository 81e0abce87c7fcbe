// The whole set-up of a clone: npm packages, Python environment, kernels. What is done already is not done again.
import path from "node:path";
import { stepPrinter } from "./console.mjs";
import { ensurePython, readyPython } from "./environment.mjs";
import { managedHome } from "./home.mjs";
import { buildKernels, kernelsStale } from "./kernels.mjs";
import { withLock } from "./mutex.mjs";
import { checkNode, installPackages, missingPackages } from "./node.mjs";

/**
 * @param {{ extras?: readonly string[], signal?: AbortSignal, env?: NodeJS.ProcessEnv }} [options]
 * @returns {Promise<{ python: string, seconds: number, changed: boolean }>}
 */
export async function setUp({ extras = ["base", "nest"], signal, env = process.env } = {}) {
  const start = performance.now();
  const step = stepPrinter();
  const lock = path.join(managedHome(env), "clone.lock");
  const waits = (note) => ({ signal, onWait: (holder) => note(`waiting for another set-up (${holder})`) });
  let changed = false;
  checkNode();
  if (missingPackages().length > 0) {
    changed = true;
    await step("npm packages", (note) =>
      withLock(lock, async () => missingPackages().length > 0 && installPackages({ env, signal }), waits(note)),
    );
  }
  if (kernelsStale(env)) {
    changed = true;
    await step("WASM kernels", (note) =>
      withLock(lock, async () => kernelsStale(env) && buildKernels({ env, signal }), waits(note)),
    );
  }
  const ready = await readyPython(extras, env);
  const { python } =
    ready ??
    (await step("Python environment", (note) =>
      ensurePython(extras, { env, signal, onProgress: (progress) => note(progress.note ?? "") }),
    ));
  changed ||= ready === undefined;
  return { python, seconds: (performance.now() - start) / 1000, changed };
}
