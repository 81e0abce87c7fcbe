import { evaluate, FIRST_SEED, type Evaluation } from "../../learning/evaluate.ts";
import { type DataEvaluation, evaluateData } from "../../learning/evaluate-data.ts";
import { loadInput } from "../../formats/input-file.ts";
import { policyOf } from "../../learning/policy.ts";
import type { Cost, Energy } from "../../network/cost.ts";
import type { Engine } from "../../network/engine.ts";
import { loadModel } from "../../network/file/model.ts";
import { isSpiking, kindOf, type Network, type TieRule } from "../../network/network.ts";
import { UsageError } from "../../errors.ts";
import { writeFileAtomic } from "../../files/atomic.ts";
import { mayReplace, mustDiffer } from "../../files/outputs.ts";
import { filmOf } from "../../jobs/film.ts";
import { isSimulator, simulators } from "../../simulators/names.ts";
import { type OpenOptions, openSimulator } from "../../simulators/open.ts";
import { environmentFlags, type EnvironmentFlags, withEnvironment } from "../flags/atari.ts";
import { boardFlags, boardSettingsFrom, type BoardFlags, timeOnBoard } from "../flags/board.ts";
import { command, type Context } from "../command.ts";
import { placeable } from "../flags/place.ts";
import { choice, integer, real } from "../flags/options.ts";
import { codingFlags, withCoding, type CodingFlags } from "../flags/coding.ts";
import { warnNoSpikes, warnUnheard } from "../flags/unheard.ts";

interface Options extends BoardFlags, EnvironmentFlags, CodingFlags {
  episodes: number;
  simulator: string;
  data?: string;
  steps?: number;
  compare?: string;
  epsilon: number;
  ties?: TieRule;
  carry?: boolean;
  seed: number;
  film?: string;
}

/** A film holds no more pictures. */
const FILM_STEPS = 600;

function filmFile(path: string): string {
  if (/\.a?png$/i.test(path)) return path;
  throw new UsageError("BAD_ARGUMENT", `--film writes an animated PNG, and "${path}" is none by its name.`, {
    hint: "Name it so: --film episode.png. Browsers show it; ffmpeg makes a video of it.",
  });
}

