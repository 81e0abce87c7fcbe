import { DsqnError } from "../../errors.ts";
import { inputValues } from "../../network/encoding.ts";
import type { Engine, Loaded, Observations } from "../../network/engine.ts";
import { biasPerOutput, columnsOf, outputsOf, type SpikingLayer, synapticInputs } from "../../network/layer.ts";
import type { Mapping } from "../../network/mapping.ts";
import { actionsOf, type SpikingNetwork } from "../../network/network.ts";
import { packParameters, withParameters } from "../../network/parameters.ts";
import { spikeCollector } from "../../network/spikes.ts";
import { forEachRun } from "../../network/synapses.ts";
import { packageVersion } from "../../setup/version.ts";
import { inputSpikes } from "../inputs.ts";
import type { Settings } from "../names.ts";
import { resultOf, spikingOnly, statesOf } from "../simulation.ts";
import { engineWithInput, type InputOptions } from "../spinnaker/input-layer.ts";
import { poissonSpikes } from "../spinnaker/poisson.ts";
import { accum, LARGEST, toNumber } from "./accum.ts";
import {
  cellParameters,
  layersOnMachine,
  type Population,
  type PopulationOptions,
  populationsOf,
  startOf,
} from "./cells.ts";
import { arrive, type CellParameters, type Membranes, membranes, update } from "./membranes.ts";
import { layerBounds, ringBuffers } from "./ring-buffers.ts";
import { type Schedule, scheduleOf } from "./schedule.ts";

/** What can be asked of the twin; with a `tauM` weights are as sPyNNaker alone scales them. */
export interface FixedPointOptions extends PopulationOptions {
  /** Poisson input is drawn on the chip, not played from trains of the host. */
  readonly poissonOnChip?: boolean;
}

const NAME = "spinnaker-twin";

/** The twin by its settings: `tauM`, `hardReset`, and where the input is made. */
export function openTwin(settings: Settings): Engine {
  const { tauM, hardReset, ...placed } = settings as FixedPointOptions & InputOptions;
  return engineWithInput(fixedPointTwin({ tauM, hardReset, poissonOnChip: placed.input === "chip" }), placed);
}

/**
 * What a SpiNNaker board computes for IFCurDelta populations, bit for bit as far as sPyNNaker's sources say
 * (membranes.ts), 1 ms per step, synaptic delay 1 ms. Spikes alone cost time: a layer's synapses are visited for the
 * neurons that spiked.
 *
 * A recording holds V before the update of its step, so that the last value has seen T - 1 updates.
 */
export function fixedPointTwin(options: FixedPointOptions = {}): Engine {
  return {
    name: NAME,
    version: packageVersion(),
    describe: (network) => mapping(spikingOnly(network, NAME), options),
    load: (network) => load(spikingOnly(network, NAME), options),
    close() {},
  };
}

function load(given: SpikingNetwork, options: FixedPointOptions): Loaded {
  const network = withParameters(given, packParameters(given));
  const machine = prepare(network, options);
  const actions = actionsOf(network);
  return {
    run(observations, runOptions = {}) {
      const began = performance.now();
      const { steps = network.coding.steps, seed = 0, recordSpikes = false } = runOptions;
      const states = statesOf(network, observations, runOptions);
      const potentials = new Float64Array(states * actions);
      const collectors = network.layers.slice(0, -1).map(() => spikeCollector());
      const trains = trainsOf(network, observations, { states, steps, seed }, options);
      for (let s = 0; s < states; s++) {
        const record = (l: number, t: number, j: number): void => collectors[l].push(s, t, j);
        const currents = trains ? undefined : inputValues(network, observations, s);
        const read = runState(machine, currents, trains?.[s], steps, recordSpikes ? record : undefined);
        potentials.set(read, s * actions);
      }
      const spikes = recordSpikes ? collectors.map((collector) => collector.events()) : [];
      const seconds = { build: 0, run: (performance.now() - began) / 1000, read: 0 };
      return resultOf(network, { states, potentials, spikes }, seconds, recordSpikes);
    },
    close() {},
  };
}

