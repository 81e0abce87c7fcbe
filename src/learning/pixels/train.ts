import type { Tfjs } from "../../engines/tensorflow/tfjs.ts";
import { DsqnError } from "../../errors.ts";
import type { OnProgress } from "../../progress.ts";
import { Random } from "../../numeric/random.ts";
import { argmax } from "../../network/decide.ts";
import { valueAt } from "../schedules.ts";
import { mean } from "../../numeric/statistics.ts";
import type { ConvDqnConfig } from "./config.ts";
import type { MakePixelEnvironments, PixelEnvironments, PixelStep } from "../../environments/worlds.ts";
import { openPixelLearner, type PixelLearner, type PixelNetwork } from "./learner.ts";
import { FrameMemory } from "./memory.ts";
import { startingNetwork } from "./network.ts";
import { playEpisodes } from "./play.ts";
import { assertReplayFits } from "./room.ts";
import {
  type OpenGame,
  type PixelEpisode,
  type PixelEvaluation,
  type PixelProgression,
  type PixelSnapshot,
  type PixelState,
  restorePixelSnapshot,
  takePixelSnapshot,
} from "./state.ts";

/** Where to learn, and who hears of it. */
export interface TrainConvDqnOptions {
  readonly tf: Tfjs;
  readonly makeEnvironments: MakePixelEnvironments;
  readonly onProgress?: OnProgress;
  readonly onEpisode?: (entry: PixelEpisode) => void;
  /** `best`: the network, where it is the best so far. */
  readonly onEvaluation?: (entry: PixelEvaluation, best?: PixelNetwork) => void | Promise<void>;
  /** Called once before the first step. */
  readonly onMemory?: (memory: FrameMemory) => void;
  /** Called when the memory is back where `resume` has it, but for its frames: they are the caller's to bring back. */
  readonly onRestored?: () => void;
  /** Called between steps, where the run could stop; with `last` set when training ends or `signal` fires. */
  readonly onSafePoint?: (facts: { snapshot: () => PixelSnapshot; last: boolean }) => void;
  readonly resume?: PixelSnapshot;
  readonly signal?: AbortSignal;
}

/** What training came to. */
export interface ConvDqnResult {
  /** The network that the evaluations chose. */
  readonly network: PixelNetwork;
  readonly initial: PixelNetwork;
  readonly last: PixelNetwork;
  readonly progression: PixelProgression;
}

/**
 * Deep Q-learning from pixels (Mnih et al. 2015) with double Q, n-step returns, prioritised replay and action-gap widening as
 * options. While the games step, the gradient steps due use what is known up to the step before; the order of everything is
 * fixed, so that a config gives one curve on one machine with one number of TensorFlow threads.
 *
 * Errors: REPLAY_TOO_LARGE, LAYER_UNTRAINABLE, MODEL_DOES_NOT_FIT, TRAINING_DIVERGED, CHECKPOINT_INVALID, INTERRUPTED, and those of the environments.
 */
