import { DsqnError } from "../errors.ts";
import { ownMapping } from "../engines/mapping.ts";
import { decodeRecorded } from "../network/decoding.ts";
import type { Engine, SpikeEvents } from "../network/engine.ts";
import { outputsOf } from "../network/layer.ts";
import { actionsOf, type Decoding, type SpikingNetwork, spikingLayers } from "../network/network.ts";
import { spikeCollector } from "../network/spikes.ts";

/** What somebody else's run of a network came to. */
export interface RecordedRun {
  /** Who ran it: a framework, a chip. */
  readonly by: string;
  readonly version: string;
  readonly states: number;
  readonly steps: number;
  /** Per layer that spikes [steps, states, neurons]: how many spikes. */
  readonly spikes: readonly ArrayLike<number>[];
  /** Likewise the potentials after each step; null where they were not kept. */
  readonly potentials: readonly (ArrayLike<number> | null)[];
}

/** The spikes of a layer as events. */
export function eventsOf(counts: ArrayLike<number>, steps: number, states: number): SpikeEvents {
  const neurons = counts.length / steps / states;
  const collector = spikeCollector();
  for (let b = 0; b < states; b++)
    for (let t = 0; t < steps; t++)
      for (let j = 0, k = (t * states + b) * neurons; j < neurons; j++, k++)
        for (let n = counts[k]; n > 0; n--) collector.push(b, t, j);
  return collector.events();
}

/**
 * SPIKES_MISMATCH where a recording is of another length, of other states or of another network: which, where, and what
 * to do.
 */
export function refuseMismatch(network: SpikingNetwork, run: RecordedRun, states: number, steps: number): void {
  const layers = network.layers.slice(0, spikingLayers(network));
  const wrong = (problem: string, hint: string, facts: Record<string, unknown>): DsqnError =>
    new DsqnError("SPIKES_MISMATCH", `${problem}.`, { hint, facts });
  if (run.spikes.length !== layers.length)
    throw wrong(
      `The recording has spikes of ${run.spikes.length} layers, and the network has ${layers.length} that spike`,
      "Is it a recording of this network? An output layer that is read by its potential does not spike: --decoding spikes.",
      { recorded: run.spikes.length, layers: layers.length },
    );
  if (run.steps < steps)
    throw wrong(
      `The recording has ${run.steps} steps, and ${steps} are to be compared`,
      `Compare as many: --steps ${run.steps}.`,
      { recorded: run.steps, steps },
    );
  if (run.states !== states)
    throw wrong(
      `The recording has ${run.states} states, and there is input for ${states}`,
      "Inputs and spikes have to be of the same states, in the same order.",
      { recorded: run.states, states },
    );
  for (const [l, layer] of layers.entries()) {
    const neurons = run.spikes[l].length / run.steps / run.states;
    if (neurons !== outputsOf(layer))
      throw wrong(
        `Layer ${l} of the recording has ${neurons} neurons, and that of the network ${outputsOf(layer)}`,
        "It is a recording of another network.",
        { layer: l, recorded: neurons, neurons: outputsOf(layer) },
      );
  }
}

/** A recording as a judge: it runs nothing, and gives back what was recorded, for the states that were. */
export function recordedJudge(run: RecordedRun): Engine {
  return {
    name: run.by,
    version: run.version,
    describe: (network) => ({
      ...ownMapping("recorded", "float64", network),
      simulator: run.by,
      input: "as recorded",
      exact: false,
      notes: [
        `Spikes that ${`${run.by} ${run.version}`.trim()} made, read from a file; the neurons are as they were taken in.`,
      ],
    }),
    load: (network) => ({
      run(_observations, { steps = run.steps } = {}) {
        const spiking = network as SpikingNetwork;
        refuseMismatch(spiking, run, run.states, steps);
        const spikes = run.spikes.map((counts) => until(eventsOf(counts, run.steps, run.states), steps));
        const actions = actionsOf(network);
        const last = run.potentials[network.layers.length - 1] ?? null;
        const size = run.states * actions;
        const potentials = last
          ? Float64Array.from({ length: size }, (_, k) => last[(steps - 1) * size + k])
          : new Float64Array(0);
        const known = last ? potentials : new Float64Array(size);
        const maxima = last ? overSteps(last, steps, size, spiking.coding.decoding) : known;
        const output = spikes.length === network.layers.length ? spikes.at(-1) : undefined;
        const decoded = decodeRecorded(spiking, { states: run.states, potentials: known, maxima, spikes: output });
        return { ...decoded, potentials, spikes, spikeCounts: [] };
      },
      close() {},
    }),
    close() {},
  };
}

/** Of potentials [steps, size] the means, or else the largest. */
function overSteps(values: ArrayLike<number>, steps: number, size: number, decoding: Decoding): Float64Array {
  return Float64Array.from({ length: size }, (_, k) => {
    let [sum, largest] = [0, -Infinity];
    for (let t = 0; t < steps; t++)
      [sum, largest] = [sum + values[t * size + k], Math.max(largest, values[t * size + k])];
    return decoding === "mean-potential" ? sum / steps : largest;
  });
}

function until({ state, step, neuron }: SpikeEvents, steps: number): SpikeEvents {
  const kept = Array.from(step.keys()).filter((k) => step[k] < steps);
  const pick = (values: Int32Array): Int32Array => Int32Array.from(kept, (k) => values[k]);
  return kept.length === step.length
    ? { state, step, neuron }
    : { state: pick(state), step: pick(step), neuron: pick(neuron) };
}
