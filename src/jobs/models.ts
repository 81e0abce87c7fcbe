import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { balancedConversion, balancedConvolution, convert, type ConversionOptions } from "../conversion/convert.ts";
import { manyWorkers, withAtari } from "../environments/atari-worlds.ts";
import { withGymnasium } from "../environments/gymnasium-worlds.ts";
import type { MakeEnvironments } from "../environments/worlds.ts";
import { openTrainable } from "../engines/open-trainable.ts";
import { DsqnError, UsageError } from "../errors.ts";
import { collectStates, type CollectOptions } from "../learning/collect.ts";
import { evaluate, type EvaluateOptions } from "../learning/evaluate.ts";
import { fineTune, type FineTuneOptions } from "../learning/fine-tune.ts";
import { type Policy, policyOf } from "../learning/policy.ts";
import { runTraining } from "../learning/runs/run.ts";
import type { CardFields } from "../network/file/card.ts";
import { decodeModel, encodeModel, loadModel, saveModel, type Model } from "../network/file/model.ts";
import { isSpiking, kindOf, type Network, type NetworkKind } from "../network/network.ts";
import type { OnProgress } from "../progress.ts";

/** What networks of one environment have in common: how they are scored and converted, and how their weights are stored. */
interface World {
  readonly environment: string;
  /** On seeds that nothing was trained, chosen or calibrated with. */
  readonly score: Required<Pick<EvaluateOptions, "episodes" | "firstSeed">> & { readonly epsilon?: number };
  /** The states that a conversion is made from. */
  readonly states: Pick<CollectOptions, "size" | "firstSeed" | "every" | "epsilon">;
  readonly conversion: ConversionOptions;
  readonly dtype: "float32" | "float16";
  open<T>(use: (makeEnvironments: MakeEnvironments) => Promise<T>, preprocessing: "nature" | "patel"): Promise<T>;
}

/** A network that ships: trained from the preset of its name, or converted from another one; with the score that it must reach. */
interface Shipped {
  readonly world: World;
  readonly target: number;
  /** Of a conversion. */
  readonly source?: string;
  /** Of one whose options are its own: few steps, and perhaps a fine-tuning under a price on spikes. */
  readonly few?: { readonly conversion: ConversionOptions; readonly tuning?: Omit<FineTuneOptions, "makeTrainable"> };
  /** Of a classifier: whose actions it learned. */
  readonly teacher?: string;
  /** Where training takes hours: the run that it is made from, and what it must hold. */
  readonly run?: string;
  /** What such a run is of, where the network is called otherwise. */
  readonly preset?: string;
  readonly kind?: NetworkKind;
  readonly preprocessing?: "patel";
}

const inGymnasium = (environment: string): World => ({
  environment,
  score: { episodes: 200, firstSeed: 300_000 },
  states: { size: 20_000, firstSeed: 200_000 },
  conversion: balancedConversion,
  dtype: "float32",
  open: (use) => withGymnasium({ id: environment }, use),
});

/** No sticky actions, five minutes of play at most (Mnih et al. 2015). */
const GAME = { game: "BreakoutDeterministic-v4", maxFrames: 18_000 } as const;
/** The same for as long as a game lasts, as CleanRL plays it, and with sticky actions. */
const ALSO = [{ game: "BreakoutNoFrameskip-v4" }, { game: "ALE/Breakout-v5" }] as const;

const breakout = {
  environment: GAME.game,
  score: { episodes: 100, firstSeed: 300_000, epsilon: 0.01 },
  // Some twenty games: what a single one never shows is cut off in others (docs/conversion.md).
  states: { size: 3000, every: 8, firstSeed: 200_000, epsilon: 0.05 },
  conversion: balancedConvolution,
  dtype: "float16",
  open: (use, preprocessing) => withAtari({ ...GAME, preprocessing, workers: manyWorkers() }, use),
} as const satisfies World;

/** The states that Breakout's conversion is made from, where it is made again. */
export const breakoutStates = breakout.states;

