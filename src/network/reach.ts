import { UsageError } from "../errors.ts";
import { pow } from "../numeric/elementary.ts";
import { isNeuron, type Layer, columnsOf, outputsOf } from "./layer.ts";
import { isSpiking, type Network, readsPotentials, type SpikingNetwork } from "./network.ts";
import { type Neuron, type NeuronModel, neuronModels } from "./neurons/index.ts";

/** Why a network's outputs are the same whatever it sees. */
export interface Unheard {
  readonly layer: number;
  /** steps: too few for a spike to come through. weights: none leads on. threshold: what can arrive is too little to fire, or to pass a ReLU. */
  readonly reason: "steps" | "weights" | "threshold";
  /** The fewest time steps in which an input can reach the outputs; of networks that spike. */
  readonly leastSteps?: number;
  /** For people, without a full stop. */
  readonly message: string;
}

/**
 * What keeps a network's outputs from depending on its input, if that can be told from its parameters alone; undefined where they may depend. A
 * network that passes can still be silent on the states that it meets.
 */
export function unheard(network: Network, steps = network.coding?.steps): Unheard | undefined {
  const least = isSpiking(network) ? leastSteps(network) : undefined;
  if (isSpiking(network) && steps! < least!)
    return {
      layer: network.layers.length - 1,
      reason: "steps",
      leastSteps: least,
      message: `with T = ${steps} nothing of an observation reaches layer ${network.layers.length - 1}, the last, in time: its outputs are the same whatever it sees; T must be at least ${least}`,
    };
  for (const [l, layer] of network.layers.entries()) {
    const reason = deaf(network, l, steps ?? 1);
    if (reason === undefined) continue;
    const what =
      reason === "weights"
        ? `all weights of layer ${l} are 0`
        : isNeuron(layer.activation)
          ? `no neuron of layer ${l} can reach its threshold, whatever spikes arrive`
          : `no value of layer ${l} can be above 0`;
    return {
      layer: l,
      reason,
      ...(least !== undefined && { leastSteps: least }),
      message: `${what}: the outputs are the same whatever the network sees`,
    };
  }
  return undefined;
}

/** The fewest steps in which an input can change what is read of the last layer: a spike takes `lag` steps to the next layer's spikes. */
export function leastSteps({ layers, coding }: SpikingNetwork): number {
  const lag = ({ activation }: SpikingNetwork["layers"][number]): number =>
    (neuronModels[activation.kind] as NeuronModel).lag;
  const hidden = layers.slice(0, -1).reduce((sum, layer) => sum + lag(layer), 0);
  const last = lag(layers.at(-1)!);
  const potential = readsPotentials(coding.decoding);
  return Math.max(1, hidden + (potential ? last : last + 1));
}

function deaf({ layers, coding }: Network, l: number, steps: number): Unheard["reason"] | undefined {
  const layer = layers[l];
  // The constant input's weights, the last row, say nothing of an observation.
  const own = l === 0 && coding?.biasInput ? layer.weights.subarray(0, -columnsOf(layer)) : layer.weights;
  if (!layer.recurrent && own.every((w) => w === 0)) return "weights";
  if (l === 0 || layer.recurrent) return undefined;
  const last = l === layers.length - 1;
  if (!isNeuron(layer.activation))
    return layer.activation.kind === "relu" &&
      positive(layers[l - 1]) &&
      mostArriving(layer, 1).every((sum) => sum <= 0)
      ? "threshold"
      : undefined;
  if (last && coding && readsPotentials(coding.decoding)) return undefined;
  const before = layers[l - 1].activation;
  const spikes = isNeuron(before) && before.kind === "lif" ? before.maxSpikes : 1;
  return fires(layer, layer.activation, mostArriving(layer, spikes), steps) ? undefined : "threshold";
}

const positive = ({ activation }: Layer): boolean => activation.kind === "relu";

/** The most that can arrive at each column in a step: all inputs with positive weights, and the bias. */
function mostArriving(layer: Layer, spikes: number): Float64Array {
  const { weights, biases, pooling } = layer;
  const columns = columnsOf(layer);
  const inputs = pooling?.kind === "sum" ? spikes * pooling.window.kernel[0] * pooling.window.kernel[1] : spikes;
  const sums = new Float64Array(columns);
  for (let k = 0; k < weights.length; k++) if (weights[k] > 0) sums[k % columns] += weights[k] * inputs;
  for (let j = 0; j < (biases?.length ?? 0); j++) if (j < columns) sums[j] += biases![j];
  // Biases that differ from place to place: the largest of each column.
  if (biases && biases.length > columns) {
    const largest = new Float64Array(columns).fill(-Infinity);
    for (let j = 0; j < biases.length; j++) largest[j % columns] = Math.max(largest[j % columns], biases[j]);
    for (let c = 0; c < columns; c++) sums[c] += largest[c] - biases[c];
  }
  return sums;
}

/** Whether any neuron's potential can come above its threshold in so many steps; true where that is not simple to say. */
function fires(layer: Layer, activation: Neuron, arriving: Float64Array, steps: number): boolean {
  const plain =
    activation.kind === "lagged-lif" ||
    (all(activation.gain, 1) && all(activation.offset, 0) && all(activation.leakTo, 0));
  if (!plain) return true;
  const of = (value: number | Float32Array, j: number): number => (typeof value === "number" ? value : value[j]);
  const added = (decay: number): number => (decay >= 1 ? steps : (1 - pow(decay, steps)) / (1 - decay));
  for (let j = 0; j < outputsOf(layer); j++) {
    const current = activation.kind === "lif" && activation.current === "none" ? 1 : added(of(activation.alpha, j));
    const drive = Math.max(0, arriving[j % arriving.length]) * current * added(of(activation.beta, j));
    const start = Math.max(0, activation.initial?.[j] ?? 0);
    // A hair's breadth for the rounding of sums.
    if ((drive + start) * (1 + 1e-6) >= of(activation.threshold, j)) return true;
  }
  return false;
}

const all = (values: number | Float32Array, wanted: number): boolean =>
  typeof values === "number" ? values === wanted : values.every((value) => value === wanted);

/** OUTPUT_CONSTANT where a network's outputs can't depend on what it sees. */
export function refuseUnheard(network: Network, steps = network.coding?.steps): void {
  const found = unheard(network, steps);
  if (!found) return;
  const { layer, reason, leastSteps: least } = found;
  const hint =
    reason === "steps"
      ? `Give it more: --steps ${least} or above.`
      : "Look at where its weights come from, or give it more time steps.";
  throw new UsageError("OUTPUT_CONSTANT", `${found.message[0].toUpperCase()}${found.message.slice(1)}.`, {
    hint,
    facts: { layer, reason, leastSteps: least },
  });
}
