import type { SpikingNetwork } from "./old/spiking-network.ts";
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
}

/** How long a network runs, from which state, and what is kept of it. */
export interface RunOptions {
  /** Time steps; the network's own T unless given. */
  readonly steps?: number;
  /** Seed of the Poisson encoding; each state of the batch has its own stream. */
  readonly seed?: number;
  /** Keep every spike. */
  readonly recordSpikes?: boolean;
  /** Keep every membrane potential of every layer: [batch, steps, neurons], after the update of the step. */
  readonly recordPotentials?: boolean;
  /** Go on from here instead of from rest, with the batch that it was made for; not modified. Decodings count from this run's first step. */
  readonly state?: NetworkState;
  /** Return the state after the last step (implied by `state`). */
  readonly keepState?: boolean;
  /** The network is as it was in the last run: an engine need not check and copy it again, which costs a large one more than a decision. */
  readonly unchanged?: boolean;
}

/** What a batch of decisions came to. */
export interface RunResult {
  /** [batch, actions], decoded. */
  readonly outputs: Float64Array;
  /** [batch, actions], the output layer's membrane potentials after the last step. */
  readonly potentials: Float64Array;
  /** [batch], under the network's tie rule. */
  readonly actions: Int32Array;
  /** Per layer that spikes: [neurons], summed over batch and steps. */
  readonly spikeCounts: readonly Float64Array[];
  readonly work: Work;
  readonly spikes?: readonly SpikeEvents[];
  readonly membranes?: readonly Float64Array[];
  readonly state?: NetworkState;
}

/**
 * Runs a network on a batch of observations. The reference engine and the fast one share this interface, and agree
 * spike for spike when they run at the same precision.
 */
export interface SpikingEngine {
  readonly name: string;
  readonly precision: "float32" | "float64";
  /** `observations`: [batch, observationSize(network)]. */
  run(network: SpikingNetwork, observations: Float32Array | Float64Array, options?: RunOptions): RunResult;
}