/** CartPole's or MountainCar's networks, in the order in which they rest on each other. */
function family(
  prefix: string,
  world: World,
  target: number,
  trained: readonly string[],
  converted: readonly string[],
): Record<string, Shipped> {
  const named = (route: string): string => `${prefix}-${route}`;
  return Object.fromEntries([
    ...trained.map((route) => [
      named(route),
      { world, target, ...(route.endsWith("classifier") && { teacher: named("dqn") }) },
    ]),
    ...converted.map((route) => [`${named(route)}-converted`, { world, target, source: named(route) }]),
  ]) as Record<string, Shipped>;
}

/** Four steps, neurons without lag, one for one; about as many additions as the first layer has multiplications. */
const few: Shipped["few"] = {
  conversion: { ...balancedConversion, population: 1, spiking: { steps: 4, neuron: "lif" } },
  tuning: { iterations: 8000, learningRate: 2e-3, price: { strength: 1, rate: 0 } },
};

/** For Breakout: neurons without lag, four for one. */
const sixteen: Shipped["few"] = { conversion: { ...balancedConvolution, spiking: { steps: 16, neuron: "lif" } } };

/** What takes hours to train: made from a run that exists. */
function ofRun(world: World, target: number, run: string, kind: NetworkKind, preset?: string): Shipped {
  return { world, target, kind, preset, run: `runs/${run}` };
}
const SPACE = "minatar --env MinAtar/SpaceInvaders-v1";
const minatar = (game: string): World => inGymnasium(`MinAtar/${game}-v1`);

const dense = ["dqn", "classifier", "snn-classifier", "dsqn"];
const shipped: Readonly<Record<string, Shipped>> = {
  ...family("cartpole", inGymnasium("CartPole-v1"), 475, [...dense, "reinforce"], ["dqn", "classifier", "reinforce"]),
  ...family("mountaincar", inGymnasium("MountainCar-v0"), -115, dense, ["dqn", "classifier"]),
  // A handful of neurons, and the smallest dense networks that they are to be held against (presets/thrift.ts).
  "cartpole-thrift": { world: inGymnasium("CartPole-v1"), target: 495 },
  "cartpole-smallest": { world: inGymnasium("CartPole-v1"), target: 495 },
  "mountaincar-smallest": { world: inGymnasium("MountainCar-v0"), target: -110 },
  "cartpole-dqn-few": { world: inGymnasium("CartPole-v1"), target: 495, source: "cartpole-dqn", few },
  "mountaincar-dqn-few": { world: inGymnasium("MountainCar-v0"), target: -115, source: "mountaincar-dqn", few },
  "mountaincar-thrift": { world: inGymnasium("MountainCar-v0"), target: -110 },
  "acrobot-thrift": { world: inGymnasium("Acrobot-v1"), target: -85 },
  "lunarlander-thrift": ofRun(inGymnasium("LunarLander-v3"), 200, "lunarlander-thrift", "spiking"),
  "minatar-breakout-thrift": ofRun(minatar("Breakout"), 15, "minatar-breakout-thrift", "spiking", "minatar"),
  "minatar-spaceinvaders-thrift": ofRun(minatar("SpaceInvaders"), 40, "minatar-spaceinvaders-thrift", "spiking", SPACE),
  "breakout-dqn": ofRun(breakout, 30, "breakout", "convolutional"),
  // The thesis's DSQN has 10.16, with one action in ten at random.
  "breakout-dsqn": ofRun(breakout, 10, "breakout-dsqn", "spiking"),
  "breakout-patel-dsqn": { ...ofRun(breakout, 10, "breakout-patel-dsqn", "spiking"), preprocessing: "patel" },
  "breakout-dqn-converted": { world: breakout, target: 30, source: "breakout-dqn" },
  "breakout-dqn-few": { world: breakout, target: 30, source: "breakout-dqn", few: sixteen },
  "breakout-ppo": ofRun(breakout, 300, "breakout-ppo", "convolutional", "breakout-ppo-on"),
  "breakout-ppo-few": { world: breakout, target: 285, source: "breakout-ppo", few: sixteen },
  "breakout-thrift": ofRun(breakout, 300, "breakout-thrift", "spiking", "breakout-spiking-ppo"),
};

