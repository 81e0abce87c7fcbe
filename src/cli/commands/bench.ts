import { existsSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { UsageError } from "../../errors.ts";
import { isClone, root } from "../../setup/index.mjs";
import { command } from "../command.ts";
import { type BenchOptions, type BenchRow, machine } from "../measured.ts";
import { integer } from "../flags/options.ts";

const TARGETS = ["engine", "bridge", "atari", "nest", "atari-training", "board", "web"] as const;

/** A target is the default export of bench/<target>.ts, which a clone has and the package has not. */
export default command<{ rounds?: number }>({
  name: "bench",
  configure(parser) {
    parser
      .argument("[targets...]", `of ${TARGETS.join(", ")} (all of them if none is named)`)
      .option("--rounds <n>", "interleaved rounds; each figure is their median", integer(1))
      .addHelpText("after", "\nExamples:\n  dsqn bench bridge\n  dsqn bench engine --json");
  },
  async run(args, { rounds }, { progress, signal, print }) {
    for (const target of args) {
      if (!(TARGETS as readonly string[]).includes(target))
        throw new UsageError("BAD_ARGUMENT", `There is no benchmark "${target}".`, {
          hint: `Benchmarks: ${TARGETS.join(", ")}.`,
        });
    }
    const rows: BenchRow[] = [];
    for (const target of args.length ? args : TARGETS)
      rows.push(...(await (await load(target))({ rounds, signal, onProgress: progress })));
    const measured = { machine: machine(), date: new Date().toISOString().slice(0, 10), rows };
    print(measured, ({ rows }) => rows.map(render).join("\n"));
    return 0;
  },
});

async function load(target: string): Promise<(options: BenchOptions) => Promise<BenchRow[]>> {
  const file = join(root, "bench", `${target}.ts`);
  if (!isClone || !existsSync(file))
    throw new UsageError("BENCH_NEEDS_CLONE", `The benchmark "${target}" is not part of the installed package.`, {
      hint: `Run it in a clone of the repository: npm run -s dsqn -- bench ${target}. It would be ${file}.`,
    });
  return ((await import(pathToFileURL(file).href)) as { default: (options: BenchOptions) => Promise<BenchRow[]> })
    .default;
}

function render({ name, unit, ours, peer, ratio, target }: BenchRow): string {
  return `${name}\n  ours ${number(ours)} ${unit}   peer ${number(peer)} ${unit}   ratio ${ratio.toFixed(2)}   (wanted: ${target})`;
}

function number(value: number): string {
  return value >= 1000 ? Math.round(value).toLocaleString("en") : value.toPrecision(4);
}
