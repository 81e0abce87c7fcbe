import { joinSteps } from "../environments/joined.ts";
import type { Environments, EnvironmentsStep, MakeEnvironments, PixelStep } from "../environments/worlds.ts";
import { DsqnError } from "../errors.ts";
import type { Network } from "../network/network.ts";
import { nextTurn } from "../platform/node.ts";
import type { OnProgress } from "../progress.ts";
import type { Algorithm } from "./algorithm.ts";
import { LONG, unending } from "./episodes.ts";
import {
  type EpisodeEntry,
  type EvaluationEntry,
  mean100,
  type SolveCriterion,
  watchCriterion,
} from "./learning-curve.ts";
import { createSelection, type EvaluationPlan, type Selection } from "./selection.ts";
import { createRunState, restoreSnapshot, type RunState, shownBy, type Snapshot, takeSnapshot } from "./snapshot.ts";

/** What a run is besides its algorithm. */
export interface TrainingPlan {
  readonly seed: number;
  /** Environments that step side by side. */
  readonly count: number;
  /** Training ends after so many episodes, or environment steps, whichever comes first. */
  readonly episodes?: number;
  readonly steps?: number;
  /** Training's own criterion; noted, never ends a run. */
  readonly solve?: SolveCriterion;
  readonly evaluation: EvaluationPlan;
  /** So many environment steps after it began, a run whose evaluation is still below `below` learns anew from other random weights. */
  readonly restart?: { readonly after: number; readonly below: number };
}

/** Where to learn, and who hears of it. */
export interface TrainHooks {
  readonly makeEnvironments: MakeEnvironments;
  readonly onProgress?: OnProgress;
  readonly onEpisode?: (entry: EpisodeEntry) => void;
  /** `best`: the network, where it is the best so far. */
  readonly onEvaluation?: (entry: EvaluationEntry, best?: Network) => void | Promise<void>;
  /**
   * Called between steps, where the run could stop; `snapshot()` is all it takes to go on from here. `last`: training ends, or
   * `signal` fired. `due`: the algorithm asks for a checkpoint.
   */
  readonly onSafePoint?: (facts: { snapshot: () => Snapshot; last: boolean; due: boolean }) => void;
  /** A remark for the user: episodes that do not end. */
  readonly onWarning?: (message: string) => void;
  readonly resume?: Snapshot;
  readonly signal?: AbortSignal;
}

/** What training came to. */
export interface Trained {
  /** The network that greedy evaluation chose. */
  readonly network: Network;
  readonly initial: Network;
  /** The network at the end of training, chosen or not. */
  readonly last: Network;
  readonly curve: readonly EpisodeEntry[];
  readonly evaluations: readonly EvaluationEntry[];
  readonly chosen: EvaluationEntry;
  readonly confirmed: boolean;
  readonly solvedAt: number | null;
  readonly environmentSteps: number;
  readonly updates: number;
  readonly seconds: number;
}

/** A run under way. */
interface Run {
  readonly plan: TrainingPlan;
  readonly hooks: TrainHooks;
  readonly algorithm: Algorithm;
  readonly environments: Environments;
  readonly selection: Selection;
  readonly state: RunState;
  /** Seconds so far, earlier parts of the run included. */
  spent(): number;
}

/**
 * The loop of every algorithm that learns by acting: steps environments, counts episodes, evaluates greedily, chooses, stops, and resumes.
 *
 * Learning overlaps with the environments' step: while step t is under way, the gradient steps due use what is known up to t - 1. The order of
 * everything is fixed, so that a config gives one curve, bit for bit, however busy the machine is.
 *
 * Errors: INTERRUPTED, CHECKPOINT_INVALID, and those of the algorithm and the environments.
 */
