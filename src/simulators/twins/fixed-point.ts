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
import type { Cell } from "../neurons/neuron.ts";
import { resultOf, spikingOnly, statesOf } from "../simulation.ts";
import { engineWithInput, type InputOptions } from "../spinnaker/input-layer.ts";
import { poissonSpikes } from "../spinnaker/poisson.ts";
import { accum, toNumber } from "./accum.ts";
import {
  assertMappable,
  cellOf,
  cellParameters,
  layersOnMachine,
  membrane,
  type Membrane,
  timeConstant,
} from "./cells.ts";
import { arrive, type CellParameters, type Membranes, membranes, update } from "./membranes.ts";
import { layerBounds, ringBuffers } from "./ring-buffers.ts";

/** What can be asked of the twin. */
export interface FixedPointOptions {
  /**
   * Membrane time constant in ms, instead of the one chosen for the network; the thesis had 100. Weights then are as
   * sPyNNaker alone scales them.
   */
  readonly tauM?: number;
  /** Poisson input is drawn on the chip, not played from trains of the host. */
  readonly poissonOnChip?: boolean;
}

const NAME = "spinnaker-twin";

/** The twin by its settings: `tauM`, and where the input is made. */
export function openTwin(settings: Settings): Engine {
  const { tauM, ...placed } = settings as FixedPointOptions & InputOptions;
  return engineWithInput(fixedPointTwin({ tauM, poissonOnChip: placed.input === "chip" }), placed);
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
  assertMappable(given);
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
}

function prepare(network: SpikingNetwork, options: FixedPointOptions): Machine {
  const { tauM = timeConstant(network) } = options;
  const last = network.layers.length - 1;
  const bounds = layerBounds(network, options);
  return {
    network,
    populations: layersOnMachine(network).map((layer, l) => membranes(layer, ringBuffers(layer, bounds[l]))),
    cells: network.layers.map((layer, l) => {
      const cell = cellOf(layer, l);
      return cellParameters(membraneOf(cell, options, tauM), l < last ? cell.threshold : null);
    }),
  };
}

/** A tau_m that was asked for comes with c_m 1, as the thesis had it. */
function membraneOf(cell: Cell, options: FixedPointOptions, tauM: number): Membrane {
  return options.tauM === undefined ? membrane(cell, tauM) : { tauM, cm: 1 };
}

function runState(
  { network, populations, cells }: Machine,
  values: Float64Array | undefined,
  trains: readonly (readonly number[])[] | undefined,
  steps: number,
  onSpike?: (layer: number, step: number, neuron: number) => void,
): Float64Array {
  const last = populations.length - 1;
  const offsets = network.layers.map((layer, l) =>
    Float64Array.from(offset(layer, l === 0 ? values : undefined), accum),
  );
  populations.forEach((population, l) => {
    const { initial } = network.layers[l].activation;
    if (initial) population.v.set(Int32Array.from(initial, accum));
    else population.v.fill(0);
    population.count = 0;
  });
  let read = populations[last].v.slice();
  for (let t = 0; t < steps; t++) {
    if (t === steps - 1) read = populations[last].v.slice();
    // From the last layer to the first: each then still finds the spikes that the one before it sent in the previous
    // step.
    for (let l = last; l >= 0; l--) {
      const population = populations[l];
      if (l > 0) {
        const { fired, count } = populations[l - 1];
        for (let k = 0; k < count; k++) arrive(population, fired[k]);
      } else if (trains && t > 0) for (const source of trains[t - 1]) arrive(population, source);
      update(population, offsets[l], cells[l]);
      if (onSpike && l < last) for (let k = 0; k < population.count; k++) onSpike(l, t, population.fired[k]);
    }
  }
  return Float64Array.from(read, toNumber);
}

/** i_offset: the bias, and in the first layer under constant input x W0 besides. */
function offset(layer: SpikingLayer, values?: Float64Array): Float64Array {
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
  return biases ? current.map((value, j) => value + biases[j]) : current;
}

function mapping(network: SpikingNetwork, options: FixedPointOptions): Mapping {
  assertMappable(network);
  const { encoding } = network.coding;
  const { tauM = timeConstant(network), poissonOnChip } = options;
  const last = network.layers.length - 1;
  const bounds = layerBounds(network, options);
  const buffers = layersOnMachine(network).map((layer, l) => ringBuffers(layer, bounds[l]));
  return {
    name: "spinnaker",
    simulator: NAME,
    step: 1,
    resolution: 1,
    input:
      encoding === "constant"
        ? "x W0 + b as i_offset"
        : poissonOnChip && encoding === "poisson"
          ? "a SpikeSourcePoisson on the machine, which draws its spikes itself"
          : "a SpikeSourceArray on the machine",
    ties: "fires at V >= v_thresh",
    layers: network.layers.map((layer, l) => {
      const own = cellOf(layer, l);
      const { cm, tauM: tau_m } = membraneOf(own, options, tauM);
      const v_thresh = l === last ? "none" : own.threshold;
      return {
        layer: l,
        model: "IFCurDelta in s16.15",
        parameters: { cm, tau_m, v_reset: 0, v_thresh, shifts: [...buffers[l].shifts] },
        weights: { unit: "16 bit, scaled by 2^(15 - ring-buffer shift)", factor: 1 },
        delay: 1,
      };
    }),
    exact: false,
    notes: [
      "Reset to zero whatever the network's reset: IFCurDelta knows no other.",
      `A membrane without leak leaks by 1/${tauM} per step; potentials are s16.15, weights 16 bit.`,
      "A layer costs 1 ms here and 2 steps in our network.",
    ],
  };
}