const main = command<Options>({
  name: "evaluate",
  configure(parser) {
    boardFlags(
      codingFlags(environmentFlags(parser.argument("<model>", "a model file (.safetensors)"), true))
        .option(
          "--data <file>",
          "instead of an environment: x [states, ...] or [steps, states, ...] and labels y [states] (.npz, NIRData)",
        )
        .option("--episodes <n>", "episodes, all side by side", integer(1), 100)
        .option("--simulator <name>", `what runs the network: engine, ${Object.keys(simulators).join(", ")}`, "engine")
        .option("--steps <n>", "time steps per decision of a spiking network, instead of its own T", integer(1))
        .option(
          "--compare <model>",
          "another model: the share of equal actions on the states visited, and what the others cost by its values (regret)",
        )
        .option("--epsilon <p>", "probability of a random action", real(0, 1), 0)
        .option(
          "--ties <rule>",
          "which of several equal values acts: first, last or potential",
          choice("first", "last", "potential"),
        )
        .option("--carry", "neurons begin a decision with what the one before has left in them")
        .option(
          "--film <file>",
          `the first episode as an animated PNG of at most ${FILM_STEPS} decisions: what is seen, and which neurons spike`,
          filmFile,
        )
        .option("--seed <n>", "episode i starts from reset seed n + i", integer(), FIRST_SEED),
    ).addHelpText(
      "after",
      `
Examples:
  dsqn evaluate models/cartpole-dqn.safetensors --env CartPole-v1 --episodes 500
  dsqn evaluate models/cartpole-dqn-converted.safetensors --env CartPole-v1 --compare models/cartpole-dqn.safetensors --simulator nest
  dsqn evaluate models/breakout-dqn.safetensors --env ALE/Breakout-v5 --episodes 30 --epsilon 0.01
  dsqn evaluate mine.safetensors --data test.npz
  dsqn evaluate models/cartpole-dqn-converted.safetensors --env CartPole-v1 --episodes 1 --film episode.png
  dsqn evaluate models/cartpole-dqn-converted.safetensors --env CartPole-v1 --episodes 5 --simulator spinnaker --board-host 192.168.240.1`,
    );
  },
  async run([path], options, context) {
    const { signal, progress, print, log } = context;
    const { env, episodes, epsilon, seed, ties, steps, simulator, data } = options;
    if ((env === undefined) === (data === undefined))
      throw new UsageError("BAD_ARGUMENT", "Name an environment (--env ID) or labelled data (--data FILE).", {
        hint: "dsqn evaluate MODEL --env CartPole-v1, or dsqn evaluate MODEL --data FILE.npz",
      });
    if (options.film !== undefined) {
      if (data !== undefined) throw new UsageError("BAD_ARGUMENT", "--film shows an environment, and --data has none.");
      mustDiffer(options.film, [path, ...(options.compare === undefined ? [] : [options.compare])]);
      mayReplace(options.film, "Choose another name with --film, or remove that file.");
    }
    const settings = boardSettingsFrom(options, simulator);
    const { network: stored, card } = await loadModel(path);
    const network = withCoding(stored, options);
    const compare =
      options.compare === undefined ? undefined : policyOf((await loadModel(options.compare)).network, { ties });
    if (options.carry && (!isSpiking(network) || simulator !== "engine"))
      throw new UsageError("BAD_ARGUMENT", "--carry is for spiking networks on our own engine.", {
        hint: "Leave out --carry, or --simulator.",
      });
    const engine = await openEngine(network, simulator, {
      settings: { ...settings },
      onProgress: progress,
      onWarning: log,
      signal,
    });
    if (data !== undefined) {
      try {
        const shown = await loadInput(data, network);
        const result = await evaluateData(network, shown, { engine, steps, ties, seed, signal, onProgress: progress });
        print({ model: path, data, simulator, ...result }, renderData);
        return 0;
      } finally {
        await engine?.close();
      }
    }
    const policy = policyOf(network, { ties, steps, engine, carry: options.carry });
    const warnings = warnUnheard(network, steps, log);
    try {
      const evaluation = await withEnvironment(options, { policy, card, context }, (make) =>
        evaluate(policy, make, {
          episodes,
          firstSeed: seed,
          epsilon,
          compare,
          signal,
          onProgress: progress,
          onWarning: log,
        }),
      );
      if (warnings.length === 0) warnings.push(...warnNoSpikes(network, evaluation.spikesPerDecision, log));
      const film =
        options.film === undefined
          ? undefined
          : await filmed(network, { options, file: options.film, engine, card, context });
      const onBoard = await timeOnBoard(network, simulator, { ...settings, steps }, log);
      print(
        { env, model: path, warnings, compare: options.compare, simulator, seed, film, ...onBoard, ...evaluation },
        render,
      );
      return 0;
    } finally {
      await policy.close?.();
      await engine?.close();
    }
  },
});

export default placeable(main);

interface Filming {
  readonly options: Options;
  readonly file: string;
  readonly engine?: Engine;
  readonly card: object | null;
  readonly context: Context;
}

/** Plays the first episode once more, in a copy that shows itself. */
async function filmed(network: Network, { options, file, engine, card, context }: Filming) {
  const { seed, epsilon, steps: timeSteps, ties, carry } = options;
  const { signal, progress } = context;
  const quiet = { ...context, log: () => undefined };
  const { png, ...facts } = await withEnvironment(
    options,
    { policy: policyOf(network), card, context: quiet, renders: true },
    async (make) => {
      const environments = await make(1);
      try {
        const onFrame = (done: number): void => progress({ stage: "film", done, unit: "pictures" });
        const how = { steps: FILM_STEPS, seed, epsilon, engine, timeSteps, ties, carry, signal, onFrame };
        return await filmOf(network, environments, how);
      } finally {
        await environments.close();
      }
    },
  );
  await writeFileAtomic(file, png);
  return { file, ...facts };
}

/** The simulator of that name; undefined: our own engine. */
async function openEngine(network: Network, name: string, options: OpenOptions): Promise<Engine | undefined> {
  if (name === "engine") return undefined;
  if (!isSpiking(network) && isSimulator(name))
    throw new UsageError(
      "SIMULATOR_NEEDS_SPIKES",
      `"${name}" simulates spiking networks; this model is a ${kindOf(network)} one.`,
      { hint: 'Convert it first: "dsqn convert".' },
    );
  let opened = false;
  // Setting a simulator up may take long; the decisions that follow have the evaluation's own progress.
  const engine = await openSimulator(name, {
    ...options,
    onProgress: (progress) => void (opened || options.onProgress?.(progress)),
  });
  opened = true;
  return engine;
}

