import { diagnose, renderChecks } from "../../doctor/doctor.ts";
import { loadTfjs } from "../../engines/tensorflow/tfjs.ts";
import { UsageError } from "../../errors.ts";
import { ensurePython, extraNames, isExtra } from "../../setup/python-environment.ts";
import { command } from "../command.ts";

export default command<{ fix?: true | string[] }>({
  name: "doctor",
  configure(parser) {
    parser
      .option(
        "--fix [extras...]",
        "first make the Python environment (base and nest), or install these extras into it; tfjs: tfjs-node",
      )
      .addHelpText(
        "after",
        `
Checks Node, the npm packages, compilers, kernels, the disk, Python, each Python package, and each simulator by loading it; says how
to fix what is missing. Without --fix it changes nothing.

Extras: ${extraNames.join(", ")}, tfjs

Exit code 1: something that the main job needs is missing.`,
      );
  },
  async run(_args, { fix }, { print, progress, signal }) {
    if (fix) {
      const extras = fix === true ? ["base", "nest"] : fix.flatMap((names) => names.split(","));
      const known = extras.filter(isExtra);
      const unknown = extras.find((name) => !isExtra(name) && name !== "tfjs");
      if (unknown !== undefined)
        throw new UsageError("EXTRA_UNKNOWN", `There is no extra "${unknown}".`, {
          hint: `Extras: ${extraNames.join(", ")}, tfjs.`,
        });
      if (known.length > 0) await ensurePython(known, { onProgress: progress, signal });
      if (extras.includes("tfjs")) await loadTfjs({ onProgress: progress, signal });
    }
    const { checks, ok } = await diagnose();
    print({ ok, checks }, () => renderChecks(checks));
    return ok ? 0 : 1;
  },
});
