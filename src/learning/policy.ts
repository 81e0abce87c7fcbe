import { valuesOf } from "../engines/values.ts";
import type { Network } from "../network/file/model.ts";
import { argmax } from "../network/decide.ts";
import type { SpikingEngine } from "../network/engine.ts";
import { fastEngine } from "../engines/fast/index.ts";
import { observationSize, type TieRule } from "../network/old/spiking-network.ts";

/** Anything that can act: a network, a simulator, a random choice. */
export interface Policy {
  /** Number of discrete actions. */
  readonly actions: number;
  /** Length of an observation. */
  readonly observationSize: number;
  /** Of an image, [height, width, channels]; absent where an observation is a list of values. */
  readonly observationShape?: readonly number[];
  /** Greedy actions for `batch` observations, [batch, observationSize]. Returns [batch]. */
  act(observations: Float32Array, batch: number): Int32Array | Promise<Int32Array>;
  /** The same, and the values of all actions that they are the largest of, [batch, actions]; absent where there are none (a random choice, spikes). Who replaces `act` replaces this too, or leaves it out. */
  judge?(observations: Float32Array, batch: number): Judgement;
  /** What acting has cost so far, in all decisions; absent where nobody counts. */
  readonly work?: PolicyWork;
}

/** Greedy actions, [batch], and what they were chosen by. */
export interface Judgement {
  readonly actions: Int32Array;
  /** [batch, actions]: Q-values of a DQN, logits of a classifier. */
  readonly values: Float32Array;
}

/** Counted as NeuroBench does (Yik et al. 2025): effective operations only. */
export interface PolicyWork {
  readonly decisions: number;
  /** Of all layers that spike; 0 for a dense or convolutional network. */
  readonly spikes: number;
  /** Accumulates and multiply-accumulates. */
  readonly synOps: number;
}

/** How a network acts, where it should differ from what the network says itself. */
export interface PolicyOptions {
  /** Time steps per decision of a spiking network; its own T unless given. */
  readonly steps?: number;
  /** Which of several equal values acts; the network's own rule unless given, "first" for one that does not spike. */
  readonly ties?: TieRule;
  /** Seed of Poisson encoding. */
  readonly seed?: number;
  readonly engine?: SpikingEngine;
}

/**
 * The greedy policy of a network as it is at the first decision: dense, convolutional (observations are [batch, height, width, channels]) or
 * spiking.
 */
export function policyOf(network: Network, options: PolicyOptions = {}): Policy {
  const work = { decisions: 0, spikes: 0, synOps: 0 };
  if (network.kind !== "spiking") {
    const { ties = "first" } = options;
    const { actions, observationSize, forward } = valuesOf(network);
    const judge = (observations: Float32Array, batch: number): Judgement => {
      const { outputs, multiplyAccumulates } = forward(observations, batch);
      work.decisions += batch;
      work.synOps += multiplyAccumulates;
      const best = Int32Array.from({ length: batch }, (_, k) => argmax(outputs, k * actions, actions, ties));
      return { actions: best, values: outputs };
    };
    return {
      actions,
      observationSize,
      observationShape: network.kind === "convolutional" ? network.input : undefined,
      work,
      judge,
      act: (observations, batch) => judge(observations, batch).actions,
    };
  }
  const actions = network.layers.at(-1)!.outputs;
  const { steps = network.steps, ties = network.ties, seed = 0, engine = fastEngine() } = options;
  const read = { ...network, ties };
  return {
    actions,
    observationSize: observationSize(network),
    work,
    act(observations, batch) {
      // Successive calls get successive Poisson streams: the same state seen twice is encoded anew.
      const { decisions } = work;
      const result = engine.run(read, observations, {
        steps,
        seed: (seed + decisions) >>> 0,
        unchanged: decisions > 0,
      });
      work.decisions += batch;
      work.spikes += result.work.spikes * batch;
      work.synOps += result.work.synOps * batch;
      return result.actions;
    },
  };
}
