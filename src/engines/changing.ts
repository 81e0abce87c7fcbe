import { UsageError } from "../errors.ts";
import { chooseActions, decode } from "../network/decoding.ts";
import type { Observations, RunOptions, RunResult, SpikeEvents, Work } from "../network/engine.ts";
import { outputsOf } from "../network/layer.ts";
import { actionsOf, isSpiking, type Network, observationSize, type SpikingNetwork } from "../network/network.ts";
import { fanOut } from "../network/synapses.ts";
import { validateRun } from "../network/validate.ts";

/** Runs states side by side for as many steps as the options say, from the state that they hold. */
export type Run = (observations: Observations, options: RunOptions) => RunResult;

/**
 * A run whose input changes, `observations` [steps, states, observation], on an engine whose input is the same in every
 * step: step by step, each from the state that the one before has left. The same bits as in one run where nothing changes.
 */
export function runChanging(network: Network, observations: Observations, options: RunOptions, run: Run): RunResult {
  const batch = validateRun(network, observations, options);
  const spiking = changingOnly(network);
  const { steps = spiking.coding.steps, recordSpikes, recordPotentials } = options;
  const size = observationSize(network);
  const parts: RunResult[] = [];
  let { state } = options;
  for (let t = 0; t < steps; t++) {
    const now = observations.subarray(t * batch * size, (t + 1) * batch * size);
    const part = run(now, { steps: 1, seed: options.seed, state, keepState: true, recordSpikes, recordPotentials });
    parts.push(part);
    state = part.state;
  }
  const { potentials } = parts[steps - 1];
  const outputs = decoded(spiking, parts, batch);
  return {
    outputs,
    potentials,
    actions: chooseActions(network, outputs, potentials, batch),
    spikeCounts: parts[0].spikeCounts.map((counts, l) => counts.map((_, j) => sum(parts, (p) => p.spikeCounts[l][j]))),
    work: workOf(spiking, observations, batch, parts),
    spikes: recordSpikes ? parts[0].spikes!.map((_, l) => joined(parts, l, batch)) : undefined,
    membranes: recordPotentials
      ? network.layers.map((layer, l) => sideBySide(parts, l, outputsOf(layer), batch))
      : undefined,
    state: options.state || options.keepState ? state : undefined,
  };
}

/** BAD_ARGUMENT for a network whose input is coded into spikes, or that has no time. */
function changingOnly(network: Network): SpikingNetwork {
  if (isSpiking(network) && network.coding.encoding === "constant") return network;
  const why = isSpiking(network) ? `codes its input into spikes (${network.coding.encoding})` : "has no time steps";
  throw new UsageError("BAD_ARGUMENT", `The input changes from step to step, and the network ${why}.`, {
    hint: isSpiking(network)
      ? "Run it with the encoding constant: a step's spikes or currents are its input."
      : undefined,
  });
}

/** Of one step the decodings by spikes give what was sent in it. */
function decoded({ coding, ...network }: SpikingNetwork, parts: readonly RunResult[], batch: number): Float64Array {
  const actions = actionsOf({ ...network, coding });
  const outputs = new Float64Array(batch * actions);
  for (let b = 0; b < batch; b++) {
    const potential = (t: number, a: number): number => parts[t].potentials[b * actions + a];
    const spike = (t: number, a: number): number => parts[t].outputs[b * actions + a];
    decode(
      coding.decoding,
      { steps: parts.length, potential, spike },
      outputs.subarray(b * actions, (b + 1) * actions),
    );
  }
  return outputs;
}

/** The spikes of a layer, sorted by state, then step. */
function joined(parts: readonly RunResult[], l: number, batch: number): SpikeEvents {
  const counts = new Int32Array(batch + 1);
  for (const { spikes } of parts) for (const b of spikes![l].state) counts[b + 1]++;
  for (let b = 0; b < batch; b++) counts[b + 1] += counts[b];
  const [state, step, neuron] = [0, 1, 2].map(() => new Int32Array(counts[batch]));
  for (const [t, { spikes }] of parts.entries())
    for (const [k, b] of spikes![l].state.entries()) {
      const at = counts[b]++;
      [state[at], step[at], neuron[at]] = [b, t, spikes![l].neuron[k]];
    }
  return { state, step, neuron };
}

function sideBySide(parts: readonly RunResult[], l: number, n: number, batch: number): Float64Array {
  const whole = new Float64Array(batch * parts.length * n);
  for (const [t, { membranes }] of parts.entries())
    for (let b = 0; b < batch; b++) whole.set(membranes![l].subarray(b * n, (b + 1) * n), (b * parts.length + t) * n);
  return whole;
}

/** Input that is all spikes is added, not multiplied. */
function workOf(network: SpikingNetwork, observations: Observations, batch: number, parts: readonly RunResult[]): Work {
  const keys = ["spikes", "accumulates", "multiplyAccumulates", "synOps", "active"] as const;
  const work = Object.fromEntries(keys.map((key) => [key, sum(parts, (p) => p.work![key])])) as unknown as Work;
  const { layers, coding } = network;
  if (layers[0].pooling || coding.signedInputs || coding.biasInput) return work;
  if (!observations.every((x) => x === 0 || x === 1)) return work;
  const fan = fanOut(layers[0]);
  let added = 0;
  for (let k = 0; k < observations.length; k++) if (observations[k] === 1) added += fan[k % fan.length];
  added /= batch;
  return {
    ...work,
    accumulates: work.accumulates + added,
    multiplyAccumulates: work.multiplyAccumulates - added,
  };
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}
