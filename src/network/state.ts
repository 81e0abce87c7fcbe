import { UsageError } from "../errors.ts";
import { Random } from "../numeric/random.ts";
import { inputsOf, outputsOf } from "./layer.ts";
import type { SpikingNetwork } from "./network.ts";

/** Everything that a running network remembers from one step to the next, for a batch of states side by side. */
export interface NetworkState {
  readonly batch: number;
  /** Steps since rest. */
  readonly step: number;
  readonly layers: readonly LayerState[];
  readonly encoder: EncoderState;
}

export interface LayerState {
  /** [batch, neurons], synaptic currents */
  readonly current: Float64Array;
  /** [batch, neurons], membrane potentials, in units of the threshold's */
  readonly potential: Float64Array;
  /** [batch, inputs], the spikes that max pooling in front of the layer has seen so far; empty where nothing counts */
  readonly counts: Float64Array;
  /** [batch, neurons], the spikes of the step before where the layer has recurrent weights; else empty */
  readonly spikes: Float64Array;
}

/** What the encoding of each input remembers; empty arrays for encodings that remember nothing. */
export interface EncoderState {
  /** poisson: [batch, 4], the state of each batch element's own random stream */
  readonly random: Uint32Array;
  /** equidistant-original: [batch, input neurons], the number of the next spike, from 1 */
  readonly next: Float64Array;
}

/** The label of the random stream of batch element `index`: stream(seed, poissonStream(index)). */
export function poissonStream(index: number): string {
  return `poisson ${index}`;
}

/** A network at rest: no current, potentials at their initial values. `seed` is for the Poisson encoding. */
export function createState(network: SpikingNetwork, batch: number, seed = 0): NetworkState {
  const random = new Uint32Array(network.coding.encoding === "poisson" ? batch * 4 : 0);
  for (let b = 0; b < random.length / 4; b++) random.set(Random.stream(seed, poissonStream(b)).state, b * 4);
  return {
    batch,
    step: 0,
    layers: network.layers.map((layer, l) => {
      const outputs = outputsOf(layer);
      const { initial } = layer.activation;
      const potential = new Float64Array(batch * outputs);
      if (initial) for (let b = 0; b < batch; b++) potential.set(initial, b * outputs);
      const counts = new Float64Array(countsSpikes(network, l) ? batch * inputsOf(layer) : 0);
      const spikes = new Float64Array(layer.recurrent ? batch * outputs : 0);
      return { current: new Float64Array(batch * outputs), potential, counts, spikes };
    }),
    encoder: {
      random,
      next: new Float64Array(
        network.coding.encoding === "equidistant-original" ? batch * inputNeurons(network) : 0,
      ).fill(1),
    },
  };
}

/** A copy that shares nothing with `state`; an error when it was made for another network or batch. */
export function copyState(network: SpikingNetwork, batch: number, state: NetworkState): NetworkState {
  const fits =
    state.batch === batch &&
    state.layers.length === network.layers.length &&
    state.layers.every(
      ({ current, potential, counts, spikes }, l) =>
        current.length === batch * outputsOf(network.layers[l]) &&
        potential.length === current.length &&
        spikes.length === (network.layers[l].recurrent ? current.length : 0) &&
        counts.length === (countsSpikes(network, l) ? batch * inputsOf(network.layers[l]) : 0),
    ) &&
    state.encoder.random.length === (network.coding.encoding === "poisson" ? batch * 4 : 0) &&
    state.encoder.next.length ===
      (network.coding.encoding === "equidistant-original" ? batch * inputNeurons(network) : 0);
  if (!fits)
    throw new UsageError(
      "STATE_MISMATCH",
      `The state was made for another network or for a batch other than ${batch}.`,
    );
  return {
    ...state,
    layers: state.layers.map(({ current, potential, counts, spikes }) => ({
      current: current.slice(),
      potential: potential.slice(),
      counts: counts.slice(),
      spikes: spikes.slice(),
    })),
    encoder: { random: state.encoder.random.slice(), next: state.encoder.next.slice() },
  };
}

/** Whether layer `l` has max pooling of spikes in front of it (averages of spikes need no memory); constant currents need no counts. */
export function countsSpikes({ layers, coding }: SpikingNetwork, l: number): boolean {
  return layers[l].pooling?.kind === "max" && (l > 0 || coding.encoding !== "constant");
}

/** Input neurons of the first layer: twice its inputs with signed ones. */
export function inputNeurons(network: SpikingNetwork): number {
  return inputsOf(network.layers[0]) * (network.coding.signedInputs ? 2 : 1);
}
