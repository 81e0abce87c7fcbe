import type { LocalEngine, Observations, RunOptions, RunResult, Work } from "../network/engine.ts";
import { chooseActions } from "../network/decoding.ts";
import { outputsOf } from "../network/layer.ts";
import {
  codingDefaults,
  type Decoding,
  type Encoding,
  type Network,
  type SpikingNetwork,
  type TieRule,
} from "../network/network.ts";
import type { Neuron } from "../network/neurons/index.ts";
import { fastEngine } from "./fast/index.ts";

/** One forward pass as plain lists. */
export interface ForwardPass {
  /** [state][action] */
  readonly outputs: number[][];
  /** [state] */
  readonly actions: number[];
  /** [layer that spikes][state][neuron], spikes in the whole decision; empty where nothing spikes */
  readonly spikes: number[][][];
  /** Per decision; where nothing spikes only multiply-accumulates. */
  readonly work: Work;
}

/** By which engine, for how long, under which tie rule. */
export interface ForwardOptions extends Pick<RunOptions, "steps" | "seed" | "changing"> {
  /** The fast one in float32 unless given. */
  readonly engine?: LocalEngine;
  /** Which of several equal values is the action, instead of the network's own rule. */
  readonly ties?: TieRule;
}

/** Runs any network on `observations` [batch, observation]. */
export function forward(network: Network, observations: Observations, options: ForwardOptions = {}): ForwardPass {
  const { engine = fastEngine(), ties = network.coding?.ties ?? "first", ...run } = options;
  const loaded = engine.load(network);
  try {
    const result = loaded.run(observations, { ...run, recordSpikes: true });
    return { ...passOf(network, result, ties), work: result.work! };
  } finally {
    loaded.close();
  }
}

/** What a run with its spikes came to, as plain lists; whoever ran it. */
export function passOf(network: Network, result: RunResult, ties: TieRule): Omit<ForwardPass, "work"> {
  const { outputs, potentials, actions, spikes = [] } = result;
  const batch = actions.length;
  const counts = spikes.map(({ state, neuron }, l) => {
    const perState = Array.from({ length: batch }, () => new Array<number>(outputsOf(network.layers[l])).fill(0));
    state.forEach((b, k) => perState[b][neuron[k]]++);
    return perState;
  });
  const chosen = chooseActions({ coding: { ...codingDefaults, ties } }, outputs, potentials, batch);
  return { outputs: rows(outputs, batch), actions: Array.from(chosen), spikes: counts };
}

/** The network read or written in another way than its own, or with another reset. */
export function withOptions(
  network: SpikingNetwork,
  options: { encoding?: Encoding; decoding?: Decoding; ties?: TieRule; reset?: "subtraction" | "zero" },
): SpikingNetwork {
  const { encoding, decoding, ties } = { ...network.coding, ...defined(options) };
  const { reset } = options;
  const layers = network.layers.map((layer) =>
    reset === undefined ? layer : { ...layer, activation: withReset(layer.activation, reset) },
  );
  return { ...network, layers, coding: { ...network.coding, encoding, decoding, ties } };
}

function withReset(neuron: Neuron, reset: "subtraction" | "zero"): Neuron {
  if (neuron.kind === "lagged-lif") return { ...neuron, reset };
  return reset === "zero" ? { ...neuron, reset: "value", resetTo: 0 } : { ...neuron, reset };
}

/** Without the fields that are undefined. */
function defined<T extends object>(fields: T): T {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T;
}

function rows(values: ArrayLike<number>, batch: number): number[][] {
  const width = values.length / batch;
  return Array.from({ length: batch }, (_, b) => Array.from({ length: width }, (_, a) => values[b * width + a]));
}