/** The input neurons that spike, per state and step (twice in a step: twice); undefined under constant input. */
function trainsOf(
  network: SpikingNetwork,
  observations: Observations,
  { states, steps, seed }: { states: number; steps: number; seed: number },
  { poissonOnChip }: FixedPointOptions,
): number[][][] | undefined {
  if (network.coding.encoding === "constant") return undefined;
  const make = poissonOnChip && network.coding.encoding === "poisson" ? poissonSpikes : inputSpikes;
  const events = make(network, observations, { steps, seed });
  const trains = Array.from({ length: states }, () => Array.from({ length: steps }, (): number[] => []));
  events.neuron.forEach((neuron, k) => trains[events.state[k]][events.step[k]].push(neuron));
  return trains;
}

interface Machine {
  readonly network: SpikingNetwork;
  readonly populations: readonly Membranes[];
  readonly cells: readonly CellParameters[];
  readonly own: readonly Population[];
  readonly start: readonly Int32Array[];
  readonly schedule: Schedule;
}

function prepare(network: SpikingNetwork, options: FixedPointOptions): Machine {
  const own = populationsOf(network, options);
  const bounds = layerBounds(network, options);
  const cells = own.map(cellParameters);
  const schedule = scheduleOf(network, options);
  return {
    network,
    populations: layersOnMachine(network, own).map((layer, l) => membranes(layer, ringBuffers(layer, bounds[l]))),
    cells,
    own,
    start: network.layers.map((layer, l) =>
      startOf(layer, own[l], cells[l], { late: schedule.late[l], lag: schedule.lag }),
    ),
    schedule,
  };
}

function runState(
  { network, populations, cells, own, start, schedule }: Machine,
  values: Float64Array | undefined,
  trains: readonly (readonly number[])[] | undefined,
  steps: number,
  onSpike?: (layer: number, step: number, neuron: number) => void,
): Float64Array {
  const last = populations.length - 1;
  const offsets = network.layers.map((layer, l) => offset(layer, l, own[l], l === 0 ? values : undefined));
  populations.forEach((population, l) => {
    population.v.set(start[l]);
    population.count = 0;
  });
  const { delay, late, lag } = schedule;
  const machineSteps = schedule.machineSteps(steps);
  // What each layer sent in the last `delay` steps.
  const sent = populations.map(() => Array.from({ length: delay }, () => new Int32Array()));
  let read = populations[last].v.slice();
  for (let t = 0; t < machineSteps; t++) {
    if (t === machineSteps - 1) read = populations[last].v.slice();
    // From the last layer to the first: each then still finds what the one before it sent `delay` steps ago.
    for (let l = last; l >= 0; l--) {
      const population = populations[l];
      const arriving = l > 0 ? sent[l - 1][t % delay] : (trains?.[t - 1] ?? []);
      for (const source of arriving) arrive(population, source);
      update(population, offsets[l], cells[l]);
      sent[l][t % delay] = population.fired.slice(0, population.count);
      const step = t - late[l] + lag;
      if (onSpike && l < last && step >= 0 && step < steps)
        for (let k = 0; k < population.count; k++) onSpike(l, step, population.fired[k]);
    }
  }
  return Float64Array.from(read, (v, j) => toNumber(v) / own[last].scale[j]);
}

