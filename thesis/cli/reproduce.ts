import { Argument } from "commander";
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { command } from "../../src/cli/command.ts";
import { integer } from "../../src/cli/flags/options.ts";
import { writeFileAtomic } from "../../src/files/atomic.ts";
import { root } from "../../src/setup/index.mjs";
import { onExecutor, onFlags, type OnFlags } from "../../src/cli/flags/on.ts";
import { answersOf, piecesOf } from "../measure/pieces.ts";
import type { AskProcesses } from "../measure/processes.ts";
import { experiments, type ExperimentName, type Row } from "../experiments.ts";
import { measured, renderCsv, renderText } from "../render.ts";

interface Options extends OnFlags {
  quick?: boolean;
  runs?: number;
  upTo?: number;
  original?: string;
  model?: string;
  snn?: string;
  dsqn?: string;
  out?: string;
}

export default command<Options>({
  name: "reproduce",
  configure(parser) {
    const flags = parser
      .addArgument(new Argument("<experiment>", "which tables of the thesis").choices(Object.keys(experiments)))
      .option(
        "--quick",
        "few episodes a row, T up to 1,000 (in simulators and Breakout 100), no training: a few minutes",
      )
      .option("--up-to <T>", "leave out rows of more time steps (with --quick: 1,000 or 100)", integer(1))
      .option("--runs <n>", "training runs for each row of tables 4.5 and 4.10 (default: 5; 0 with --quick)", integer())
      .option(
        "--original <folder>",
        "the original's networks, to run them too (default: $DSQN_ORIGINAL, else ../shared/original beside the clone)",
      )
      .option("--model <file>", "breakout: the DQN (default: models/breakout-dqn.safetensors)")
      .option(
        "--snn <file>",
        "breakout: its conversion (default: models/breakout-dqn-converted.safetensors, else made)",
      )
      .option(
        "--dsqn <file>",
        "breakout: a network trained spiking (default: models/breakout-dsqn.safetensors, else breakout-patel-dsqn)",
      )
      .option(
        "--out <folder>",
        "where report.html, rows.csv and summary.json go, and what is done is kept (default: runs/reproduce-<experiment>)",
      );
    onFlags(flags, "rows and trainings", { out: true }).addHelpText(
      "after",
      "\nAn interrupted reproduction goes on when the same command is given again.\n\nExamples:\n  dsqn reproduce cartpole --quick\n  dsqn reproduce cartpole --on slurm --out runs/tables",
    );
  },
  async run([name], { out = `runs/reproduce-${name}`, ...options }, { progress, signal, print, log, json }) {
    const { reproduce } = await import("../reproduce.ts");
    const { renderReproduction } = await import("../page.ts");
    let film: Uint8Array | undefined;
    const elsewhere = async (requests: Parameters<typeof piecesOf>[0]): Promise<AskProcesses> => {
      const described = { name: `reproduce-${name}`, unit: "rows and runs", folder: join(out, "job") };
      const job = await onExecutor(
        options,
        { ...described, collect: ["--out", resolve(out)], pieces: () => piecesOf(requests) },
        { signal, progress, log },
      );
      if (!job) throw new Planned();
      return answersOf(job.results);
    };
    const result = await reproduce(name as ExperimentName, {
      original: defaultOriginal(),
      ...options,
      folder: out,
      signal,
      ...(options.on !== undefined && { elsewhere }),
      onProgress: progress,
      onRow: (row) => json || log(line(row)),
      onFilm: (png) => (film = png),
    }).catch((error: unknown) => {
      if (error instanceof Planned) return undefined;
      throw error;
    });
    if (!result) return 0; // only written down
    const report = join(out, "report.html");
    await writeFileAtomic(report, renderReproduction(result, { film }));
    await writeFileAtomic(join(out, "rows.csv"), renderCsv(result));
    await writeFileAtomic(join(out, "summary.json"), `${JSON.stringify(result, null, 2)}\n`);
    if (film) await writeFileAtomic(join(out, "film.png"), film);
    print({ ...result, report }, (r) => `${renderText(r)}\n\n${r.report}`);
    return 0;
  },
});

/** A job that was only written down (--dry-run): there is nothing to be told. */
class Planned extends Error {}

/** A row in a line, as soon as it is measured. */
function line({ table, name, ours, verdict, exact, original, originalVerdict }: Row): string {
  return [
    `  ${table}  ${name}: ${measured(ours)} (${verdict ?? "no figure"})`,
    exact && `exact mapping ${measured(exact)}`,
    original && `original's network ${measured(original)} (${originalVerdict})`,
  ]
    .filter(Boolean)
    .join(", ");
}

function defaultOriginal(): string | undefined {
  const beside = join(root, "..", "shared", "original");
  const folder = process.env.DSQN_ORIGINAL ?? (existsSync(beside) ? beside : undefined);
  return folder && existsSync(join(folder, "networks")) ? folder : undefined;
}