export async function trainConvDqn(config: ConvDqnConfig, options: TrainConvDqnOptions): Promise<ConvDqnResult> {
  const { signal } = options;
  const started = performance.now();
  const environments = await options.makeEnvironments(config.environment.count);
  let learner: PixelLearner | undefined;
  let evaluator: Evaluator | undefined;
  try {
    const { count, actions } = environments;
    const state = createState(config, environments);
    const network = await startingNetwork(config, environments);
    learner = openPixelLearner(options.tf, network, config);
    state.chosen = learner.weights();
    state.initial = learner.weights();
    options.onMemory?.(state.memory);
    evaluator = createEvaluator(config, options, state, learner);
    const { progression, memory, random } = state;
    let before = 0;
    const spent = (): number => before + (performance.now() - started) / 1000;
    const safePoint = (last: boolean): void =>
      options.onSafePoint?.({ snapshot: () => takePixelSnapshot(state, learner!.save(), spent()), last });
    if (options.resume) {
      learner.restore(restorePixelSnapshot(state, options.resume));
      before = progression.seconds;
      options.onRestored?.();
      await replayGames(environments, state, signal);
    } else await begin(environments, state);

    const learn = createUpdates(config, state, learner);
    const observations = new Uint8Array(count * memory.options.frameSize * environments.stack);
    const chosen = new Int32Array(count);
    while (progression.environmentSteps < config.steps && progression.episodes < (config.episodes ?? Infinity)) {
      if (signal?.aborted) {
        safePoint(true);
        throw new DsqnError("INTERRUPTED", `Training stopped after ${progression.environmentSteps} steps.`, {
          cause: signal.reason,
        });
      }
      safePoint(false);
      const epsilon = valueAt(config.epsilon, progression.environmentSteps);
      for (let i = 0; i < count; i++)
        chosen[i] = random.exploration.uniform() < epsilon ? random.exploration.integer(actions) : -1;
      if (chosen.includes(-1)) {
        for (let i = 0; i < count; i++)
          memory.newest(i, observations, i * memory.options.frameSize * environments.stack);
        const values = learner.values(observations, count);
        for (let i = 0; i < count; i++) if (chosen[i] < 0) chosen[i] = argmax(values, i * actions, actions);
      }
      const pending = environments.step(chosen);
      // Until the step is on its way: TensorFlow holds this thread while it works.
      await new Promise(setImmediate);
      learn(count);
      await record(config, state, environments, chosen, await pending, epsilon, options, spent);
      if (progression.environmentSteps >= progression.nextEvaluation) {
        progression.nextEvaluation += config.evaluation.every;
        await evaluator.evaluate(spent());
      }
    }
    if (progression.evaluations.at(-1)?.environmentSteps !== progression.environmentSteps)
      await evaluator.evaluate(spent());
    progression.seconds = spent();
    safePoint(true);
    return {
      network: learner.toNetwork(state.chosen),
      initial: learner.toNetwork(state.initial),
      last: learner.toNetwork(),
      progression,
    };
  } finally {
    learner?.close();
    await evaluator?.close();
    await environments.close();
  }
}

function createState(config: ConvDqnConfig, environments: PixelEnvironments): PixelState {
  const { count, height, width, stack } = environments;
  const { capacity, prioritisation } = config.replay;
  const frameSize = height * width;
  assertReplayFits({ capacity, frameSize, environments: count });
  const stream = (label: string): Random => Random.stream(config.seed, label);
  return {
    memory: new FrameMemory({
      environments: count,
      capacity,
      frameSize,
      stack,
      nStep: config.nStep,
      gamma: config.gamma,
      prioritisation,
    }),
    random: {
      environment: stream("environment"),
      exploration: stream("exploration"),
      replay: stream("replay"),
    },
    games: Array.from({ length: count }, () => ({ seed: 0, actions: [], return: 0 })),
    chosen: [],
    initial: [],
    progression: {
      environmentSteps: 0,
      updates: 0,
      credit: 0,
      loss: 0,
      episodes: 0,
      recent: [],
      bestMean100: null,
      evaluations: [],
      nextEvaluation: config.evaluation.every,
      chosen: null,
      seconds: 0,
    },
  };
}

async function begin(environments: PixelEnvironments, { games, memory, random }: PixelState): Promise<void> {
  for (const game of games) game.seed = random.environment.integer(2 ** 31);
  await environments.reset({ seed: games.map(({ seed }) => seed) });
  for (let i = 0; i < environments.count; i++) memory.observe(i, frameOf(environments.newest.frames, i, memory), true);
}

function frameOf(frames: Uint8Array, i: number, { options: { frameSize } }: FrameMemory): Uint8Array {
  return frames.subarray(i * frameSize, (i + 1) * frameSize);
}

