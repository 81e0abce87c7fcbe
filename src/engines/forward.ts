import { referenceDenseForward } from "./reference/dense.ts";
import { referenceConvolutionalForward } from "./reference/convolutional.ts";
import type { ConvolutionalNetwork } from "../network/old/convolutional-network.ts";
import type { DenseNetwork } from "../network/old/dense-network.ts";
import { valuesOf } from "./values.ts";
import { argmax } from "../network/decide.ts";
import type { RunOptions, SpikingEngine, Work } from "../network/engine.ts";
import type { Decoding, Encoding, Reset, SpikingNetwork, TieRule } from "../network/old/spiking-network.ts";
import { batchSize } from "../network/validate.ts";

/** One forward pass as plain lists. */
export interface ForwardPass {
  /** [state][action] */
  readonly outputs: number[][];
  /** [state] */
  readonly actions: number[];
  /** [layer that spikes][state][neuron], spikes in the whole decision; empty for one without spikes */
  readonly spikes: number[][][];
  /** Per decision; of one without spikes only multiply-accumulates. */
  readonly work: Work;
}

/** Runs a network without spikes (float64: by its readable reference; or float32) on `observations` [batch, observationSize]. */
export function forwardValues(
  network: DenseNetwork | ConvolutionalNetwork,
  observations: Float32Array | Float64Array,
  precision: "float32" | "float64",
  ties: TieRule = "first",
): ForwardPass {
  const { observationSize, forward } = valuesOf(network);
  const batch = batchSize(observations, observationSize);
  const { outputs: single, multiplyAccumulates } = forward(Float32Array.from(observations), batch);
  const reference = (): Float64Array =>
    network.kind === "dense"
      ? referenceDenseForward(network, observations)
      : referenceConvolutionalForward(network, observations);
  const outputs = rows(precision === "float64" ? reference() : single, batch);
  const perDecision = multiplyAccumulates / batch;
  const work = { spikes: 0, accumulates: 0, multiplyAccumulates: perDecision, synOps: perDecision };
  return { outputs, actions: outputs.map((row) => argmax(row, 0, row.length, ties)), spikes: [], work };
}

/** Runs a spiking network on `observations` [batch, observationSize]. */
export function forwardSpiking(
  engine: SpikingEngine,
  network: SpikingNetwork,
  observations: Float32Array | Float64Array,
  options: RunOptions = {},
): ForwardPass {
  const { outputs, actions, spikes, work } = engine.run(network, observations, { ...options, recordSpikes: true });
  const batch = actions.length;
  const counts = spikes!.map(({ state, neuron }, l) => {
    const perState = Array.from({ length: batch }, () => new Array<number>(network.layers[l].outputs).fill(0));
    state.forEach((b, k) => perState[b][neuron[k]]++);
    return perState;
  });
  return { outputs: rows(outputs, batch), actions: Array.from(actions), spikes: counts, work };
}

/** The network read or written in another way than its own. */
export function withOptions(
  network: SpikingNetwork,
  {
    encoding = network.encoding,
    decoding = network.decoding,
    ties = network.ties,
    reset,
  }: { encoding?: Encoding; decoding?: Decoding; ties?: TieRule; reset?: Reset },
): SpikingNetwork {
  const layers = reset === undefined ? network.layers : network.layers.map((layer) => ({ ...layer, reset }));
  return { ...network, encoding, decoding, ties, layers };
}

function rows(values: ArrayLike<number>, batch: number): number[][] {
  const width = values.length / batch;
  return Array.from({ length: batch }, (_, b) => Array.from({ length: width }, (_, a) => values[b * width + a]));
}