/** Every network that ships. Those that are made from runs that exist are made only when named, and so is what rests on them. */
export const modelNames: readonly string[] = Object.keys(shipped);

/** A network that was made, and its score. */
export interface MadeModel {
  readonly name: string;
  readonly mean: number;
  readonly std: number;
  readonly ci95: readonly [number, number];
  readonly similarity: number | null;
}

export interface MakeModelsOptions {
  readonly folder?: string;
  /** Only these, such as `cartpole-dqn-converted`; all but Breakout's unless given. */
  readonly only?: readonly string[];
  /** Of Breakout: the training run to make it from. */
  readonly run?: string;
  /** Replace what is there already. */
  readonly anew?: boolean;
  readonly onProgress?: OnProgress;
  readonly onModel?: (model: MadeModel) => void;
  readonly signal?: AbortSignal;
}

/**
 * Makes the networks in models/: trained ones by `dsqn train` from the preset of their name (Breakout's: the best of a run), converted ones
 * from states that their source visits. Each is scored as it will be stored, and replaces what was there only if it reaches its target.
 *
 * Errors: TARGET_MISSED, RUN_NOT_FOUND, MODEL_DOES_NOT_FIT, and those of the environments.
 */
export async function makeModels(options: MakeModelsOptions = {}): Promise<MadeModel[]> {
  const { folder = "models", only, anew, onModel } = options;
  const made: MadeModel[] = [];
  for (const name of only ? modelNames.filter((known) => only.includes(known)) : inMinutes()) {
    if (!anew && existsSync(join(folder, `${name}.safetensors`))) continue;
    const { world, source, preprocessing = "nature" } = shipped[name];
    const context = { ...options, folder };
    const found = source === undefined ? await trained(name, context) : undefined;
    const model = await world.open((make) => scoreAndSave(name, found, make, context), preprocessing);
    made.push(model);
    onModel?.(model);
  }
  return made;
}

const inMinutes = (): string[] =>
  modelNames.filter((name) => shipped[name].world !== breakout && shipped[name].run === undefined);

type Context = MakeModelsOptions & { readonly folder: string };

async function scoreAndSave(
  name: string,
  found: Made | undefined,
  makeEnvironments: MakeEnvironments,
  context: Context,
): Promise<MadeModel> {
  const { world, target, source, teacher, preprocessing = "nature" } = shipped[name];
  const { folder, signal, onProgress } = context;
  const other = source ?? teacher;
  const before = other === undefined ? undefined : await loadModel(join(folder, `${other}.safetensors`));
  const { network, fields } =
    found ?? (await converted(name, { name: source!, ...before! }, makeEnvironments, context));
  const policy = policyOf(decodeModel(encodeModel(network, { dtype: world.dtype })));
  const compare = before && policyOf(before.network);
  const played = await evaluate(policy, makeEnvironments, { ...world.score, compare, signal, onProgress });
  const { mean, std, ci95, similarity, similarityCi95, decisions, cost, spikesPerDecision, synOpsPerDecision } = played;
  if (mean < target)
    throw new DsqnError(
      "TARGET_MISSED",
      `${name} scores ${mean.toFixed(1)} over ${world.score.episodes} episodes; a network that ships has at least ${target}.`,
      {
        hint: "Nothing was replaced. Train it on or from another seed, or change its preset.",
        facts: { name, mean, target },
      },
    );
  // Conversions are held against their source in the same games; the other versions would cost twice as many again.
  const also = world === breakout && !before ? await elsewhere(policy, preprocessing, context) : undefined;
  const score = {
    ...world.score,
    ...(world === breakout && GAME),
    ...{ mean, std, ci95, similarity },
    ...(before && { similarityCi95 }),
    ...(isSpiking(network) && { decisions, spikesPerDecision, synOpsPerDecision }),
    cost,
    ...(also && { also }),
  };
  await saveModel(join(folder, `${name}.safetensors`), network, { ...fields, score }, { dtype: world.dtype });
  return { name, mean, std, ci95, similarity };
}