/** The gradient steps due after so many more agent steps. */
function createUpdates(
  config: ConvDqnConfig,
  { memory, random, progression }: PixelState,
  learner: PixelLearner,
): (environmentSteps: number) => void {
  const { batchSize, updateEvery, target, replay, optimizer } = config;
  return (environmentSteps) => {
    if (memory.size < Math.max(batchSize, replay.initial)) return;
    progression.credit += environmentSteps;
    for (; progression.credit >= updateEvery; progression.credit -= updateEvery) {
      const batch = memory.sample(batchSize, random.replay);
      const { loss, errors } = learner.update(batch, valueAt(optimizer.learningRate, progression.environmentSteps));
      if (!Number.isFinite(loss))
        throw new DsqnError("TRAINING_DIVERGED", `The loss became ${loss} at gradient step ${progression.updates}.`, {
          hint: "Lower the learning rate, or clip gradients. The last checkpoint is from before.",
          facts: { gradientSteps: progression.updates, environmentSteps: progression.environmentSteps },
        });
      memory.updatePriorities(batch.slots, errors);
      progression.loss = progression.updates === 0 ? loss : 0.999 * progression.loss + 0.001 * loss;
      progression.updates++;
    }
    const copies = (steps: number): number => Math.floor(steps / target.every);
    if (copies(progression.environmentSteps + environmentSteps) > copies(progression.environmentSteps))
      learner.syncTarget();
  };
}

const seen: Readonly<Record<ConvDqnConfig["rewards"], (reward: number) => number>> = {
  "sign": Math.sign,
  "raw": (reward) => reward,
  "at-most-one": (reward) => Math.min(1, reward),
};

/** Remembers one step of all games, ends some, starts new ones. */
async function record(
  config: ConvDqnConfig,
  state: PixelState,
  environments: PixelEnvironments,
  actions: Int32Array,
  step: PixelStep,
  epsilon: number,
  options: TrainConvDqnOptions,
  spent: () => number,
): Promise<void> {
  const { memory, games, progression, random } = state;
  const { count } = environments;
  const ended = new Uint8Array(count);
  for (let i = 0; i < count; i++) {
    const terminated = step.terminated[i] === 1;
    const truncated = !terminated && step.truncated[i] === 1;
    const terminal = terminated || (config.lifeLossIsTerminal && step.lifeLost[i] === 1);
    memory.act(i, actions[i], seen[config.rewards](step.rewards[i]), terminal);
    if (!terminated) memory.observe(i, frameOf(step.frames, i, memory), false);
    if (truncated) memory.cut(i);
    progression.environmentSteps++;
    games[i].actions.push(actions[i]);
    games[i].return += step.rewards[i];
    ended[i] = Number(terminated || truncated);
    if (ended[i]) finishGame(config, state, games[i], epsilon, options, spent);
  }
  if (!ended.includes(1)) return;
  for (let i = 0; i < count; i++)
    if (ended[i]) games[i] = { seed: random.environment.integer(2 ** 31), actions: [], return: 0 };
  await environments.reset({ seed: games.map(({ seed }) => seed), mask: ended });
  for (let i = 0; i < count; i++) if (ended[i]) memory.observe(i, frameOf(environments.newest.frames, i, memory), true);
}

function finishGame(
  config: ConvDqnConfig,
  { progression }: PixelState,
  game: OpenGame,
  epsilon: number,
  options: TrainConvDqnOptions,
  spent: () => number,
): void {
  progression.recent = [...progression.recent.slice(-99), game.return];
  const mean100 = mean(progression.recent);
  const entry: PixelEpisode = {
    episode: progression.episodes++,
    environmentSteps: progression.environmentSteps,
    return: game.return,
    length: game.actions.length,
    mean100,
    epsilon,
    loss: progression.loss,
  };
  if (progression.recent.length === 100 && mean100 > (progression.bestMean100?.mean100 ?? -Infinity))
    progression.bestMean100 = { episode: entry.episode, mean100 };
  options.onEpisode?.(entry);
  options.onProgress?.({
    stage: "train",
    done: progression.environmentSteps,
    total: config.steps,
    unit: "steps",
    note:
      `mean100 ${mean100.toFixed(1)}  epsilon ${epsilon.toFixed(2)}  ${(progression.environmentSteps / spent()).toFixed(0)} steps/s` +
      (progression.chosen ? `  best ${progression.chosen.mean.toFixed(1)}` : ""),
  });
}

