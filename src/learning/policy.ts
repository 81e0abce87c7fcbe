import { fastEngine } from "../engines/fast/index.ts";
import { createCarry } from "./carry.ts";
import { type Cost, costOf } from "../network/cost.ts";
import { argmax } from "../network/decide.ts";
import type { Awaitable, Engine, Loaded, RunResult, Work } from "../network/engine.ts";
import { actionsOf, isSpiking, type Network, observationSize, type TieRule } from "../network/network.ts";

/** Anything that can act: a network, a simulator, a random choice. */
export interface Policy {
  /** Number of discrete actions. */
  readonly actions: number;
  /** Length of an observation. */
  readonly observationSize: number;
  /** Of an image, [height, width, channels]; absent where an observation is a list of values. */
  readonly observationShape?: readonly number[];
  /** Greedy actions for `batch` observations, [batch, observationSize]. Returns [batch]. */
  act(observations: Float32Array, batch: number, episodes?: Int32Array): Awaitable<Int32Array>;
  /** So many episodes begin side by side, for who remembers: `episodes` of `act` counts them. Absent where nobody does. */
  begin?(episodes: number): void;
  /**
   * The same, and the values of all actions that they are the largest of; absent where there are none (a random choice, spikes). Who replaces
   * `act` replaces this too, or leaves it out.
   */
  values?(observations: Float32Array, batch: number): Awaitable<Decisions>;
  /** What acting has cost so far, in all decisions; absent where nobody counts. */
  readonly work?: PolicyWork;
  /** What a decision costs that takes so much; absent where nobody counts. */
  cost?(perDecision: Work): Cost;
  /** Gives back what it took. */
  close?(): Awaitable<void>;
}

/** Greedy actions, [batch], and what they were chosen by. */
export interface Decisions {
  readonly actions: Int32Array;
  /** [batch, actions]: Q-values of a DQN, logits of a classifier. */
  readonly values: Float64Array;
}

/** What all decisions so far took together: effective operations only, as NeuroBench counts them (Yik et al. 2025). */
export interface PolicyWork extends Work {
  readonly decisions: number;
}

/** How a network acts, where it should differ from what the network says itself. */
export interface PolicyOptions {
  /** Who runs it: the fast engine unless given, or a simulator. The caller's to close. */
  readonly engine?: Engine;
  /** Time steps per decision of a spiking network; its own T unless given. */
  readonly steps?: number;
  /** Which of several equal values acts; the network's own rule unless given, "first" for one that does not spike. */
  readonly ties?: TieRule;
  /** Seed of Poisson encoding. */
  readonly seed?: number;
  /** Of a spiking network on our own engines: what its neurons hold after a decision is what the episode's next one begins with (carry.ts). */
  readonly carry?: boolean;
}

/** The greedy policy of a network as it is at the first decision, whatever its kind and whoever runs it. */
export function policyOf(network: Network, options: PolicyOptions = {}): Policy {
  const { engine = fastEngine(), steps, ties, seed = 0 } = options;
  const actions = actionsOf(network);
  const size = observationSize(network);
  const spiking = isSpiking(network);
  const read = spiking && ties ? { ...network, coding: { ...network.coding, ties } } : network;
  const work = { decisions: 0, spikes: 0, accumulates: 0, multiplyAccumulates: 0, synOps: 0, active: 0 };
  let loaded: Awaitable<Loaded> | undefined;
  let decisions = 0;

  const counted = (result: RunResult, batch: number): RunResult => {
    if (!result.work) return result;
    work.decisions += batch;
    for (const [name, count] of Object.entries(result.work)) work[name as keyof Work] += count * batch;
    return result;
  };
  const carry = options.carry && isSpiking(read) ? createCarry(read) : undefined;
  const run = (observations: Float32Array, batch: number, episodes?: Int32Array): Awaitable<RunResult> => {
    const states = observations.subarray(0, batch * size);
    const rows = carry && (episodes ?? Int32Array.from({ length: batch }, (_, k) => k));
    // Successive calls get successive Poisson streams: the same state seen twice is encoded anew.
    const how = { steps, seed: (seed + decisions) >>> 0, ...(rows && { state: carry.of(rows) }) };
    decisions += batch;
    loaded ??= engine.load(read);
    return then(
      then(loaded, (one) => one.run(states, how)),
      (result) => {
        if (rows) carry.keep(rows, result.state!);
        return counted(result, batch);
      },
    );
  };
  const chosen = ({ outputs, actions: own }: RunResult, batch: number): Int32Array =>
    spiking || !ties ? own : Int32Array.from({ length: batch }, (_, k) => argmax(outputs, k * actions, actions, ties));

  return {
    actions,
    observationSize: size,
    ...(network.input.length === 3 && { observationShape: network.input }),
    work,
    cost: (perDecision) => costOf(network, perDecision, steps ?? (spiking ? network.coding.steps : 1)),
    act: (observations, batch, episodes) => then(run(observations, batch, episodes), (result) => chosen(result, batch)),
    ...(carry && { begin: (episodes: number) => carry.begin(episodes) }),
    ...(!spiking && {
      values: (observations: Float32Array, batch: number) =>
        then(run(observations, batch), (result) => ({ actions: chosen(result, batch), values: result.outputs })),
    }),
    async close() {
      await (await loaded)?.close();
      loaded = undefined;
    },
  };
}

/** Goes on at once where there is nothing to wait for. */
function then<A, B>(value: Awaitable<A>, next: (value: A) => Awaitable<B>): Awaitable<B> {
  return value instanceof Promise ? value.then(next) : next(value);
}
