import { synapticInput } from "../../src/engines/reference/synapses.ts";
import type { LocalEngine, SpikeEvents } from "../../src/network/engine.ts";
import { type Layer, outputsOf, type SpikingLayer, synapticInputs } from "../../src/network/layer.ts";
import { observationSize } from "../../src/network/network.ts";
import { float64, type Lif, resetsLater, stepNeurons, valueOf } from "../../src/network/neurons/index.ts";
import { poolSpikes, poolValues } from "../../src/network/pooling.ts";
import { runOn } from "../engines/run-on.ts";
import type { Foreign } from "./load.ts";

/** An engine's spikes beside the framework's. */
export interface Compared {
  readonly bins: number;
  readonly mismatched: number;
  /** Of each state in which any bin differs the first: the earliest step, there the first layer, there the first neuron. */
  readonly first: readonly Mismatch[];
}

/** A bin that differs, how far the potential was from firing otherwise, and how far the order of float32 sums can move it. */
export interface Mismatch {
  readonly state: number;
  readonly step: number;
  readonly layer: number;
  readonly neuron: number;
  readonly distance: number;
  readonly bound: number;
}

/** Per layer [steps, states, neurons], counts. */
type Counts = readonly ArrayLike<number>[];

export function compare(given: Foreign, engine: LocalEngine, count: number = given.states): Compared {
  const { network, x } = given;
  const observations = x.subarray(0, count * observationSize(network));
  return compareRun(given, runOn(engine, network, observations, { recordSpikes: true }).spikes!, count);
}

/** The first `count` states' spikes beside the framework's. */
export function compareRun(given: Foreign, spikes: readonly SpikeEvents[], count: number): Compared {
  const { network, states } = given;
  const { steps } = network.coding;
  const own = spikes.map(({ state, step, neuron }, l) => {
    const n = outputsOf(network.layers[l]);
    const counts = new Uint16Array(steps * states * n);
    state.forEach((b, k) => counts[(step[k] * states + b) * n + neuron[k]]++);
    return counts;
  });
  let [bins, mismatched] = [0, 0];
  const first: Mismatch[] = [];
  for (let b = 0; b < count; b++) {
    let found: readonly [step: number, layer: number, neuron: number] | undefined;
    for (let t = 0; t < steps; t++)
      for (const [l, counts] of own.entries()) {
        const n = outputsOf(network.layers[l]);
        for (let j = 0, k = (t * states + b) * n; j < n; j++, k++) {
          bins++;
          if (counts[k] === given.spikes[l][k]) continue;
          mismatched++;
          found ??= [t, l, j];
        }
      }
    if (found) first.push(mismatch(given, own, b, ...found));
  }
  return { bins, mismatched, first };
}

/** How near to a tie a bin was, in float64 from the spikes that led to it, which are the same on both sides. */
function mismatch(given: Foreign, spikes: Counts, b: number, t: number, l: number, j: number): Mismatch {
  const layer = given.network.layers[l];
  const p = layer.activation as Lif;
  const { m, arrived } = potentialBefore(given, spikes, b, t, l, j);
  const threshold = valueOf(p.threshold, j);
  const whole = p.maxSpikes > 1 ? Math.max(1, Math.round(m / threshold)) : 1;
  const distance = Math.abs(m - whole * threshold);
  return { state: b, step: t, layer: l, neuron: j, distance, bound: arrived.count * 2 ** -24 * arrived.sum };
}

/** What neuron j of layer l compares with its threshold in step t, and what arrives there at most. */
function potentialBefore(given: Foreign, spikes: Counts, b: number, t: number, l: number, j: number) {
  const layer = given.network.layers[l];
  const own = layer.activation as Lif;
  // In a step that neither spikes nor resets, or resets only what was before, the potential is what was compared.
  const reset = own.reset === "subtraction-late" ? "delayed-subtraction" : own.reset;
  const bare: Lif = { ...own, reset, lowest: -Infinity, maxSpikes: 1 };
  const n = outputsOf(layer);
  const state = { v: Float64Array.from(own.initial ?? new Float32Array(n)), i: new Float64Array(n) };
  const [s, h, counts] = [new Float64Array(n), new Float64Array(n), new Float64Array(countsOf(layer))];
  for (let now = 0; ; now++) {
    const x = seen(given, spikes, b, now, l, counts);
    synapticInput(layer, x, h, float64);
    if (layer.recurrent)
      for (let p = 0; p < n; p++) for (let q = 0; q < n; q++) h[q] += s[p] * layer.recurrent[p * n + q];
    if (now === t) {
      const copy = { v: state.v.slice(), i: state.i.slice() };
      stepNeurons(bare, copy, h, new Float64Array(n), float64, undefined, resetsLater(own));
      return { m: copy.v[j], arrived: { count: x.length + n, sum: largest(layer, x, j) } };
    }
    stepNeurons(own, state, h, s, float64);
  }
}

const countsOf = ({ pooling }: Layer): number => (pooling ? pooling.window.input.reduce((a, c) => a * c) : 0);

/** What layer l's synapses see in a step. */
function seen({ network, x, states }: Foreign, spikes: Counts, b: number, t: number, l: number, counts: Float64Array) {
  const layer = network.layers[l];
  const size = l > 0 ? outputsOf(network.layers[l - 1]) : observationSize(network);
  const from = l > 0 ? (t * states + b) * size : b * size;
  const before = Float64Array.from({ length: size }, (_, k) => (l > 0 ? spikes[l - 1] : x)[from + k]);
  if (!layer.pooling) return before;
  const pooled = new Float64Array(synapticInputs(layer));
  if (l === 0) poolValues(layer.pooling, before, pooled);
  else poolSpikes(layer.pooling, before, counts, pooled);
  return pooled;
}

/** The sum of the magnitudes of all that can arrive at neuron j. */
function largest(layer: SpikingLayer, x: Float64Array, j: number): number {
  const h = new Float64Array(outputsOf(layer));
  const magnitudes = { ...layer, weights: layer.weights.map(Math.abs), biases: layer.biases?.map(Math.abs) ?? null };
  synapticInput(magnitudes, x.map((value) => Math.max(1, Math.abs(value))), h, float64); // prettier-ignore
  const { recurrent } = layer;
  for (let p = 0; recurrent && p < h.length; p++) h[j] += Math.abs(recurrent[p * h.length + j]);
  return h[j];
}