export async function train(
  create: (environments: Environments) => Promise<Algorithm>,
  plan: TrainingPlan,
  hooks: TrainHooks,
): Promise<Trained> {
  const started = performance.now();
  const environments = await hooks.makeEnvironments(plan.count);
  let algorithm: Algorithm | undefined;
  let selection: Selection | undefined;
  try {
    algorithm = await create(environments);
    const state = createRunState(plan.seed, environments.count, plan.evaluation.every, algorithm.weights());
    selection = createSelection(plan.evaluation, algorithm, state, { ...hooks, seed: plan.seed });
    if (hooks.resume) await restoreSnapshot(hooks.resume, state, algorithm, environments, hooks.signal);
    const before = state.progression.seconds;
    const spent = (): number => before + (performance.now() - started) / 1000;
    const run: Run = { plan, hooks, algorithm, environments, selection, state, spent };
    if (!hooks.resume) await startEpisodes(run);
    while (!isOver(run)) {
      safePoint(run, hooks.signal?.aborted ?? false);
      if (hooks.signal?.aborted)
        throw new DsqnError(
          "INTERRUPTED",
          `Training stopped after ${state.progression.environmentSteps} environment steps.`,
          { cause: hooks.signal.reason },
        );
      await step(run);
    }
    return await finish(run);
  } finally {
    algorithm?.close();
    await environments.close();
    await selection?.close();
  }
}

function isOver({ plan: { episodes = Infinity, steps = Infinity }, state: { curve, progression } }: Run): boolean {
  return curve.length >= episodes || progression.environmentSteps >= steps || progression.confirmed;
}

function safePoint({ hooks, state, algorithm, spent }: Run, last: boolean): void {
  const due = algorithm.checkpointDue?.() ?? false;
  hooks.onSafePoint?.({ snapshot: () => takeSnapshot(state, algorithm, spent()), last, due });
}

/** One step of all environments whose episodes are under way. */
async function step(run: Run): Promise<void> {
  const { algorithm, environments, state, plan } = run;
  const { progression, episodes } = state;
  const running = Int32Array.from(episodes.keys()).filter((i) => !episodes[i].ended);
  const actions = new Int32Array(environments.count);
  const pending = stepAll(run, running, actions);
  // Until the step is on its way: learning holds this thread.
  await nextTurn();
  algorithm.learn(running.length, progression.environmentSteps);
  observe(run, running, actions, await pending);
  if (algorithm.episodes === "rounds" && episodes.every(({ ended }) => ended)) {
    algorithm.endRound?.();
    episodes.forEach((_, i) => finishEpisode(run, i));
  }
  await startEpisodes(run);
  const now = plan.evaluation.clock === "steps" ? progression.environmentSteps : algorithm.updates;
  if (now < progression.nextEvaluation) return;
  progression.nextEvaluation += plan.evaluation.every;
  await evaluate(run);
}

/** Chooses `actions` for those that are running, and has all step: in parts, where there are any, each as soon as its own are chosen. */
async function stepAll(run: Run, running: Int32Array, actions: Int32Array): Promise<EnvironmentsStep> {
  const { algorithm, environments, state } = run;
  const steps: Promise<EnvironmentsStep>[] = [];
  let from = 0;
  for (const part of environments.parts ?? [environments]) {
    const to = from + part.count;
    const rows = running.filter((i) => i >= from && i < to);
    const decided = rows.length > 0 ? algorithm.act(rows, state.progression.environmentSteps) : rows;
    rows.forEach((i, row) => (actions[i] = decided[row]));
    steps.push(part.step(actions.subarray(from, to), true));
    from = to;
  }
  await Promise.allSettled(steps); // none is left under way where another one rejects
  return joinSteps(await Promise.all(steps));
}

/** Tells the algorithm what came of the actions, environment by environment, and ends episodes. */
function observe(run: Run, running: Int32Array, actions: Int32Array, result: EnvironmentsStep): void {
  const { algorithm, environments, state } = run;
  const shown = algorithm.sees === "frames" ? (result as PixelStep).frames : result.observations;
  const size = shown.length / environments.count;
  for (const i of running) {
    const episode = state.episodes[i];
    const terminated = result.terminated[i] === 1;
    const truncated = result.truncated[i] === 1;
    algorithm.observe(i, {
      action: actions[i],
      reward: result.rewards[i],
      shown: shown.subarray(i * size, (i + 1) * size),
      terminated,
      truncated,
      lifeLost: result.lifeLost?.[i] === 1,
    });
    state.progression.environmentSteps++;
    episode.actions.push(actions[i]);
    if (episode.actions.length === LONG && !terminated && !truncated)
      run.hooks.onWarning?.(unending(1, environments.id));
    episode.return += result.rewards[i];
    episode.ended = terminated || truncated;
    if (episode.ended && algorithm.episodes === "at-once") finishEpisode(run, i);
  }
}