function renderData(result: DataEvaluation & { model: string; data: string }): string {
  const { model, data, states, accuracy, accuracyCi95, confusion, spikesPerDecision, synOpsPerDecision, cost } = result;
  const percent = (x: number): string => `${(100 * x).toFixed(2)} %`;
  const width = Math.max(4, ...(confusion ?? []).flat().map((n) => String(n).length + 1));
  return [
    `${model} on ${data}: ${states} states`,
    ...(accuracy === null
      ? ["  no labels: the outputs chosen are in --json"]
      : [`  accuracy    ${percent(accuracy)} (95 %: ${accuracyCi95!.map(percent).join(" to ")})`]),
    ...(confusion && confusion.length <= 20
      ? [
          "  confusion, a row for each label:",
          ...confusion.map((row) => `  ${row.map((n) => String(n).padStart(width)).join("")}`),
        ]
      : []),
    ...(synOpsPerDecision === null
      ? []
      : [
          `  per state   ${spikesPerDecision === null ? "" : `${spikesPerDecision.toFixed(1)} spikes, `}${synOpsPerDecision.toFixed(0)} synaptic operations`,
        ]),
    ...(cost === null ? [] : renderCost(cost)),
    `  ${result.seconds.toFixed(1)} s`,
  ].join("\n");
}

function render(
  result: Evaluation & { env: string; model: string; compare?: string; film?: Awaited<ReturnType<typeof filmed>> },
): string {
  const {
    env,
    model,
    compare,
    mean,
    std,
    ci95,
    episodes,
    decisions,
    similarity,
    similarityCi95,
    similarityAbove,
    regret,
    spikesPerDecision,
    synOpsPerDecision,
    cost,
    seconds,
  } = result;
  const percent = (x: number): string => `${(100 * x).toFixed(2)} %`;
  return [
    `${model} in ${env}`,
    `  score       ${mean.toFixed(2)} +- ${std.toFixed(2)} over ${episodes} episodes (95 %: ${ci95.map((x) => x.toFixed(2)).join(" to ")})`,
    ...(similarity === null
      ? []
      : [
          `  similarity  ${percent(similarity)} of ${decisions} decisions (95 %: ${similarityCi95!.map(percent).join(" to ")})`,
        ]),
    ...(similarityAbove === null
      ? []
      : [
          `  clear ones  ${percent(similarityAbove.lowerQuartile)} where the gap between actions is above its lower quartile, ${percent(similarityAbove.median)} above its median`,
        ]),
    ...(regret === null
      ? []
      : [
          `  regret      ${regret.mean.toPrecision(3)} a decision (95 %: ${regret.ci95.map((x) => x.toPrecision(3)).join(" to ")}), ${regret.largest.toPrecision(3)} at most, by the values of ${compare}; its best action is ${regret.margin.toPrecision(3)} better than the next`,
        ]),
    ...(spikesPerDecision === null
      ? []
      : [
          `  per decision  ${spikesPerDecision.toFixed(1)} spikes, ${synOpsPerDecision!.toFixed(0)} synaptic operations`,
        ]),
    ...(cost === null ? [] : renderCost(cost)),
    `  ${decisions} decisions in ${seconds.toFixed(1)} s`,
    ...(result.film
      ? [
          `  film        ${result.film.file}: ${result.film.frames} decisions${result.film.ended ? "" : ", and the episode goes on"}`,
        ]
      : []),
  ].join("\n");
}

/** NeuroBench's counts, and energy by both models, beside the artificial network of the same layers. */
function renderCost({ macs, acs, membraneUpdates, activationSparsity, energy, dense }: Cost): string[] {
  const some = (n: number): string => (n < 100 ? n.toFixed(1) : n.toFixed(0));
  const picojoules = ({ compute, withMemory }: Energy): string =>
    `${some(compute)} pJ (${some(withMemory)} with memory)`;
  return [
    `  operations  ${some(macs)} multiply-accumulates, ${some(acs)} accumulates, ${some(membraneUpdates)} membrane updates; ${(100 * activationSparsity).toFixed(1)} % of hidden values are 0`,
    `  energy      ${picojoules(energy)} by 45 nm tables; the same layers dense: ${some(dense.macs)} multiply-accumulates, ${picojoules(dense.energy)}`,
  ];
}
