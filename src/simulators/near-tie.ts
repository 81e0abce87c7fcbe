import { referenceEngine } from "../engines/reference/index.ts";
import type { Observations } from "../network/engine.ts";
import { biasPerOutput, outputsOf, type SpikingLayer, synapticInputs } from "../network/layer.ts";
import { observationSize, type SpikingNetwork } from "../network/network.ts";
import { type Lif, type Neuron, valueOf } from "../network/neurons/index.ts";
import { forEachRun } from "../network/synapses.ts";

/** A bin of one state. */
export interface Bin {
  readonly layer: number;
  readonly neuron: number;
  readonly step: number;
}

/** What decides a bin, in float64. */
export interface Decided {
  /** Ours that was compared with the threshold. */
  readonly potential: number;
  /** How far it is from another number of spikes. */
  readonly distance: number;
  /** How far another order of float32 sums can move what arrives there: n 2^-24 sum |w x|, of n inputs. */
  readonly bound: number;
}

/**
 * The potential of a lif neuron in one bin before its reset, and how near to a tie that is. `observations`: of this one
 * state, [steps, observation] where its input changes. Null for neurons and inputs that it isn't known of.
 */
export function decidedIn(
  network: SpikingNetwork,
  observations: Observations,
  bin: Bin,
  changing: boolean,
): Decided | null {
  const layer = network.layers[bin.layer];
  const { activation } = layer;
  if (activation.kind !== "lif" || network.coding.encoding !== "constant") return null;
  const size = observationSize(network);
  const until = (steps: number): Observations => (changing ? observations.subarray(0, steps * size) : observations);
  const now = changing ? observations.subarray(bin.step * size, (bin.step + 1) * size) : observations;
  const before =
    bin.step === 0
      ? undefined
      : referenceEngine.load(network).run(until(bin.step), { steps: bin.step, changing, keepState: true }).state;
  const layers = network.layers.map((own, l) => (l === bin.layer ? { ...own, activation: bare(activation) } : own));
  const options = { steps: 1, state: before, recordPotentials: true, recordSpikes: true } as const;
  const { membranes, spikes } = referenceEngine.load({ ...network, layers }).run(now, options);
  const potential = membranes![bin.layer][bin.neuron];
  const threshold = valueOf(activation.threshold, bin.neuron);
  const whole = activation.maxSpikes > 1 ? Math.max(1, Math.round(potential / threshold)) : 1;
  const distance = Math.abs(potential - whole * threshold);
  const inputs = bin.layer === 0 ? now : seen(spikes?.[bin.layer - 1].neuron ?? [], network.layers[bin.layer - 1]);
  return { potential, distance, bound: boundOf(layer, activation, inputs, bin.neuron) };
}

/** The neuron with its potential left as it was compared: no spike, no reset of this step's, no lower bound. */
function bare(p: Lif): Neuron {
  const delayed = p.reset.startsWith("delayed");
  if (delayed) return { ...p, lowest: -Infinity };
  if (p.reset === "subtraction-late") return { ...p, reset: "delayed-subtraction", lowest: -Infinity };
  return { ...p, threshold: Number.MAX_VALUE, fires: "above", maxSpikes: 1, lowest: -Infinity };
}

function seen(neurons: ArrayLike<number>, before: SpikingLayer): Float64Array {
  const values = new Float64Array(outputsOf(before));
  for (let k = 0; k < neurons.length; k++) values[neurons[k]]++;
  return values;
}

/** Of pooled inputs each window counts with the largest that it can hold, 1. */
function boundOf(layer: SpikingLayer, p: Lif, inputs: ArrayLike<number>, neuron: number): number {
  const n = synapticInputs(layer);
  let [sum, count] = [Math.abs(biasPerOutput(layer)?.[neuron] ?? 0), 1];
  for (let source = 0; source < n; source++)
    forEachRun(layer.synapses, source, (target, weight, length) => {
      if (neuron < target || neuron >= target + length) return;
      const x = layer.pooling ? 1 : Math.max(1, Math.abs(inputs[source]));
      sum += Math.abs(layer.weights[weight + neuron - target]) * x;
      count++;
    });
  const width = outputsOf(layer);
  for (let source = 0; layer.recurrent && source < width; source++, count++)
    sum += Math.abs(layer.recurrent[source * width + neuron]);
  return count * 2 ** -24 * sum * Math.max(1, Math.abs(valueOf(p.gain, neuron)));
}
