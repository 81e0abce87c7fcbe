import type { Mapping } from "./mapping.ts";
import type { Network } from "./network.ts";
import type { NetworkState } from "./state.ts";

/** The spikes of one layer, sorted by state, then step, then neuron. Step 0 is the first step. */
export interface SpikeEvents {
  readonly state: Int32Array;
  readonly step: Int32Array;
  readonly neuron: Int32Array;
}

/** Work per decision, counted as NeuroBench does (Yik et al. 2025): effective operations only, averaged over the batch. */
export interface Work {
  /** Spikes of all layers that spike. */
  readonly spikes: number;
  /** Synaptic operations that are accumulations: one per spike and outgoing connection. */
  readonly accumulates: number;
  /** Multiply-accumulates: one per nonzero analog input and outgoing connection. With constant input once per decision (the product is the same in every step). */
  readonly multiplyAccumulates: number;
  /** accumulates + multiplyAccumulates */
  readonly synOps: number;
  /** Spikes; in a network without neurons values that arrive at hidden synapses and are not 0. */
  readonly active: number;
}

/** How long a network runs, from which state, and what is kept of it. */
export interface RunOptions {
  /** Time steps; the network's own T unless given. */
  readonly steps?: number;
  /**
   * The input changes: observations are [steps, states, observation], each step's currents or spikes. The network's encoding must be
   * constant.
   */
  readonly changing?: boolean;
  /** Seed of the Poisson encoding; each state of the batch has its own stream. */
  readonly seed?: number;
  /** Keep every spike. */
  readonly recordSpikes?: boolean;
  /** Keep every membrane potential of every layer: [batch, steps, neurons], after the update of the step. */
  readonly recordPotentials?: boolean;
  /** Go on from here instead of from rest, with the batch that it was made for; not modified. Decodings count from this run's first step. */
  readonly state?: NetworkState;
  /** Of NEST: observations enter as weighted generators inside the simulator, which multiplies them with the first weights itself. */
  readonly generators?: boolean;
  /** Return the state after the last step (implied by `state`). */
  readonly keepState?: boolean;
}

/** What a batch of decisions came to. Of a network that does not spike there are outputs, actions and work. */
export interface RunResult {
  /** [batch, actions], decoded. */
  readonly outputs: Float64Array;
  /** [batch, actions], the output layer's membrane potentials after the last step. */
  readonly potentials: Float64Array;
  /** [batch], under the network's tie rule. */
  readonly actions: Int32Array;
  /** Per layer that spikes: [neurons], summed over batch and steps; where the engine can't record empty. */
  readonly spikeCounts: readonly Float64Array[];
  /** Absent where nobody counts (simulators). */
  readonly work?: Work;
  /** Of simulators: where the time went. */
  readonly seconds?: { readonly build: number; readonly run: number; readonly read: number };
  readonly spikes?: readonly SpikeEvents[];
  readonly membranes?: readonly Float64Array[];
  readonly state?: NetworkState;
}

/** What engines take, [batch, observationSize(network)]. */
export type Observations = Float32Array | Float64Array;

export type Awaitable<T> = T | Promise<T>;

/** A network that an engine has taken in: its weights are those that it had at that moment. */
export interface Loaded {
  /** All states side by side where the engine can. */
  run(observations: Observations, options?: RunOptions): Awaitable<RunResult>;
  /** Gives back what it took. */
  close(): Awaitable<void>;
}

/** Whoever runs a network: our engines, the twins, NEST, PyNN, a SpiNNaker board. */
export interface Engine {
  readonly name: string;
  /** Of the simulator itself, such as "3.10.0". */
  readonly version: string;
  /** In which it computes; absent where it is neither. */
  readonly precision?: "float32" | "float64";
  /** How it would express the network; a MAPPING_IMPOSSIBLE error names the layer and the reason. */
  describe(network: Network): Awaitable<Mapping>;
  load(network: Network): Awaitable<Loaded>;
  /** Ends it, and what it has loaded: most simulators live in a Python process. */
  close(): Awaitable<void>;
}

/** As `Loaded`, at once. */
export interface LoadedHere extends Loaded {
  run(observations: Observations, options?: RunOptions): RunResult;
  /**
   * The action for one observation, from rest, with as little as possible around the computation: what `run` would choose. `seed` is for the Poisson
   * encoding. What it was chosen by lies in `values` until the next call.
   */
  decide(observation: ArrayLike<number>, seed?: number): number;
  /** [actions], of the last `decide`. */
  readonly values: ArrayLike<number>;
  close(): void;
}

/** An engine of our own, in this thread: the reference and the fast one, which agree spike for spike at the same precision. */
export interface LocalEngine extends Engine {
  readonly precision: "float32" | "float64";
  describe(network: Network): Mapping;
  load(network: Network): LoadedHere;
  close(): void;
}
