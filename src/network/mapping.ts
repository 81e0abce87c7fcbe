/** What an engine makes of one of our layers. */
export interface LayerMapping {
  readonly layer: number;
  /** The engine's neuron model. */
  readonly model: string;
  readonly parameters: Readonly<Record<string, number | string | boolean | readonly number[]>>;
  /** How a weight of ours becomes the engine's, in words and as a factor. */
  readonly weights: { readonly unit: string; readonly factor: number };
  /** In ms of the simulator. */
  readonly delay: number;
}

/** How a network of ours is expressed in an engine: printed, stored with certificates, and tested. */
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