/** What it scores in the other versions of its game. */
async function elsewhere(
  policy: Policy,
  preprocessing: "nature" | "patel",
  { signal, onProgress }: Context,
): Promise<object[]> {
  const played: object[] = [];
  for (const game of ALSO) {
    const { mean, std, ci95, episodes } = await withAtari({ ...game, preprocessing, workers: manyWorkers() }, (make) =>
      evaluate(policy, make, { ...breakout.score, signal, onProgress }),
    );
    played.push({ ...game, episodes, mean, std, ci95 });
  }
  return played;
}

interface Made {
  readonly network: Network;
  /** Of its card. */
  readonly fields: CardFields;
}

/** The best network of a training: of a run that exists, or where that takes minutes of one made for it. */
async function trained(name: string, { run, folder, signal, onProgress }: Context): Promise<Made> {
  const { run: usual, preset = name, kind, teacher } = shipped[name];
  if (usual !== undefined) {
    const best = await loadModel(bestOf(run ?? usual, name, preset));
    if (kindOf(best.network) === kind) return { network: best.network, fields: cardFields(best) };
    throw new DsqnError(
      "MODEL_DOES_NOT_FIT",
      `${name} is a ${kind} network; that of the run is a ${kindOf(best.network)} one.`,
      { hint: `Name the run of "dsqn train ${preset}" with --run.` },
    );
  }
  const temporary = mkdtempSync(join(tmpdir(), "dsqn-models-"));
  try {
    const changes =
      teacher !== undefined && folder !== "models" ? { source: join(folder, `${teacher}.safetensors`) } : {};
    const { model } = await runTraining({ preset: name, changes, out: join(temporary, name), signal, onProgress });
    const best = await loadModel(model);
    return { network: best.network, fields: cardFields(best) };
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

async function converted(
  name: string,
  source: Model & { readonly name: string },
  makeEnvironments: MakeEnvironments,
  { signal, onProgress }: Context,
): Promise<Made> {
  const { world, few } = shipped[name];
  const { environment, states: wanted } = world;
  const conversion = few?.conversion ?? world.conversion;
  const states = await collectStates(policyOf(source.network), makeEnvironments, { ...wanted, signal, onProgress });
  onProgress?.({ stage: "convert", done: 0, unit: "models", note: name });
  const { network: rough, scales } = convert(source.network, states, conversion);
  const tuning = few?.tuning;
  const tuned =
    tuning && (await fineTune(rough, source.network, states, { ...tuning, signal, makeTrainable: openTrainable }));
  const network = tuned?.network ?? rough;
  const fields = {
    environment,
    method: "conversion",
    command: `dsqn models ${name} --anew`,
    source: { model: `${source.name}.safetensors`, sha256: source.sha256 },
    conversion: tuned ? { ...conversion, fineTune: { ...tuning, agreement: tuned.agreement } } : conversion,
    states: wanted,
    ...(shipped[name].world !== breakout && {
      scales: scales.map((scale) => (scale.length === 1 ? scale[0] : Array.from(scale))),
    }),
    steps: network.coding.steps,
  };
  return { network, fields };
}

/** What the training run's card says, without what belongs to its file. */
function cardFields({ card }: Model): CardFields {
  const own = ["format", "name", "kind", "shape", "dtype", "sha256", "createdAt", "score", "part"];
  return Object.fromEntries(Object.entries(card ?? {}).filter(([field]) => !own.includes(field)));
}

function bestOf(run: string, name: string, preset: string): string {
  const path = join(run, "best.safetensors");
  if (existsSync(path)) return path;
  throw new UsageError("RUN_NOT_FOUND", `"${path}" is not there: ${name} is made from a training run.`, {
    hint: `Train one: dsqn train ${preset} --out ${run}`,
  });
}
