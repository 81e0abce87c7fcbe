import { basename, join } from "node:path";
import { Argument } from "commander";
import { UsageError } from "../../errors.ts";
import {
  type Difference,
  differences,
  listRuns,
  overviewOf,
  removeRun,
  type RunOverview,
} from "../../learning/runs/list.ts";
import { packRun, type PackedRun, unpackRun } from "../../learning/runs/packed.ts";
import { command } from "../command.ts";

interface Options {
  folder: string;
  out?: string;
  yes?: boolean;
}

export default command<Options>({
  name: "runs",
  configure(parser) {
    parser
      .addArgument(
        new Argument("[action]", "what to do")
          .choices(["list", "compare", "report", "remove", "pack", "unpack"])
          .default("list"),
      )
      .argument("[runs...]", "their folders; for unpack the file")
      .option("--folder <folder>", "where runs lie, for list", "runs")
      .option("--out <path>", "the file that pack writes (RUN.zip), the folder that unpack makes (runs/FILE)")
      .option("--yes", "remove them; without it remove only says what it would")
      .addHelpText(
        "after",
        "\nExamples:\n  dsqn runs\n  dsqn runs compare runs/a runs/b\n  dsqn runs report runs/a\n  dsqn runs remove runs/a --yes\n  dsqn runs pack runs/a --out a.zip\n  dsqn runs unpack a.zip --out runs/a",
      );
  },
  async run([action, ...paths], { folder, out, yes }, { print, log }) {
    if (action === "list" && paths.length > 0)
      throw new UsageError("BAD_ARGUMENT", "list takes no runs: --folder says where they lie.");
    if (action !== "list" && paths.length < (action === "compare" ? 2 : 1))
      throw new UsageError("BAD_ARGUMENT", `${action} needs ${action === "compare" ? "two runs or more" : "a run"}.`, {
        hint: "Name their folders; dsqn runs lists them.",
      });
    if (action === "pack" || action === "unpack") {
      print(await moved(action, paths, out), told);
      return 0;
    }
    const runs = action === "list" ? listRuns(folder) : paths.map(overviewOf);
    if (action === "compare") {
      print({ runs, differences: differences(paths) }, comparison);
      return 0;
    }
    if (action === "report") {
      const missing = runs.find(({ report }) => report === null);
      if (missing)
        throw new UsageError("REPORT_MISSING", `The run in "${missing.path}" has no report.`, {
          hint: "dsqn start leaves one; of a training run, dsqn sweep --out makes a page.",
        });
      print({ runs }, ({ runs: found }) => found.map(({ report }) => report).join("\n"));
      return 0;
    }
    if (action === "remove") {
      if (yes) for (const path of paths) await removeRun(path);
      else log("Nothing was removed: --yes does it.");
    }
    print({ runs, ...(action === "remove" && { removed: yes === true }) }, ({ runs: found }) =>
      found.length > 0 ? found.map(row).join("\n") : `There are no runs in ${folder}.`,
    );
    return 0;
  },
});

/** A run into a file, or out of one. */
async function moved(action: "pack" | "unpack", paths: readonly string[], out: string | undefined): Promise<PackedRun> {
  if (paths.length > 1) throw new UsageError("BAD_ARGUMENT", `${action} takes one run.`);
  const [path] = paths;
  if (action === "pack") return packRun(path, out ?? `${path.replace(/[\\/]+$/, "")}.zip`);
  return unpackRun(path, out ?? join("runs", basename(path).replace(/\.zip$/, "")));
}

const told = ({ folder, archive, files, bytes }: PackedRun): string =>
  `${folder}: ${files.length} files, ${(bytes / 2 ** 20).toFixed(1)} MB in ${archive}. It goes on with "dsqn train --resume ${folder}".`;

function row({ path, state, env, method, seed, mean, std, bytes }: RunOverview): string {
  const score = mean === null ? "" : `  ${mean.toFixed(2)} +- ${std!.toFixed(2)}`;
  return `${path}  ${state}  ${method ?? "?"} in ${env ?? "?"}, seed ${seed ?? "?"}${score}  ${(bytes / 2 ** 20).toFixed(1)} MB`;
}

function comparison({
  runs,
  differences: found,
}: {
  runs: readonly RunOverview[];
  differences: readonly Difference[];
}): string {
  const lines = found.map(
    ({ field, values }) =>
      `  ${field}: ${values.map((value) => (value === undefined ? "-" : JSON.stringify(value))).join("  |  ")}`,
  );
  return [...runs.map(row), found.length > 0 ? "They differ in" : "Their configs are the same.", ...lines].join("\n");
}
