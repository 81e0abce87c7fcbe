import { diagnose, renderChecks } from "../doctor/doctor.ts";
import { UsageError } from "../errors.ts";
import { ensurePython, extraNames, isExtra } from "../python/environment.ts";
import { command } from "./command.ts";

export default command<{ fix?: true | string[] }>({
  name: "doctor",
  configure(parser) {
    parser
      .option("--fix [extras...]", "first make the Python environment (base and nest), or install these extras into it")
      .addHelpText(
        "after",
        `
Checks Node, the npm packages, compilers, kernels, the disk, Python, each Python package, and each simulator by loading it; says how
to fix what is missing. Without --fix it changes nothing.

Extras: ${extraNames.join(", ")}

Exit code 1: something that the main job needs is missing.`,
      );
  },
  async run(_args, { fix }, { print, progress, signal }) {
    if (fix) {
      const extras = fix === true ? ["base", "nest"] : fix.flatMap((names) => names.split(","));
      const known = extras.filter(isExtra);
      if (known.length < extras.length)
        throw new UsageError("EXTRA_UNKNOWN", `There is no extra "${extras.find((name) => !isExtra(name))}".`, {
          hint: `Extras: ${extraNames.join(", ")}.`,
        });
      await ensurePython(known, { onProgress: progress, signal });
    }
    const { checks, ok } = await diagnose();
    print({ ok, checks }, () => renderChecks(checks));
    return ok ? 0 : 1;
  },
});
