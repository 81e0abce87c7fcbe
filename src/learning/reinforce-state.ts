import type { TrainableNetwork } from "../network/trainable.ts";
import type { Optimizer } from "../engines/optimizers/index.ts";
import { Random, type RandomState } from "../numeric/random.ts";
import type { CurveEntry, SolveState } from "./learning-curve.ts";

/** One training episode: its return and the mean of the last 100. */
export interface ReinforceEpisode extends CurveEntry {
  readonly length: number;
}

/** A greedy evaluation in between. */
export interface ReinforceEvaluation {
  readonly episode: number;
  readonly mean: number;
}

/** Counters and curves: everything of a run that is plain JSON. */
interface Progression extends SolveState {
  updates: number;
  curve: ReinforceEpisode[];
  evaluations: ReinforceEvaluation[];
  chosen: ReinforceEvaluation | null;
  confirmed: boolean;
  seconds: number;
}

export interface ReinforceState {
  readonly network: TrainableNetwork;
  readonly optimizer: Optimizer;
  /** Parameters that greedy evaluation chose. */
  readonly best: Float32Array;
  readonly random: { readonly seeds: Random; readonly actions: Random };
  readonly progression: Progression;
}

/** All it takes to go on after an update, where no episode is open. */
export interface ReinforceSnapshot {
  readonly facts: {
    readonly progression: Progression;
    readonly random: { readonly seeds: RandomState; readonly actions: RandomState };
    readonly optimizerSteps: number;
  };
  readonly tensors: Readonly<Record<string, Float32Array>>;
}

export function createReinforceState(network: TrainableNetwork, optimizer: Optimizer, seed: number): ReinforceState {
  return {
    network,
    optimizer,
    best: network.parameters.slice(),
    random: { seeds: Random.stream(seed, "environment"), actions: Random.stream(seed, "exploration") },
    progression: {
      updates: 0,
      curve: [],
      evaluations: [],
      chosen: null,
      confirmed: false,
      solveCounter: 0,
      solvedAt: null,
      seconds: 0,
    },
  };
}

/** `seconds`: spent so far, earlier parts of the run included. */
export function takeReinforceSnapshot(state: ReinforceState, seconds: number): ReinforceSnapshot {
  const { steps, moments } = state.optimizer.save();
  return {
    facts: {
      progression: { ...state.progression, seconds },
      random: { seeds: state.random.seeds.state, actions: state.random.actions.state },
      optimizerSteps: steps,
    },
    tensors: {
      policy: state.network.parameters.slice(),
      best: state.best,
      ...Object.fromEntries(moments.map((moment, i) => [`optimizer.${i}`, moment])),
    },
  };
}

/** Puts `state` where the snapshot was taken. */
export function restoreReinforceSnapshot(state: ReinforceState, { facts, tensors }: ReinforceSnapshot): void {
  state.network.parameters.set(tensors.policy);
  state.best.set(tensors.best);
  const moments = state.optimizer.save().moments.map((_, i) => tensors[`optimizer.${i}`]);
  state.optimizer.restore({ steps: facts.optimizerSteps, moments });
  state.random.seeds.state = facts.random.seeds;
  state.random.actions.state = facts.random.actions;
  Object.assign(state.progression, structuredClone(facts.progression));
}
