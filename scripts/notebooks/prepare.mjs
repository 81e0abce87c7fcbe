// What notebooks run on: the set-up with Jupyter, tslab, the declarations of our types, and a kernel specification, all of it in the
// managed home. Jupyter's own folders lie there too: nothing is written to the user's.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { stepPrinter } from "../../src/setup/console.mjs";
import { SetupError } from "../../src/setup/errors.mjs";
import { managedHome, root } from "../../src/setup/home.mjs";
import { run } from "../../src/setup/process.mjs";
import { setUp } from "../../src/setup/setup.mjs";
import { ensureTslab, readyTslab } from "../../src/setup/tslab.mjs";

/**
 * @param {{ extras?: readonly string[], signal?: AbortSignal, env?: NodeJS.ProcessEnv }} [options]
 * @returns {Promise<{ python: string, env: NodeJS.ProcessEnv }>} the interpreter with Jupyter, and the environment to start it in
 */
export async function prepare({ extras = [], signal, env = process.env } = {}) {
  const { python } = await setUp({ extras: ["base", "nest", "notebooks", ...extras], signal, env });
  const step = stepPrinter();
  if (!readyTslab(env))
    await step("TypeScript kernel", (note) =>
      ensureTslab({ env, signal, onProgress: (progress) => note(progress.note ?? "") }),
    );
  const folder = path.join(managedHome(env), "notebooks");
  const types = path.join(folder, "types");
  const sources = sourceHash();
  const stamp = path.join(folder, "types.sha256");
  if (!existsSync(stamp) || readFileSync(stamp, "utf8") !== sources)
    await step("types of the library", async () => {
      await declare(types, { folder, signal, env });
      writeFileSync(stamp, sources);
    });
  writeKernel(folder, { tslab: readyTslab(env), types });
  const own = (name) => path.join(folder, "jupyter", name);
  return {
    python,
    env: {
      ...env,
      JUPYTER_PATH: path.join(folder, "share", "jupyter"),
      JUPYTER_PREFER_ENV_PATH: "0",
      JUPYTER_CONFIG_DIR: own("config"),
      JUPYTER_DATA_DIR: own("data"),
      JUPYTER_RUNTIME_DIR: own("runtime"),
      JUPYTERLAB_SETTINGS_DIR: own("settings"),
      JUPYTERLAB_WORKSPACES_DIR: own("workspaces"),
      IPYTHONDIR: own("ipython"),
      PYDEVD_DISABLE_FILE_VALIDATION: "1",
    },
  };
}

/** Of every source, by which declarations are known to be current. */
function sourceHash() {
  const hash = createHash("sha256");
  for (const folder of ["src", "thesis"].map((name) => path.join(root, name)))
    for (const name of readdirSync(folder, { recursive: true }).sort())
      if (name.endsWith(".ts")) hash.update(name).update(readFileSync(path.join(folder, name)));
  return hash.digest("hex");
}

async function declare(types, { folder, signal, env }) {
  mkdirSync(folder, { recursive: true });
  const tsc = path.join(root, "node_modules", "typescript", "bin", "tsc");
  const args = ["-p", "tsconfig.json", "--emitDeclarationOnly", "--outDir", types, "--incremental"];
  const { output } = await run(process.execPath, [tsc, ...args, "--tsBuildInfoFile", `${types}.tsbuildinfo`], {
    cwd: root,
    env,
    signal,
  });
  // A type error elsewhere does not keep declarations from being written.
  if (!existsSync(path.join(types, "src", "index.d.ts")))
    throw new SetupError("SETUP_FAILED", "The declarations of the library could not be made.", {
      hint: "npm run typecheck says what is wrong.",
      cause: new Error(output),
    });
}

function writeKernel(folder, { tslab, types }) {
  const place = path.join(folder, "share", "jupyter", "kernels", "tslab");
  mkdirSync(place, { recursive: true });
  const kernel = path.join(root, "scripts", "notebooks", "kernel.mjs");
  const specification = {
    argv: [process.execPath, kernel, "{connection_file}"],
    display_name: "TypeScript",
    language: "typescript",
    env: { DSQN_TSLAB: tslab, DSQN_TYPES: types.replaceAll("\\", "/") },
  };
  writeFileSync(path.join(place, "kernel.json"), `${JSON.stringify(specification, null, 2)}\n`);
}