/** New episodes where they have ended; in rounds once all have. */
async function startEpisodes({ algorithm, environments, state }: Run): Promise<void> {
  const { episodes, random } = state;
  const mask = Uint8Array.from(episodes, ({ ended }) => Number(ended));
  if (!mask.includes(1) || (algorithm.episodes === "rounds" && mask.includes(0))) return;
  mask.forEach((ended, i) => {
    if (ended) episodes[i] = { seed: random.integer(2 ** 31), actions: [], return: 0, ended: false };
  });
  const observations = await environments.reset({ seed: episodes.map(({ seed }) => seed), mask });
  const shown = shownBy(environments, algorithm.sees, observations);
  mask.forEach((ended, i) => {
    if (ended) algorithm.begin(i, shown(i));
  });
}

function finishEpisode({ plan, hooks, algorithm, state, spent }: Run, i: number): void {
  const { progression, curve, episodes } = state;
  const entry: EpisodeEntry = {
    episode: curve.length,
    environmentSteps: progression.environmentSteps,
    return: episodes[i].return,
    length: episodes[i].actions.length,
    mean100: mean100(curve, episodes[i].return),
    ...algorithm.report(),
  };
  curve.push(entry);
  if (plan.solve) watchCriterion(plan.solve, curve, progression);
  hooks.onEpisode?.(entry);
  const epsilon = entry.epsilon === undefined ? "" : `  epsilon ${entry.epsilon.toFixed(2)}`;
  const greedy = progression.chosen ? `  greedy ${progression.chosen.mean.toFixed(1)}` : "";
  hooks.onProgress?.({
    stage: "train",
    ...(plan.steps === undefined
      ? { done: curve.length, total: plan.episodes!, unit: "episodes" }
      : { done: progression.environmentSteps, total: plan.steps, unit: "steps" }),
    note: `mean100 ${entry.mean100.toFixed(1)}${epsilon}  ${(progression.environmentSteps / spent()).toFixed(0)} env-steps/s${greedy}`,
  });
}

async function evaluate(run: Run): Promise<void> {
  const { hooks, algorithm, state, selection } = run;
  const { entry, best } = await selection.evaluate();
  await hooks.onEvaluation?.(entry, best ? algorithm.network(state.chosen) : undefined);
  await restartWhereStuck(run, entry.mean);
}

/** Some starts never come to anything, and waiting for them is worse than another one. */
async function restartWhereStuck({ plan, hooks, algorithm, state }: Run, mean: number): Promise<void> {
  const { progression } = state;
  const { environmentSteps, confirmed } = progression;
  const begun = progression.begun ?? { attempt: 0, at: 0 };
  if (!plan.restart || !algorithm.restart || confirmed || mean >= plan.restart.below) return;
  if (environmentSteps - begun.at < plan.restart.after) return;
  const attempt = begun.attempt + 1;
  progression.begun = { attempt, at: environmentSteps };
  await algorithm.restart(attempt, environmentSteps);
  hooks.onWarning?.(`A score of ${mean.toFixed(1)} after ${environmentSteps - begun.at} steps: learning begins anew.`);
}

async function finish(run: Run): Promise<Trained> {
  const { plan, algorithm, state, spent } = run;
  const { progression } = state;
  const { environmentSteps, evaluations } = progression;
  const scored = plan.evaluation.atEnd ? evaluations.at(-1)?.environmentSteps === environmentSteps : progression.chosen;
  if (!scored) await evaluate(run);
  const { confirmed, solvedAt } = progression;
  progression.seconds = spent();
  safePoint(run, true);
  const chosen = progression.chosen!;
  return {
    network: algorithm.network(state.chosen),
    initial: algorithm.network(state.initial),
    last: algorithm.network(),
    curve: state.curve,
    evaluations,
    chosen,
    confirmed,
    // By whichever came first: a confirmed evaluation, or training's own criterion.
    solvedAt: confirmed ? Math.min(chosen.episode, solvedAt ?? Infinity) : solvedAt,
    environmentSteps,
    updates: algorithm.updates,
    seconds: progression.seconds,
  };
}
