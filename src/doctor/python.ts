import path from "node:path";
import * as setup from "../setup/index.mjs";
import { bad, type Check, good } from "./check.ts";

/** Extras that the main job needs; the others are set up when first used. */
const REQUIRED = ["base", "nest"];
const LOADS_MS = 60_000;

/** The interpreter, each package of each extra, and each simulator, the latter by loading it. */
export async function pythonChecks(env: NodeJS.ProcessEnv = process.env): Promise<Check[]> {
  const found = await interpreter(env);
  if ("hint" in found) return [found, await nest2(env)];
  const { python, version } = found;
  const { packages = {} } = await setup.inspectPython(python, setup.extraNames, env);
  const checks = [good("python", version, true, python)];
  for (const extra of setup.extraNames)
    for (const need of setup.extras[extra].needs) checks.push(packageCheck(extra, need, packages[need.module] ?? null));
  const loads = async (name: string, extra: string, module: string, required: boolean): Promise<Check> =>
    packages[module] == null
      ? bad(name, fix(extra), required)
      : simulator(name, python, `import ${module}; print(${module}.__version__)`, required, env);
  const simulators = [
    loads("nest", "nest", "nest", true),
    nest2(env),
    loads("pynn", "pynn", "pyNN", false),
    loads("spynnaker", "spinnaker", "spynnaker", false),
  ];
  return [...checks, ...(await Promise.all(simulators))];
}

async function interpreter(env: NodeJS.ProcessEnv): Promise<{ python: string; version: string } | Check> {
  try {
    if (env.DSQN_PYTHON !== undefined) {
      const { version } = await setup.inspectPython(env.DSQN_PYTHON, [], env);
      return { python: env.DSQN_PYTHON, version };
    }
    const ready = await setup.readyPython([], env);
    if (ready) return ready;
    // No environment yet: is there at least something to make it with?
    const { version, executable } = await setup.findPython({ env, needVenv: false });
    return bad(
      "python",
      `Python ${version} (${executable}) is there, its packages are not yet. ${fix("base")}`,
      true,
      version,
    );
  } catch (error) {
    const { message, hint } = error as Error & { hint?: string };
    return bad("python", [message, hint].filter(Boolean).join(" "));
  }
}

function packageCheck(extra: string, { distribution, minimum }: setup.Need, version: string | null): Check {
  const name = `${extra}: ${distribution}`;
  const required = REQUIRED.includes(extra);
  if (version === null) return bad(name, fix(extra, distribution), required);
  const old = minimum !== null && version !== "unknown" && setup.compareVersions(version, minimum) < 0;
  return old
    ? bad(name, `${minimum} or newer is needed. ${fix(extra, distribution)}`, required, version)
    : good(name, version, required);
}

/** How to get an extra, in the user's own interpreter or in the managed environment. */
function fix(extra: string, distribution = extra): string {
  const own = process.env.DSQN_PYTHON;
  if (own) return `"${own} -m pip install ${distribution}" installs it there.`;
  const command = setup.isClone ? "npm run -s dsqn -- doctor" : "dsqn doctor";
  return `"${command} --fix ${extra}" installs it; so does the first command that needs it.`;
}

/** Loading a simulator is the test: a compiled library may be there and still not fit. */
async function simulator(
  name: string,
  python: string,
  code: string,
  required: boolean,
  env: NodeJS.ProcessEnv,
): Promise<Check> {
  const outcome = await setup.run(python, ["-c", setup.withoutCurrentFolder + code], { env, timeoutMs: LOADS_MS });
  const lines = outcome.output.trim().split("\n");
  if (outcome.code === 0) return good(name, outcome.stdout.trim().split("\n").at(-1) || null, required);
  return bad(name, `It does not load in ${python}: ${lines.at(-1)}`, required);
}

/** NEST 2 lives in an interpreter of its own, with old packages. */
async function nest2(env: NodeJS.ProcessEnv): Promise<Check> {
  const python = env.DSQN_NEST2_PYTHON;
  if (python) return simulator("nest2", python, "import nest; print(nest.version().split()[-1])", false, env);
  return bad(
    "nest2",
    `Only to cross-check with NEST 2: "conda create -n nest2 -c conda-forge nest-simulator=2.20", then set DSQN_NEST2_PYTHON to ${path.join("...", "envs", "nest2", "bin", "python")}; or docker/nest2.Dockerfile.`,
    false,
  );
}
