import type { TensorData } from "../files/tensor.ts";
import type { Network } from "../network/network.ts";
import type { OnProgress } from "../progress.ts";
import type { MakeTrainable } from "./networks.ts";

/** What an environment shows: the values of an observation, or its newest frame. */
export type Shown = Float32Array | Uint8Array;

/** What came of an action in one environment. */
export interface Outcome {
  readonly action: number;
  /** The environment's own. */
  readonly reward: number;
  /** What the environment shows now; a view that is valid during the call. */
  readonly shown: Shown;
  readonly terminated: boolean;
  readonly truncated: boolean;
  readonly lifeLost: boolean;
}

/** Weights of a learning network as its learner keeps them, in its own order. */
export type Weights = readonly Float32Array[];

/** Plain JSON and arrays. */
export interface Stored {
  readonly facts: object;
  readonly tensors: Readonly<Record<string, TensorData>>;
}

/** Tensors of a part, under names of the whole; `unprefixed` takes them out again. */
export function prefixed(prefix: string, tensors: Stored["tensors"] | Weights): Stored["tensors"] {
  return Object.fromEntries(Object.entries(tensors).map(([name, data]) => [`${prefix}.${name}`, data]));
}

export function unprefixed(prefix: string, tensors: Stored["tensors"]): Stored["tensors"] {
  const own = Object.entries(tensors).filter(([name]) => name.startsWith(`${prefix}.`));
  return Object.fromEntries(own.map(([name, data]) => [name.slice(prefix.length + 1), data]));
}

/** The same of a list of arrays, in its order. */
export function listed(prefix: string, tensors: Stored["tensors"]): Float32Array[] {
  const own = unprefixed(prefix, tensors);
  return Object.keys(own).map((_, i) => own[i] as Float32Array);
}

/** Actions [batch] for `batch` observations. `episodes` [batch]: whose they are, for who remembers. */
export type Act = (
  observations: Float32Array,
  batch: number,
  episodes?: Int32Array,
) => Int32Array | Promise<Int32Array>;

/**
 * What the loop (train.ts) asks of an algorithm. It steps the environments, counts episodes, evaluates, chooses, stops and resumes; an algorithm
 * decides, and learns from what came of it. All that is random in an algorithm comes from streams of its own, and all its state is in `save`.
 */
export interface Algorithm {
  /** What it is shown: observations, or frames as they come. */
  readonly sees: "observations" | "frames";
  /** "at-once": an environment starts anew when its episode ends. "rounds": when those of all have ended, and `endRound` has learned from them. */
  readonly episodes: "at-once" | "rounds";
  /** Gradient steps so far. */
  readonly updates: number;
  /** Environment i starts an episode. */
  begin(i: number, shown: Shown): void;
  /** Actions of the environments `running`, exploration included, after so many environment steps. */
  act(running: Int32Array, environmentSteps: number): Int32Array;
  /** The gradient steps that are due with `steps` more environment steps; called while the environments take them. */
  learn(steps: number, environmentSteps: number): void;
  /** What came of the action in environment i. */
  observe(i: number, outcome: Outcome): void;
  /** All episodes of a round have ended. */
  endRound?(): void;
  /** Multiplies the learning rate from now on. */
  slowDown(factor: number): void;
  /** Learns anew, from other random weights and with schedules from their start: for the `attempt`-th time. Absent where that can't be. */
  restart?(attempt: number, environmentSteps: number): Promise<void>;
  /** What an entry of the learning curve says besides. */
  report(): Readonly<Record<string, number>>;
  /** The policy to be scored, without exploration, and the weights that it acts with. */
  readonly greedy: Act;
  candidate(): Weights;
  /** Of the network that learns. */
  weights(): Weights;
  /** The network with `weights` (those that it has now), as it is saved: on the environment's own observations. */
  network(weights?: Weights): Network;
  /** Whether a checkpoint is due whatever the clock says. */
  checkpointDue?(): boolean;
  /** The tensors may be views: write them before training goes on. */
  save(): Stored;
  restore(saved: Stored): void;
  /** Environment i is back where the checkpoint left it; false if it doesn't show what it showed then. */
  resume(i: number, shown: Shown): boolean;
  close(): void;
}

/** What an algorithm is made with besides its config. */
export interface AlgorithmOptions {
  /** Makes a network learn. */
  readonly makeTrainable?: MakeTrainable;
  /** Keeps the frames of a replay memory beside the checkpoints, which then hold all but them; `resume`: they are there. */
  readonly framesFile?: { readonly path: string; readonly resume: boolean };
  readonly onProgress?: OnProgress;
  readonly signal?: AbortSignal;
}
