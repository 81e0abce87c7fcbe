import { collectStates } from "../../learning/collect.ts";
import { policyOf } from "../../learning/policy.ts";
import { earlyExitPolicy, exitRule } from "../../learning/early-exit.ts";
import { environmentCard } from "../../learning/environment-card.ts";
import { recommend, sweep, sweepSteps, type Sweep } from "../../learning/sweep.ts";
import { UsageError } from "../../errors.ts";
import { writeFileAtomic } from "../../files/atomic.ts";
import { cardPath, loadModel } from "../../network/file/model.ts";
import { isSpiking, kindOf } from "../../network/network.ts";
import { unheard } from "../../network/reach.ts";
import { renderSweep } from "../../report/sweep.ts";
import { fastEngine } from "../../engines/fast/index.ts";
import { withEnvironment } from "../flags/atari.ts";
import { gymnasiumFlags, type GymnasiumFlags } from "../flags/gymnasium.ts";
import { command, type Context } from "../command.ts";
import { jobFolder, onExecutor, onFlags, type OnFlags } from "../flags/on.ts";
import { integer, real } from "../flags/options.ts";
import { codingFlags, withCoding, type CodingFlags } from "../flags/coding.ts";

interface Options extends CodingFlags, GymnasiumFlags, OnFlags {
  env?: string;
  steps: number[];
  episodes: number;
  maxSteps?: number;
  target: number;
  exit?: number;
  carry?: boolean;
  out?: string;
}

/** States on which the early exit's margin is calibrated: away from those of the scores. */
const CALIBRATION = { size: 2000, firstSeed: 200_000 } as const;

export default command<Options>({
  name: "sweep",
  configure(parser) {
    const flags = gymnasiumFlags(
      codingFlags(parser.argument("<dense>", "the network that was converted").argument("<spiking>", "what it became")),
    )
      .option("--env <id>", "the environment or Atari game to act in (default: the one that the model's card names)")
      .option(
        "--steps <T...>",
        "values of T to try",
        (text: string, all: number[]) => [...(all === sweepSteps ? [] : all), integer(1)(text)],
        sweepSteps as number[],
      )
      .option("--episodes <n>", "for each T", integer(1), 100)
      .option("--max-steps <n>", "time limit of the environment in steps", integer(1))
      .option("--target <share>", "share of equal actions to reach, for the recommendation", real(0, 1), 0.97)
      .option(
        "--exit <share>",
        "also stop decisions early, so that this share of them stays what it is after all steps",
        real(0, 1),
      )
      .option("--carry", "neurons begin a decision with what the one before has left in them")
      .option("--out <file>", "a page with the plots (.html)");
    onFlags(flags, "values of T").addHelpText(
      "after",
      `
Score, similarity (equal actions on the states that the spiking network visits) and work at each T, and which T to use.

Example:
  dsqn sweep models/cartpole-dqn.safetensors models/cartpole-dqn-converted.safetensors --env CartPole-v1 --steps 16 32 64 128`,
    );
  },
  async run([densePath, spikingPath], options, context) {
    const { print, progress, signal } = context;
    const [dense, spiking] = [await loadModel(densePath), await loadModel(spikingPath)];
    const network = withCoding(spiking.network, options);
    if (!isSpiking(network))
      throw new UsageError("MODEL_KIND", `"${spikingPath}" is a ${kindOf(network)} network; it has no T.`, {
        hint: "dsqn convert makes it spiking.",
      });
    if (options.carry && options.exit !== undefined)
      throw new UsageError("BAD_ARGUMENT", "--exit stops a decision early, and --carry goes on from its end.", {
        hint: "Leave one of both out.",
      });
    const id = options.env ?? spiking.card?.environment ?? dense.card?.environment;
    if (typeof id !== "string")
      throw new UsageError("ENV_MISSING", "Neither model's card names an environment.", {
        hint: "Name one with --env.",
      });
    if (options.env === undefined && id.includes(":"))
      throw new UsageError(
        "ENV_MISSING",
        `The card names "${id}", whose first part is a Python module that would be run.`,
        {
          hint: `If you trust it: --env ${id}`,
          facts: { environment: id },
        },
      );
    if (options.on !== undefined) return sweepOn([densePath, spikingPath], id, options, context);
    const source = policyOf(dense.network);
    const environment = { ...options, env: id, fire: true };
    const card = environmentCard(id, spiking.card, dense.card);
    const result = await withEnvironment(environment, { policy: source, card, context }, (makeEnvironments) =>
      sweep({
        makeEnvironments,
        source,
        policyAt: (steps) => policyOf(network, { steps, carry: options.carry }),
        unheardAt: (steps) => unheard(network, steps)?.message,
        steps: options.steps,
        episodes: options.episodes,
        target: options.target,
        exitAt:
          options.exit === undefined
            ? undefined
            : async (steps) => {
                const limited = { ...network, coding: { ...network.coding, steps } };
                const states = await collectStates(source, makeEnvironments, { ...CALIBRATION, signal });
                return earlyExitPolicy(fastEngine(), limited, exitRule(fastEngine(), limited, states, options.exit!));
              },
        onProgress: progress,
        signal,
      }),
    );
    return told(id, result, options, print);
  },
});

