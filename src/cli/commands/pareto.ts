import { existsSync, readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { UsageError } from "../../errors.ts";
import { writeFileAtomic } from "../../files/atomic.ts";
import { environmentCard } from "../../learning/environment-card.ts";
import { type Contender, pareto, paretoRuns, type ParetoRow, withFronts } from "../../learning/pareto.ts";
import { cardPath, loadModel } from "../../network/file/model.ts";
import { observationSize } from "../../network/network.ts";
import { renderPareto } from "../../report/pareto.ts";
import { command, type Context } from "../command.ts";
import { jobFolder, onExecutor, onFlags, type OnFlags } from "../flags/on.ts";
import { environmentFlags, type EnvironmentFlags, withEnvironment } from "../flags/atari.ts";
import { integer } from "../flags/options.ts";

interface Options extends EnvironmentFlags, OnFlags {
  steps?: number[];
  bits?: number[];
  episodes: number;
  seed: number;
  out?: string;
  /** Of a piece: one row, by its place. */
  only?: number;
}

const several =
  (least: number) =>
  (text: string, all: number[] = []) => [...all, integer(least)(text)];

export default command<Options>({
  name: "pareto",
  configure(parser) {
    const flags = environmentFlags(
      parser.argument("[models...]", "model files (default: those in models/ whose card names --env)"),
    )
      .option("--steps <T...>", "values of T for networks that spike, besides their own", several(1))
      .option("--bits <n...>", "bits of a weight, besides those of the file: 2 to 16", several(2))
      .option("--episodes <n>", "for each row", integer(1), 100)
      .option("--seed <n>", "reset seed of the first episode", integer(), 300_000)
      .option("--out <file>", "a page with the plots (.html)");
    onFlags(flags, "rows").addHelpText(
      "after",
      `
Score against what a decision costs: operations as NeuroBench counts them, energy by two tables, T and bits of weights.

Examples:
  dsqn pareto --env CartPole-v1 --out pareto.html
  dsqn pareto models/cartpole-dqn.safetensors models/cartpole-thrift.safetensors --env CartPole-v1 --bits 8 --bits 4`,
    );
  },
  async run(given, options, context) {
    const { print, progress, signal } = context;
    const { env, steps, bits, episodes, seed, only } = options;
    const models = given.length > 0 ? await Promise.all(given.map(named)) : await shippedFor(env);
    const contenders = models.map(({ path, network }) => ({ name: basename(path, ".safetensors"), network }));
    if (options.on !== undefined)
      return paretoOn(
        models.map(({ path }) => path),
        contenders,
        options,
        context,
      );
    const card = environmentCard(env, ...models.map(({ card }) => card));
    const policy = { observationSize: observationSize(models[0].network) };
    const rows = await withEnvironment(options, { policy, card, context }, (makeEnvironments) =>
      pareto(contenders, {
        makeEnvironments,
        steps,
        bits,
        only,
        episodes,
        firstSeed: seed,
        signal,
        onProgress: progress,
      }),
    );
    return told(rows, options, print);
  },
});

async function told(rows: readonly ParetoRow[], options: Options, print: Context["print"]): Promise<number> {
  const { env, episodes, seed, out } = options;
  if (out !== undefined) await writeFileAtomic(out, renderPareto(env, rows, episodes));
  print({ env, episodes, seed, rows, out: out ?? null }, (result) => render(result.rows));
  return 0;
}

/** A piece for each row, wherever they run. */
async function paretoOn(
  paths: readonly string[],
  contenders: readonly Contender[],
  options: Options,
  context: Context,
): Promise<number> {
  const runs = paretoRuns(contenders, options);
  const { on: _on, job: _job, out: _out, cpus: _cpus, dryRun: _dryRun, ...own } = options;
  const job = await onExecutor(
    options,
    {
      name: "pareto",
      unit: "rows",
      ...jobFolder(options, "pareto"),
      async pieces(inputs) {
        const args = await Promise.all(paths.map((path) => inputs.addFile(path, cardPath(path))));
        return runs.map(({ name, t, width }, only) => ({
          id: `row-${only}-${name}-T${t}-${width}-bits`.replace(/[^\w.-]/g, "_").slice(0, 100),
          kind: "command",
          input: { command: "pareto", args, options: { ...own, only } },
        }));
      },
    },
    context,
  );
  if (!job) return 0;
  const rows = job.results.flatMap(({ value }) => (value as { rows: ParetoRow[] }).rows);
  return told(withFronts(rows), options, context.print);
}

const named = async (path: string) => ({ path, ...(await loadModel(path)) });

/** The models in models/ that were made for this environment. */
async function shippedFor(env: string): Promise<Awaited<ReturnType<typeof named>>[]> {
  const files = existsSync("models") ? readdirSync("models").filter((name) => name.endsWith(".safetensors")) : [];
  const all = await Promise.all(files.map((name) => named(join("models", name))));
  const own = all.filter(({ card }) => card?.environment === env);
  if (own.length > 0) return own;
  throw new UsageError("MODEL_MISSING", `No model is named, and no card in models/ names "${env}".`, {
    hint: "Name the models: dsqn pareto a.safetensors b.safetensors --env ID.",
    facts: { environment: env },
  });
}

function render(rows: readonly ParetoRow[]): string {
  const some = (n: number): string => (n < 100 ? n.toFixed(1) : n.toFixed(0));
  const cells = rows.map((row) => [
    `${row.efficient.withMemory ? "*" : " "} ${row.model}`,
    row.spiking ? String(row.steps) : "-",
    String(row.bits),
    `${row.score.toFixed(2)} +- ${row.std.toFixed(2)}`,
    ...[row.spikes, row.acs, row.macs, row.energy.compute, row.energy.withMemory].map(some),
  ]);
  const all = [["  model", "T", "bits", "score", "spikes", "acs", "macs", "pJ", "pJ with memory"], ...cells];
  const wide = all[0].map((_, k) => Math.max(...all.map((line) => line[k].length)));
  const lines = all.map((line) => line.map((cell, k) => (k === 0 ? cell.padEnd(wide[k]) : cell.padStart(wide[k]))));
  return [
    ...lines.map((line) => line.join("  ")),
    "* no other row scores as much for less energy, memory counted",
  ].join("\n");
}
