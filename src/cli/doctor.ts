import { diagnose, renderChecks } from "../doctor/doctor.ts";
import { command } from "./command.ts";

export default command({
  name: "doctor",
  configure(parser) {
    parser.addHelpText(
      "after",
      `
Checks Node, the npm packages, compilers, kernels, the disk, Python, each Python package, and each simulator by loading it; says how
to fix what is missing. Changes nothing.

Exit code 1: something that the main job needs is missing.`,
    );
  },
  async run(_args, _options, { print }) {
    const { checks, ok } = await diagnose();
    print({ ok, checks }, () => renderChecks(checks));
    return ok ? 0 : 1;
  },
});
