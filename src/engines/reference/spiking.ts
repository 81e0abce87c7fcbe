import type { Encoder } from "../../network/encoding.ts";
import { outputsOf, synapticInputs } from "../../network/layer.ts";
import { type SpikingNetwork, spikingLayers } from "../../network/network.ts";
import { type Arithmetic, type Fire, firing, stepNeurons } from "../../network/neurons/index.ts";
import { poolSpikes, poolValues } from "../../network/pooling.ts";
import { inputNeurons, type NetworkState } from "../../network/state.ts";
import { recurrentInput, synapticInput } from "./synapses.ts";
import { rows } from "./values.ts";

/** A layer of one state: what it remembers, and what it did in the last step. All are changed in place. */
export interface RunningLayer {
  /** [neurons], membrane potentials and synaptic currents after the step. */
  readonly v: Float64Array;
  readonly i: Float64Array;
  /** [inputs], what max pooling has counted; empty where nothing counts. */
  readonly counts: Float64Array;
  /** What its synapses saw: after the pooling, and in a first layer without one both parts of signed inputs. */
  readonly x: Float64Array;
  /** [neurons], what arrived: x W + b, and of recurrent weights R the layer's own spikes of the step before: + s R. */
  readonly h: Float64Array;
  /** [neurons], spikes; 0 in an output layer that does not spike. */
  readonly s: Float64Array;
  /** [neurons], x W + b of a layer with recurrent weights, whose h has more; else h. */
  readonly forward: Float64Array;
}

/** The layers of batch element `b`, whose memory is that of `state`. */
export function runningLayers(network: SpikingNetwork, state: NetworkState, b: number): RunningLayer[] {
  const mine = (of: Float64Array): Float64Array => rows(of, state.batch)(b);
  return network.layers.map((layer, l) => {
    const { current, potential, counts, spikes } = state.layers[l];
    const [n, seen] = [outputsOf(layer), l > 0 || layer.pooling ? synapticInputs(layer) : inputNeurons(network)];
    const h = new Float64Array(n);
    return {
      v: mine(potential),
      i: mine(current),
      counts: mine(counts),
      x: new Float64Array(seen),
      h,
      s: layer.recurrent ? mine(spikes) : new Float64Array(n),
      forward: layer.recurrent ? new Float64Array(n) : h,
    };
  });
}

export interface RunStateOptions {
  readonly encode: Encoder;
  /** Of the encoding. */
  readonly firstStep: number;
  readonly steps: number;
  readonly arithmetic: Arithmetic;
  /** In place of the neurons' own spikes: something smooth, for gradient checks. */
  readonly fire?: Fire;
}

/**
 * Advances one state by `steps` steps, and calls `visit(t, l)` after layer l's step t. In each step the layers follow
 * one another from the first to the last; the spikes s[t] of one are the input x[t] of the next in the same step,
 * whatever their neurons: those that fire by the potential before the step (lagged-lif) put their lag of two steps
 * between input and spike themselves.
 */
export function runState(
  network: SpikingNetwork,
  running: readonly RunningLayer[],
  { encode, firstStep, steps, arithmetic, fire }: RunStateOptions,
  visit: (t: number, l: number) => void,
): void {
  const { layers, coding } = network;
  const spiking = spikingLayers(network);
  const analog = coding.encoding === "constant";
  const input = new Float64Array(inputNeurons(network));
  const fires = layers.map(({ activation }) => fire ?? firing(activation));
  for (let t = 0; t < steps; t++)
    for (const [l, layer] of layers.entries()) {
      const { v, i, counts, x, h, s, forward } = running[l];
      if (l === 0) encode(firstStep + t, input);
      if (l > 0 || !analog || t === 0) {
        const before = l > 0 ? running[l - 1].s : input;
        if (!layer.pooling) x.set(before);
        else if (l === 0 && analog) poolValues(layer.pooling, before, x, arithmetic.round);
        else poolSpikes(layer.pooling, before, counts, x, arithmetic.round);
        synapticInput(layer, x, forward, arithmetic);
      }
      if (layer.recurrent) recurrentInput(layer.recurrent, s, forward, h, arithmetic);
      stepNeurons(layer.activation, { v, i }, h, s, arithmetic, fires[l], l < spiking);
      visit(t, l);
    }
}
