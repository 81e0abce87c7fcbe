// DSQN_PYTHON: the user's own interpreter is looked at, never written to.
import { core, extras } from "./extras.mjs";
import { SetupError } from "./errors.mjs";
import { run, withoutCurrentFolder } from "./process.mjs";

const INSPECT = `${withoutCurrentFolder}
import importlib.util, json, sys
try:
    from importlib.metadata import version, PackageNotFoundError
except ImportError:
    print(json.dumps({"version": "%d.%d.%d" % sys.version_info[:3]})); sys.exit()
def look(module, distribution):
    try:
        if importlib.util.find_spec(module) is None: return None
    except (ImportError, ValueError):
        return None
    try:
        return version(distribution)
    except PackageNotFoundError:
        return "unknown"
print(json.dumps({
    "version": "%d.%d.%d" % sys.version_info[:3],
    "packages": {m: look(m, d) for m, d in json.loads(sys.argv[1])},
}))`;

/** The core and what the extras add: someone who has only NEST is asked for no Gymnasium until an environment is wanted. */
const needsOf = (wanted) => [...new Set([...core, ...wanted.flatMap((extra) => extras[extra].needs)])];

/**
 * What `python` has of the extras' needs: its version, and for each module the installed version, "unknown" (importable, but
 * not from a package) or null (missing).
 *
 * @param {string} python
 * @param {readonly string[]} wanted extras
 * @returns {Promise<{ version: string, packages: Record<string, string | null> }>}
 */
export async function inspectPython(python, wanted, env = process.env, timeoutMs = 30_000) {
  if (python === "")
    throw new SetupError("PYTHON_MISSING", "DSQN_PYTHON is set, but empty.", {
      hint: "Name an interpreter in it, or unset it to have an environment made.",
    });
  const needs = needsOf(wanted).map(({ module, distribution }) => [module, distribution]);
  const { code, signal, output, stdout } = await run(python, ["-c", INSPECT, JSON.stringify(needs)], {
    env,
    timeoutMs,
  });
  try {
    if (code === 0) return JSON.parse(stdout.trim().split("\n").pop());
  } catch {
    // not an answer of ours
  }
  const silent = signal === "SIGKILL" ? `did not answer within ${timeoutMs / 1000} s` : undefined;
  throw new SetupError("PYTHON_MISSING", `${python} ${silent ?? "does not run as a Python interpreter"}.`, {
    hint: "DSQN_PYTHON has to name the interpreter itself (in a conda environment: its bin/python); unset, an environment is made.",
    facts: { python },
    cause: new Error(output.trim().split("\n").slice(-5).join("\n")),
  });
}

/**
 * Checks that the user's interpreter has what the extras need; says exactly what is missing.
 *
 * @param {string} python
 * @param {readonly string[]} wanted
 */
export async function checkOwnPython(python, wanted, env = process.env) {
  const { version, packages } = await inspectPython(python, wanted, env);
  if (!packages || compareVersions(version, "3.8") < 0)
    throw new SetupError(
      "PYTHON_UNSUITABLE",
      `DSQN_PYTHON names Python ${version} (${python}); dsqn needs 3.8 or newer there.`,
      {
        hint: "Name a newer interpreter, or unset DSQN_PYTHON to have an environment made.",
        facts: { python, version },
      },
    );
  const needs = needsOf(wanted);
  const lacking = needs.filter(({ module, minimum }) => {
    const found = packages[module];
    return found === null || (minimum !== null && found !== "unknown" && compareVersions(found, minimum) < 0);
  });
  if (lacking.length === 0) return { python, version };
  const list = lacking.map(({ module, distribution, minimum }) => {
    const found = packages[module];
    return found === null ? `${distribution} (missing)` : `${distribution} (${found}; needs ${minimum} or newer)`;
  });
  const requirements = lacking.map(({ distribution, minimum }) =>
    minimum ? `"${distribution}>=${minimum}"` : distribution,
  );
  throw new SetupError("PYTHON_PACKAGES_MISSING", `${python} (Python ${version}) lacks: ${list.join(", ")}.`, {
    hint: `dsqn does not change your environments. Install there what is missing, e.g. "${python} -m pip install ${requirements.join(" ")}", or use environment.yml with conda, or unset DSQN_PYTHON to have an environment made.`,
    facts: { python, version, missing: lacking.map(({ distribution }) => distribution) },
  });
}

/** Compares versions by their numbers ("1!7.4.1" has an epoch, which is left out): negative when a is older. */
export function compareVersions(a, b) {
  const numbers = (version) =>
    (
      version
        .split("!")
        .pop()
        .match(/^\d+(\.\d+)*/)?.[0] ?? "0"
    )
      .split(".")
      .map(Number);
  const [x, y] = [numbers(a), numbers(b)];
  for (let i = 0; i < Math.max(x.length, y.length); i++)
    if ((x[i] ?? 0) !== (y[i] ?? 0)) return (x[i] ?? 0) - (y[i] ?? 0);
  return 0;
}
