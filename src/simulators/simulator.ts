import type { SpikeEvents } from "../network/engine.ts";
import type { SpikingNetwork } from "../network/old/spiking-network.ts";

/** What a simulator makes of one of our layers. */
export interface LayerMapping {
  readonly layer: number;
  /** The simulator's neuron model. */
  readonly model: string;
  readonly parameters: Readonly<Record<string, number | string | boolean | readonly number[]>>;
  /** How a weight of ours becomes the simulator's, in words and as a factor. */
  readonly weights: { readonly unit: string; readonly factor: number };
  /** In ms of the simulator. */
  readonly delay: number;
}

/** How a network of ours is expressed in a simulator: printed, stored with certificates, and tested. */
export interface Mapping {
  readonly name: string;
  readonly simulator: string;
  /** Simulator time per step of ours, and its resolution, in ms. */
  readonly step: number;
  readonly resolution: number;
  readonly input: string;
  readonly ties: string;
  readonly layers: readonly LayerMapping[];
  /** "exact": spikes and potentials equal ours to the last bit. Otherwise what differs, and why. */
  readonly exact: boolean;
  readonly notes: readonly string[];
}

/** What a simulator's run of a network came to. */
export interface SimulationResult {
  /** Per layer that spikes. Empty where the simulator can't record. */
  readonly spikes: readonly SpikeEvents[];
  /** [states, actions], the output layer's membrane potentials after the last step. */
  readonly potentials: Float64Array;
  /** [states, actions], decoded. */
  readonly outputs: Float64Array;
  /** [states] */
  readonly actions: Int32Array;
  readonly seconds: { readonly build: number; readonly run: number; readonly read: number };
}

export interface SimulationOptions {
  /** The network's own T unless given. */
  readonly steps?: number;
  /** Of Poisson input, and of simulators that draw numbers themselves. */
  readonly seed?: number;
  /** On unless false. */
  readonly recordSpikes?: boolean;
  /** Observations enter as weighted generators inside the simulator, which multiplies them with the first weights itself. */
  readonly generators?: boolean;
}

/** A judge: something that we didn't write (or a twin of it) running our network. */
export interface Simulator {
  readonly name: string;
  /** Of the simulator itself, such as "3.10.0". */
  readonly version: string;
  /** How it would express `network`; a MAPPING_IMPOSSIBLE error names the layer and the reason. */
  map(network: SpikingNetwork): Mapping | Promise<Mapping>;
  load(network: SpikingNetwork, mapping?: Mapping): Promise<void>;
  /** `inputs`: [states, observationSize]; all states run side by side where the simulator can. */
  run(inputs: Float32Array | Float64Array, options?: SimulationOptions): Promise<SimulationResult>;
  close(): Promise<void>;
}