/** i_offset in s16.15: bias and offset, and in the first layer under constant input x W0 besides. */
function offset(layer: SpikingLayer, l: number, own: Population, values?: Float64Array): Int32Array {
  const { synapses, weights } = layer;
  const [inputs, columns, biases] = [synapticInputs(layer), columnsOf(layer), biasPerOutput(layer)];
  const current = new Float64Array(outputsOf(layer));
  for (let i = 0; i < (values?.length ?? 0); i++) {
    const x = i < inputs ? values![i] : -values![i];
    if (x === 0) continue;
    const add = (target: number, weight: number): void => {
      for (let f = 0; f < columns; f++) current[target + f] += x * weights[weight + f];
    };
    if (synapses.kind === "convolution") forEachRun(synapses, i, add);
    else add(0, (i % inputs) * columns);
  }
  return Int32Array.from(current, (value, j) => {
    const total = (biases ? value + biases[j] : value) * own.scale[j] + own.offset[j];
    if (Math.abs(total) < LARGEST) return accum(total);
    throw new DsqnError(
      "INPUT_TOO_LARGE",
      `An observation gives neuron ${j} of layer ${l} a current of ${total.toPrecision(4)}, and s16.15 ends at 65536.`,
      { hint: "Scale the observations, or the network's first weights." },
    );
  });
}

function mapping(network: SpikingNetwork, options: FixedPointOptions): Mapping {
  const own = populationsOf(network, options);
  const { encoding } = network.coding;
  const last = network.layers.length - 1;
  const bounds = layerBounds(network, options);
  const buffers = layersOnMachine(network, own).map((layer, l) => ringBuffers(layer, bounds[l]));
  const schedule = scheduleOf(network, options);
  return {
    name: "spinnaker",
    simulator: NAME,
    step: 1,
    resolution: 1,
    input:
      encoding === "constant"
        ? "x W0 + b as i_offset"
        : options.poissonOnChip && encoding === "poisson"
          ? "a SpikeSourcePoisson on the machine, which draws its spikes itself"
          : "a SpikeSourceArray on the machine",
    ties: "fires at V >= v_thresh",
    layers: own.map((population, l) => ({
      layer: l,
      model: `${population.model} in s16.15`,
      parameters: {
        cm: spread(population.cm),
        tau_m: spread(population.tauM),
        v_rest: spread(population.rest),
        v_reset: population.model === "IFCurDelta" ? spread(population.resetTo) : "V - v_thresh",
        v_thresh: l === last ? "none" : spread(population.threshold),
        unit: spread(population.scale),
        shifts: [...buffers[l].shifts],
      },
      weights: { unit: "units; 16 bit, scaled by 2^(15 - ring-buffer shift)", factor: 1 },
      delay: schedule.delay,
    })),
    exact: false,
    notes: notesOf(network, own, schedule),
  };
}

const leaks = ({ activation: { beta } }: SpikingLayer): boolean => beta !== 1;

/** The value, or the smallest and the largest. */
function spread(values: Float64Array): number | readonly number[] {
  const [low, high] = [values.reduce((a, b) => Math.min(a, b)), largest(values)];
  return low === high ? low : [low, high];
}

const largest = (values: Float64Array): number => values.reduce((a, b) => Math.max(a, b));

/** What a reader of the mapping has to know. Mirrors spinnaker_mapping.py. */
function notesOf({ layers }: SpikingNetwork, own: readonly Population[], { late, lag }: Schedule): string[] {
  const soft = own.some(({ model }) => model === "IFCurrDeltaSoft");
  const reset = soft
    ? "Reset by subtraction: the user's own IF_curr_delta.aplx with seven words changed as it is loaded (IFCurrDeltaSoft)."
    : layers.slice(0, -1).some(({ activation }) => activation.reset === "subtraction")
      ? "Reset to zero whatever the network's reset, as was asked for."
      : undefined;
  const shortest = Math.min(...own.flatMap(({ tauM }, l) => (leaks(layers[l]) ? [] : [largest(tauM)])));
  return [
    ...(reset ? [reset] : []),
    ...(shortest < Infinity ? [`Membranes without leak leak by 1/${shortest} per step at most.`] : []),
    "Potentials are s16.15, in a unit for each layer, weights 16 bit.",
    lag > 0
      ? "Delays of 2 ms, so that a spike makes the next layer spike when ours does."
      : late.every((steps) => steps === 0)
        ? "A layer costs 1 ms here and 2 steps in our network."
        : "A layer costs 1 ms here and no step in our network: each starts so much later, from where its bias brings it to ours.",
  ];
}
