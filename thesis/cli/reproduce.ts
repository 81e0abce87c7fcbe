import { Argument } from "commander";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { writeFileAtomic } from "../../src/files/atomic.ts";
import { renderBreakout } from "../tables/breakout/page.ts";
import { renderBreakoutCsv, renderBreakoutText } from "../tables/breakout/render.ts";
import { reproduceBreakout } from "../tables/breakout/reproduce.ts";
import { renderReproduction } from "../tables/page.ts";
import { measured, renderCsv, renderText } from "../tables/render.ts";
import { reproduce } from "../tables/reproduce.ts";
import { experiments, type ExperimentName } from "../tables/trials.ts";
import { renderSimulatorReproduction } from "../simulators/page.ts";
import * as inSimulator from "../simulators/render.ts";
import { reproduceInSimulator } from "../simulators/reproduce.ts";
import { titles as simulatorExperiments, type SimulatorExperiment } from "../simulators/trials.ts";
import { command } from "../../src/cli/command.ts";
import { integer } from "../../src/cli/flags/options.ts";

interface Options {
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
    parser
      .addArgument(
        new Argument("<experiment>", "which tables of the thesis").choices([
          ...Object.keys(experiments),
          "breakout",
          ...Object.keys(simulatorExperiments),
        ]),
      )
      .option("--quick", "twenty episodes a row, T up to 1,000 (in simulators 100), no training: a few minutes")
      .option("--up-to <T>", "leave out rows of more time steps (with --quick: 1,000, in simulators 100)", integer(1))
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
      )
      .addHelpText(
        "after",
        "\nAn interrupted reproduction goes on when the same command is given again.\n\nExample:\n  dsqn reproduce cartpole --quick",
      );
  },
  async run(
    [name],
    { quick, runs, upTo, out = `runs/reproduce-${name}`, original = defaultOriginal(), model, snn, dsqn },
    { progress, signal, print, log, json },
  ) {
    if (name === "breakout") {
      const { result, film } = await reproduceBreakout({
        quick,
        model,
        snn,
        dsqn,
        folder: out,
        signal,
        onProgress: progress,
        onRow: (row) => json || log(`  ${row.name}: ours ${measured(row.ours)} (${row.verdict ?? "no figure"})`),
      });
      const report = join(out, "report.html");
      await writeFileAtomic(report, renderBreakout(result, film));
      await writeFileAtomic(join(out, "rows.csv"), renderBreakoutCsv(result));
      await writeFileAtomic(join(out, "summary.json"), `${JSON.stringify(result, null, 2)}\n`);
      if (film) await writeFileAtomic(join(out, "film.png"), film);
      print({ ...result, report }, (r) => `${renderBreakoutText(r)}\n\n${r.report}`);
      return 0;
    }
    if (name in simulatorExperiments) {
      const result = await reproduceInSimulator(name as SimulatorExperiment, {
        quick,
        upTo,
        original,
        keep: join(out, "rows"),
        signal,
        onProgress: progress,
        onRow: (row) =>
          json ||
          log(
            `  ${row.table}  ${row.name}: ${measured(row.ours)} (${row.verdict}), exact mapping ${measured(row.exact)}`,
          ),
      });
      const report = join(out, "report.html");
      await writeFileAtomic(report, renderSimulatorReproduction(result));
      await writeFileAtomic(join(out, "rows.csv"), inSimulator.renderCsv(result));
      await writeFileAtomic(join(out, "summary.json"), `${JSON.stringify(result, null, 2)}\n`);
      print({ ...result, report }, (r) => `${inSimulator.renderText(r)}\n\n${r.report}`);
      return 0;
    }
    const result = await reproduce(name as ExperimentName, {
      quick,
      runs,
      upTo,
      original,
      folder: out,
      signal,
      onProgress: progress,
      onRow: (row) =>
        json ||
        log(
          `  ${row.table}  ${row.name}: ours ${measured(row.ours)} (${row.verdict})${row.original ? `, original's network ${measured(row.original)} (${row.originalVerdict})` : ""}`,
        ),
    });
    const report = join(out, "report.html");
    await writeFileAtomic(report, renderReproduction(result));
    await writeFileAtomic(join(out, "rows.csv"), renderCsv(result));
    await writeFileAtomic(join(out, "summary.json"), `${JSON.stringify(result, null, 2)}\n`);
    print({ ...result, report }, (r) => `${renderText(r)}\n\n${r.report}`);
    return 0;
  },
});

function defaultOriginal(): string | undefined {
  const beside = fileURLToPath(new URL("../../../shared/original", import.meta.url));
  const folder = process.env.DSQN_ORIGINAL ?? (existsSync(beside) ? beside : undefined);
  return folder && existsSync(join(folder, "networks")) ? folder : undefined;
}
