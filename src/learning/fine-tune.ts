import { fit, split, type FitPoint } from "./fit.ts";
import { effectiveSteps } from "../conversion/start.ts";
import { fastEngine } from "../engines/fast/index.ts";
import { actionsOf, type Network, neuronOf, observationSize, type SpikingNetwork } from "../network/network.ts";
import { neuronModels } from "../network/neurons/index.ts";
import type { SpikeRegulariser } from "../network/regulariser.ts";
import type { TrainableNetwork } from "../network/trainable.ts";
import { Random } from "../numeric/random.ts";
import { exp } from "../numeric/elementary.ts";

/** How a converted network is trained on towards its source; `fineTuneDefaults` has what is left out. */
export interface FineTuneOptions {
  readonly iterations?: number;
  readonly batchSize?: number;
  /** Adam's at the start; it falls to 0 in a straight line. */
  readonly learningRate?: number;
  /**
   * How sharp the source's policy is taken: softmax(sharpness Q / median gap), the gap being that between its best two actions. Narrow
   * decisions then pull less than clear ones, but still pull.
   */
  readonly sharpness?: number;
  /** Steepness of the surrogate gradient 1 / (scale |v - threshold| + 1)^2; wide, because a rate is spread over many steps. */
  readonly surrogateScale?: number;
  /** A price on spikes; none unless given. */
  readonly price?: SpikeRegulariser;
  readonly seed?: number;
  /** Makes a network learn. */
  readonly makeTrainable: (
    network: SpikingNetwork,
    options: { maxBatch: number; surrogate: { scale: number }; regulariser?: SpikeRegulariser },
  ) => TrainableNetwork | Promise<TrainableNetwork>;
  readonly onPoint?: (point: FitPoint) => void;
  readonly signal?: AbortSignal;
}

export const fineTuneDefaults = {
  iterations: 1000,
  batchSize: 128,
  learningRate: 3e-4,
  sharpness: 4,
  surrogateScale: 3,
  seed: 0,
} as const;

/** A fine-tuned network, with its loss and agreement on the held-out states. */
export interface FineTuned {
  readonly network: SpikingNetwork;
  /** Share of held-back states with the source's action, before and after. */
  readonly agreement: { readonly before: number; readonly after: number };
  readonly curve: readonly FitPoint[];
}

/**
 * Trains a converted network for a while on its source's policy (surrogate gradients, BPTT over its T steps): cross-entropy to the softmax
 * of the source's outputs. Membranes begin where they began; weights and biases move. `states`: [n, observationSize], a tenth held back.
 */
export async function fineTune(
  converted: SpikingNetwork,
  source: Network,
  states: Float32Array,
  options: FineTuneOptions,
): Promise<FineTuned> {
  const o = { ...fineTuneDefaults, ...options };
  const actions = actionsOf(source);
  const loaded = fastEngine().load(source);
  const values = loaded.run(states).outputs;
  loaded.close();
  const sharpness = o.sharpness / medianGap(values, actions);
  const { lag } = neuronModels[neuronOf(converted)!.kind];
  const random = Random.stream(o.seed, "fine-tuning");
  const { training, validation } = split(
    { states, targets: softmaxRows(values, actions, sharpness) },
    observationSize(source),
    0.1,
    random,
  );
  const network = await o.makeTrainable(converted, {
    maxBatch: Math.max(o.batchSize, 256),
    surrogate: { scale: o.surrogateScale },
    ...(o.price && { regulariser: o.price }),
  });
  try {
    const { curve, before, chosen } = await fit(network, training, validation, {
      iterations: o.iterations,
      batchSize: o.batchSize,
      learningRate: { kind: "linear", start: o.learningRate, end: 0, steps: o.iterations },
      outputScale: sharpness / effectiveSteps(converted.layers.length, converted.coding.steps, lag),
      every: Math.max(1, Math.round(o.iterations / 20)),
      random,
      signal: o.signal,
      onPoint: o.onPoint,
    });
    return {
      network: network.toNetwork() as SpikingNetwork,
      agreement: { before: before.validationAccuracy, after: chosen.validationAccuracy },
      curve,
    };
  } finally {
    network.close();
  }
}

/** The median over states of the distance between the best two of `values` [n, actions]. */
export function medianGap(values: Float64Array, actions: number): number {
  const gaps = Float64Array.from({ length: values.length / actions }, (_, k) => {
    const [first, second] = values.slice(k * actions, (k + 1) * actions).sort((a, b) => b - a);
    return first - second;
  }).sort();
  const middle = gaps[gaps.length >> 1];
  return middle > 0 ? middle : 1; // all alike: any sharpness says the same
}

function softmaxRows(values: Float64Array, actions: number, sharpness: number): Float32Array {
  const rows = new Float32Array(values.length);
  for (let row = 0; row < values.length; row += actions) {
    let top = -Infinity;
    let sum = 0;
    for (let j = 0; j < actions; j++) top = Math.max(top, values[row + j]);
    for (let j = 0; j < actions; j++) sum += rows[row + j] = exp(sharpness * (values[row + j] - top));
    for (let j = 0; j < actions; j++) rows[row + j] /= sum;
  }
  return rows;
}
