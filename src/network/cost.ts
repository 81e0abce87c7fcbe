import type { Work } from "./engine.ts";
import { outputsOf, synapticInputs } from "./layer.ts";
import { isSpiking, type Network, type SpikingNetwork, spikingLayers } from "./network.ts";
import { fanOut } from "./synapses.ts";

/** What a decision costs, under NeuroBench's names (Yik et al. 2025); averages over decisions. */
export interface Cost {
  /** Bytes of weights, biases and what neurons remember, as float32. */
  readonly footprint: number;
  /** Share of the weights that are 0. */
  readonly connectionSparsity: number;
  /** Share of hidden values that are 0: of an artificial network's activations, of a spiking one's neurons and steps. */
  readonly activationSparsity: number;
  /** Effective multiply-accumulates, and accumulates (`countWork`). */
  readonly macs: number;
  readonly acs: number;
  /** Neurons times steps, the output layer's included; 0 without neurons. */
  readonly membraneUpdates: number;
  readonly energy: Energy;
  /** The artificial network of the same layers, computed once with nothing left out: what savings are to be held against. */
  readonly dense: { readonly macs: number; readonly energy: Energy };
}

/** Picojoules by two models of a 45 nm process; neither is a measurement. */
export interface Energy {
  /** Arithmetic alone: 4.6 pJ a multiply-accumulate, 0.9 pJ an accumulate (32 bit; Horowitz 2014). */
  readonly compute: number;
  /**
   * With what arithmetic fetches and stores, which is most of it (Yan, Bai & Wong 2024, arXiv 2409.08290): a weight for every operation, a
   * membrane potential read and written for every update, an artificial value written once; 32 bits from or to 32 kB of SRAM are 10 pJ
   * (Horowitz 2014: 20 pJ for 64).
   */
  readonly withMemory: number;
}

const [MAC, AC, WORD] = [4.6, 0.9, 10];

/** `work`: per decision; `steps`: taken for it. */
export function costOf(network: Network, work: Work, steps: number): Cost {
  const { layers } = network;
  const weights = sum(layers, ({ weights }) => weights.length);
  const biases = sum(layers, ({ biases }) => biases?.length ?? 0);
  const values = sum(layers, outputsOf);
  const macs = sum(layers, (layer) => sum(fanOut({ ...layer, weights: layer.weights.map(() => 1) }), (n) => n));
  const spiking = isSpiking(network);
  const membraneUpdates = spiking ? values * steps : 0;
  const { multiplyAccumulates, accumulates, active } = work;
  const operations = multiplyAccumulates + accumulates;
  const moved = operations + (spiking ? 2 * membraneUpdates : values);
  const compute = MAC * multiplyAccumulates + AC * accumulates;
  return {
    footprint: 4 * (weights + biases + (spiking ? values : 0)),
    connectionSparsity: sum(layers, ({ weights }) => weights.filter((w) => w === 0).length) / weights,
    activationSparsity: 1 - active / Math.max(1, spiking ? spikesAtMost(network, steps) : hidden(network)),
    macs: multiplyAccumulates,
    acs: accumulates,
    membraneUpdates,
    energy: { compute, withMemory: compute + WORD * moved },
    dense: { macs, energy: { compute: MAC * macs, withMemory: MAC * macs + WORD * (macs + values) } },
  };
}

/** Spikes of all neurons that can spike, one in each step. */
function spikesAtMost(network: SpikingNetwork, steps: number): number {
  return steps * sum(network.layers.slice(0, spikingLayers(network)), outputsOf);
}

/** Values that arrive at hidden synapses. */
const hidden = ({ layers }: Network): number => sum(layers.slice(1), synapticInputs);

function sum<T>(list: Iterable<T>, of: (one: T) => number): number {
  let total = 0;
  for (const one of list) total += of(one);
  return total;
}