async function told(env: string, result: Sweep, { out }: Options, print: Context["print"]): Promise<number> {
  if (out !== undefined) await writeFileAtomic(out, renderSweep(env, result));
  print({ env, ...result }, render);
  return 0;
}

/** A piece for each T, wherever they run; then one that stops early at the T that they recommend. */
async function sweepOn(paths: readonly string[], env: string, options: Options, context: Context): Promise<number> {
  const { on: _on, job: _job, out: _out, cpus: _cpus, dryRun: _dryRun, exit, ...own } = options;
  const place = jobFolder(options, "sweep");
  const run = (times: readonly number[], last?: number) =>
    onExecutor(
      options,
      {
        name: "sweep",
        unit: "values of T",
        ...place,
        async pieces(inputs) {
          const args = await Promise.all(paths.map((path) => inputs.addFile(path, cardPath(path))));
          const piece = (id: string, steps: number, more = {}) => ({
            id,
            kind: "command",
            input: { command: "sweep", args, options: { ...own, steps: [steps], ...more } },
          });
          const early = last === undefined ? [] : [piece(`exit-T${last}`, last, { exit })];
          return [...times.map((steps) => piece(`T${steps}`, steps)), ...early];
        },
      },
      context,
    );
  const times = [...new Set(own.steps)];
  const done = await run(times);
  if (!done) return 0;
  const swept = done.results.map(({ value }) => value as Sweep);
  const rows = swept.flatMap((each) => each.rows);
  const { source } = swept[0];
  const recommended = recommend(rows, source, options.target);
  const early = exit !== undefined && recommended.steps !== null ? await run(times, recommended.steps) : undefined;
  const earlyExit = (early?.results.at(-1)?.value as Sweep | undefined)?.earlyExit ?? null;
  return told(env, { rows, source, recommended, earlyExit }, options, context.print);
}

function render({ rows, source, recommended, earlyExit }: Sweep): string {
  const percent = (share: number): string => (100 * share).toFixed(2);
  const lines = rows.map((row) =>
    [
      String(row.steps).padStart(6),
      `${row.mean.toFixed(2)} +- ${row.std.toFixed(2)}`.padStart(19),
      `${percent(row.similarity)} [${percent(row.similarityCi95[0])}, ${percent(row.similarityCi95[1])}]`.padStart(24),
      String(row.decisions).padStart(10),
      (row.spikesPerDecision?.toFixed(0) ?? "-").padStart(8),
    ].join("  "),
  );
  return [
    `     T                score         similarity % [95 %]   decisions    spikes`,
    ...lines,
    `source  ${source.mean.toFixed(2)} +- ${source.std.toFixed(2)}`,
    ...rows.flatMap(({ steps, unheard: why }) =>
      why === undefined ? [] : [`T = ${steps} is not recommended: ${why}.`],
    ),
    recommended.steps === null
      ? `No T can be recommended: ${recommended.reason}.`
      : `Use T = ${recommended.steps}: ${recommended.reason}.`,
    ...(earlyExit
      ? [
          `Stopping early it takes ${earlyExit.meanSteps.toFixed(1)} steps on average: score ${earlyExit.mean.toFixed(2)}, similarity ${percent(earlyExit.similarity)} %.`,
        ]
      : []),
  ].join("\n");
}
