import { UsageError } from "../errors.ts";
import { outputsOf, type SpikingLayer } from "../network/layer.ts";
import { observationSize, type SpikingNetwork } from "../network/network.ts";
import { neuron } from "../network/neurons/index.ts";
import { fastEngine } from "../engines/fast/index.ts";
import { argmax } from "../network/decide.ts";
import { assertCounts, levelsLearner } from "./levels.ts";

/** What float32 still tells apart in sums: 2 to its bits less two. */
const DIGITS = 1 << 22;
/** What silences a neuron for good, whatever still arrives. */
const SILENCE = 4096;

/**
 * The network in two phases: a layer first integrates what the one before sends, then fires, in T steps. What a neuron sends is then the count of what
 * it heard in all, not in what order: the network of levels (levels.ts), decision by decision, at T = the number of levels.
 *
 * It is a network like any other, which every engine and simulator runs as it is. Hidden layer l fires from step l (T - 1) on, for T steps, and each has a
 * clock, one neuron more, which fires once, in the last of them:
 *
 *   - it lets the next layer go: that one starts at v0 - H with its bias left out, and hears H + T b of the clock (H: more than it can ever hear);
 *   - it silences its own layer from the next step on (recurrent weights).
 *
 * The first layer hears constant input: it fires as it integrates, which comes to the same. Hidden layers H (one or more) take H (T - 1) + 1 steps in all.
 * Weights and biases behind the first layer have to lie on a grid on which float32 sums them without rounding: `onGrid` puts them there.
 *
 * @throws UsageError MODEL_KIND, as `levelsLearner`; BAD_ARGUMENT without a hidden layer
 */
export function inPhases(network: SpikingNetwork): SpikingNetwork {
  assertCounts(network);
  const { steps } = network.coding;
  const last = network.layers.length - 1;
  if (last < 1)
    throw new UsageError("BAD_ARGUMENT", "Phases are of hidden layers, and the network has none.", {
      hint: "Leave out --phases: without hidden layers spikes count as levels do.",
    });
  const total = last * (steps - 1) + 1;
  const layers = network.layers.map((layer, l) => {
    const own = outputsOf(layer);
    const clocks = Number(l < last);
    const weights = l === 0 ? withColumns(layer.weights, own, clocks) : opened(layer, steps, l < last);
    const hold = l > 0 && l < last ? holding(layer, steps) : 0;
    const initial = Float32Array.from({ length: own + clocks }, (_, j) =>
      j < own ? (layer.activation.initial?.[j] ?? 0) - hold : 0,
    );
    const biases = Float32Array.from({ length: own + clocks }, (_, j) =>
      j === own ? 1 : l === 0 ? (layer.biases?.[j] ?? 0) : 0,
    );
    const { fires } = layer.activation as { fires: "above" | "at" };
    const each = (usual: number, clock: number): Float32Array | number =>
      clocks ? Float32Array.from({ length: own + 1 }, (_, j) => (j < own ? usual : clock)) : usual;
    // The clock has counted to the last step of its layer when it fires, and takes off more than it can count to again.
    const threshold = each(1, (l + 1) * (steps - 1) + 0.5);
    const activation = neuron("lif", { threshold, resetBy: each(1, total + 1), fires, initial });
    const inputs = weights.length / (own + clocks);
    const phased: SpikingLayer = {
      synapses: { kind: "dense", inputs, outputs: own + clocks },
      weights,
      biases,
      ...(clocks && { recurrent: silencing(own) }),
      activation,
    };
    return phased;
  });
  return { ...network, layers, coding: { ...network.coding, steps: total } };
}

/** [inputs, outputs] with so many columns of zeros behind. */
function withColumns(weights: Float32Array, outputs: number, more: number): Float32Array {
  const wide = new Float32Array((weights.length / outputs) * (outputs + more));
  for (let k = 0; k < weights.length; k++)
    wide[Math.floor(k / outputs) * (outputs + more) + (k % outputs)] = weights[k];
  return wide;
}

/** The weights with a row more, what the clock of the layer before lets go: what held it, and its bias of T steps. */
function opened(layer: SpikingLayer, steps: number, hidden: boolean): Float32Array {
  const outputs = outputsOf(layer);
  const hold = hidden ? holding(layer, steps) : 0;
  const row = Float32Array.from({ length: outputs }, (_, j) => hold + steps * (layer.biases?.[j] ?? 0));
  const all = new Float32Array(layer.weights.length + outputs);
  all.set(layer.weights);
  all.set(row, layer.weights.length);
  return withColumns(all, outputs, Number(hidden));
}

/** More than any neuron of the layer can hear in T steps: a power of two. */
function holding(layer: SpikingLayer, steps: number): number {
  const outputs = outputsOf(layer);
  const most = Float64Array.from({ length: outputs }, (_, j) => 1 + steps * Math.abs(layer.biases?.[j] ?? 0));
  layer.weights.forEach((w, k) => (most[k % outputs] += steps * Math.abs(w)));
  const largest = most.reduce((a, b) => Math.max(a, b));
  let hold = 1;
  while (hold < largest) hold *= 2;
  return hold;
}

/** Recurrent weights of `own` neurons and their clock, which silences them. */
function silencing(own: number): Float32Array {
  const weights = new Float32Array((own + 1) * (own + 1));
  weights.fill(-SILENCE, own * (own + 1), own * (own + 1) + own);
  return weights;
}

/**
 * The network with weights and biases behind the first layer rounded to multiples of a power of two so small that float32 adds up what a neuron hears in
 * T steps, and what holds it back, without rounding: some 2^-15. Without it the last bit of a potential decides now and then.
 */
export function onGrid(network: SpikingNetwork): SpikingNetwork {
  const { steps } = network.coding;
  const layers = network.layers.map((layer, l) => {
    if (l === 0) return layer;
    // Rounding up may double what is held: one bit to spare.
    const grid = (2 * holding(layer, steps)) / DIGITS;
    const put = (values: Float32Array): Float32Array => values.map((value) => Math.round(value / grid) * grid);
    return { ...layer, weights: put(layer.weights), biases: layer.biases && put(layer.biases) };
  });
  return { ...network, layers };
}

/** Share of `states`, [n, observation], in which the network in phases acts as the network of levels that `network` stands for. */
export function levelsKept(phased: SpikingNetwork, network: SpikingNetwork, states: Float32Array): number {
  const n = states.length / observationSize(network);
  const learner = levelsLearner(network, { maxBatch: n });
  const outputs = learner.forward(states, n);
  const loaded = fastEngine().load(phased);
  const { actions } = loaded.run(states);
  loaded.close();
  return actions.filter((action, k) => action === argmax(outputs, k * learner.actions, learner.actions)).length / n;
}
