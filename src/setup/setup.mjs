// The whole set-up of a clone: npm packages, kernels, Python environment. What is done already is not done again.
import path from "node:path";
import { stepPrinter } from "./console.mjs";
import { ensurePython, readyPython } from "./environment.mjs";
import { managedHome } from "./home.mjs";
import { buildKernels, kernelsStale } from "./kernels.mjs";
import { withLock } from "./mutex.mjs";
import { checkNode, installPackages, missingPackages } from "./node.mjs";
import { ensureTfjs, readyTfjs } from "./tfjs.mjs";

/**
 * `extras` [] leaves Python alone.
 *
 * @param {{ extras?: readonly string[], tfjs?: boolean, signal?: AbortSignal, env?: NodeJS.ProcessEnv }} [options]
 * @returns {Promise<{ python: string, seconds: number, changed: boolean }>}
 */
export async function setUp({ extras = ["base", "nest"], tfjs = false, signal, env = process.env } = {}) {
  const start = performance.now();
  const step = stepPrinter();
  checkNode();
  // Both mostly wait for downloads. If one fails the other still finishes, so that the next run has less to do.
  const results = await Promise.allSettled([node({ step, signal, env }), python({ extras, step, signal, env })]);
  const failed = results.find(({ status }) => status === "rejected");
  if (failed) throw failed.reason;
  const [nodeChanged, environment] = results.map(({ value }) => value);
  const tfjsMissing = tfjs && !readyTfjs(env);
  if (tfjsMissing)
    await step("tfjs-node", (note) => ensureTfjs({ env, signal, onProgress: (progress) => note(progress.note ?? "") }));
  const seconds = (performance.now() - start) / 1000;
  return { python: environment.python, seconds, changed: nodeChanged || environment.changed || tfjsMissing };
}

async function node({ step, signal, env }) {
  const lock = path.join(managedHome(env), "clone.lock");
  const alone = (note, task) =>
    withLock(lock, task, { signal, onWait: (holder) => note(`waiting for another set-up (${holder})`) });
  const packages = missingPackages().length > 0;
  if (packages)
    await step("npm packages", (note) =>
      alone(note, async () => missingPackages().length > 0 && installPackages({ env, signal })),
    );
  // The compiler is one of the packages.
  const kernels = kernelsStale(env);
  if (kernels)
    await step("WASM kernels", (note) => alone(note, async () => kernelsStale(env) && buildKernels({ env, signal })));
  return packages || kernels;
}

async function python({ extras, step, signal, env }) {
  if (extras.length === 0) return { python: "", changed: false };
  const ready = await readyPython(extras, env);
  if (ready) return { ...ready, changed: false };
  const made = await step("Python environment", (note) =>
    ensurePython(extras, { env, signal, onProgress: (progress) => note(progress.note ?? "") }),
  );
  return { ...made, changed: true };
}