interface Evaluator {
  evaluate(seconds: number): Promise<void>;
  close(): Promise<void>;
}

/** Scores the current network and keeps it when it is the best yet. */
function createEvaluator(
  { seed, evaluation }: ConvDqnConfig,
  { makeEnvironments, onEvaluation, signal }: TrainConvDqnOptions,
  state: PixelState,
  learner: PixelLearner,
): Evaluator {
  const stream = Random.stream(seed, "evaluation");
  // The same starts for every network: the difference between two scores is then the networks', not the starts'.
  const seeds = Array.from({ length: evaluation.episodes }, () => stream.integer(2 ** 31));
  let environments: PixelEnvironments | undefined;
  return {
    async evaluate(seconds) {
      environments ??= await makeEnvironments(seeds.length);
      const values = learner.values;
      const { returns, lengths } = await playEpisodes(environments, values, { ...evaluation, seeds, signal });
      const { progression } = state;
      const entry: PixelEvaluation = {
        environmentSteps: progression.environmentSteps,
        episode: progression.episodes,
        updates: progression.updates,
        mean: mean(returns),
        min: Math.min(...returns),
        max: Math.max(...returns),
        episodes: returns.length,
        length: mean(lengths),
        seconds,
      };
      progression.evaluations.push(entry);
      // Of equal scores the later: it has learned from more.
      const best = !progression.chosen || entry.mean >= progression.chosen.mean;
      if (best) {
        progression.chosen = entry;
        state.chosen = learner.weights();
      }
      await onEvaluation?.(entry, best ? learner.toNetwork(state.chosen) : undefined);
    },
    close: async () => environments?.close(),
  };
}

/**
 * Brings every game to where its actions lead from its seed, all of them arriving together: one with a shorter history starts
 * later. The frame there must be the one that the memory holds.
 */
async function replayGames(
  environments: PixelEnvironments,
  { games, memory }: PixelState,
  signal?: AbortSignal,
): Promise<void> {
  const seed = games.map((game) => game.seed);
  const longest = Math.max(...games.map((game) => game.actions.length));
  await environments.reset({ seed });
  for (let t = 0; t < longest; t++) {
    if (signal?.aborted)
      throw new DsqnError("INTERRUPTED", "Stopped before the games were back where the checkpoint left them.", {
        cause: signal.reason,
      });
    const start = games.map((game) => t - (longest - game.actions.length));
    // A game that waits is reset before every step: nothing is known of a step after an episode's end.
    const waiting = Uint8Array.from(start, (s) => Number(s <= 0));
    if (t > 0 && waiting.includes(1)) await environments.reset({ seed, mask: waiting });
    await environments.step(Int32Array.from(start, (s, i) => (s < 0 ? 0 : games[i].actions[s])));
  }
  const unstarted = Uint8Array.from(games, (game) => Number(game.actions.length === 0));
  if (longest > 0 && unstarted.includes(1)) await environments.reset({ seed, mask: unstarted });
  for (let i = 0; i < environments.count; i++) {
    const now = Buffer.from(frameOf(environments.newest.frames, i, memory));
    if (!now.equals(memory.newestFrame(i)))
      throw new DsqnError(
        "CHECKPOINT_INVALID",
        `Game ${i} of ${environments.id} did not come back to its checkpoint.`,
        {
          hint: "The game, its options or its version have changed since. Start the run anew, in another folder.",
          facts: { game: i, seed: games[i].seed, actions: games[i].actions.length },
        },
      );
  }
}
