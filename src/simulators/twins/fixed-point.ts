import { packageVersion } from "../../bridge/version.ts";
import { inputValues } from "../../network/encoding.ts";
import { observationSize, type SpikingLayer, type SpikingNetwork } from "../../network/old/spiking-network.ts";
import { forEachRun } from "../../network/synapses.ts";
import { decode } from "../decode.ts";
import { inputSpikes } from "../inputs.ts";
import type { Mapping, Simulator } from "../simulator.ts";
import { poissonSpikes } from "../spinnaker/poisson.ts";
import { SpikeList } from "../spike-list.ts";
import { accum, toNumber } from "./accum.ts";
import { assertMappable, cellParameters, layersOnMachine, membrane, type Membrane, timeConstant } from "./cells.ts";
import { arrive, type CellParameters, type Membranes, membranes, update } from "./membranes.ts";
import { layerBounds, ringBuffers } from "./ring-buffers.ts";

/** What can be asked of the twin. */
export interface FixedPointOptions {
  /** Membrane time constant in ms, instead of the one chosen for the network; the thesis had 100. Weights then are as sPyNNaker alone scales them. */
  readonly tauM?: number;
  /** Poisson input is drawn on the chip, not played from trains of the host. */
  readonly poissonOnChip?: boolean;
}

/**
 * What a SpiNNaker board computes for IFCurDelta populations, bit for bit as far as sPyNNaker's sources say (membranes.ts), 1 ms per step,
 * synaptic delay 1 ms. Spikes alone cost time: a layer's synapses are visited for the neurons that spiked.
 *
 * A recording holds V before the update of its step, so that the last value has seen T - 1 updates.
 */
export function fixedPointTwin(options: FixedPointOptions = {}): Simulator {
  let loaded: Loaded | undefined;
  return {
    name: "spinnaker-twin",
    version: packageVersion(),
    map: (network) => mapping(network, options),
    async load(network) {
      assertMappable(network);
      loaded = prepare(network, options);
    },
    async run(inputs, { steps = loaded!.network.steps, seed = 0, recordSpikes = true } = {}) {
      const began = performance.now();
      const { network } = loaded!;
      const states = inputs.length / observationSize(network);
      const actions = network.layers.at(-1)!.outputs;
      const potentials = new Float64Array(states * actions);
      const lists = network.layers.slice(0, -1).map(() => new SpikeList());
      const trains = network.encoding === "constant" ? undefined : trainsOf(network, inputs, states, steps, seed);
      for (let s = 0; s < states; s++) {
        const record = (l: number, t: number, j: number): void => lists[l].push(s, t, j);
        const currents = trains ? undefined : inputValues(network, inputs, s);
        const read = runState(loaded!, currents, trains?.[s], steps, recordSpikes ? record : undefined);
        potentials.set(read, s * actions);
      }
      const spikes = lists.map((list) => list.events());
      const seconds = { build: 0, run: (performance.now() - began) / 1000, read: 0 };
      return { spikes, potentials, seconds, ...decode(network, { states, potentials }) };
    },
    async close() {},
  };

  function trainsOf(
    network: SpikingNetwork,
    inputs: Float32Array | Float64Array,
    states: number,
    steps: number,
    seed: number,
  ): number[][][] {
    const make = options.poissonOnChip && network.encoding === "poisson" ? poissonSpikes : inputSpikes;
    return bySteps(make(network, inputs, { steps, seed }), states, steps);
  }
}

interface Loaded {
  readonly network: SpikingNetwork;
  readonly populations: readonly Membranes[];
  readonly cells: readonly CellParameters[];
}

function prepare(network: SpikingNetwork, options: FixedPointOptions): Loaded {
  const { tauM = timeConstant(network) } = options;
  const last = network.layers.length - 1;
  const bounds = layerBounds(network, options);
  return {
    network,
    populations: layersOnMachine(network).map((layer, l) => membranes(layer, ringBuffers(layer, bounds[l]))),
    cells: network.layers.map((layer, l) =>
      cellParameters(membraneOf(layer, options, tauM), l < last ? layer.threshold : null),
    ),
  };
}

/** A tau_m that was asked for comes with c_m 1, as the thesis had it. */
function membraneOf(layer: SpikingLayer, options: FixedPointOptions, tauM: number): Membrane {
  return options.tauM === undefined ? membrane(layer, tauM) : { tauM, cm: 1 };
}

function runState(
  { network, populations, cells }: Loaded,
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
    const { initialPotential } = network.layers[l];
    if (initialPotential) population.v.set(Int32Array.from(initialPotential, accum));
    else population.v.fill(0);
    population.count = 0;
  });
  let read = populations[last].v.slice();
  for (let t = 0; t < steps; t++) {
    if (t === steps - 1) read = populations[last].v.slice();
    // From the last layer to the first: each then still finds the spikes that the one before it sent in the previous step.
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
function offset({ inputs, outputs, weights, biases, convolution }: SpikingLayer, values?: Float64Array): Float64Array {
  const current = new Float64Array(outputs);
  for (let i = 0; i < (values?.length ?? 0); i++) {
    const x = i < inputs ? values![i] : -values![i];
    if (x === 0) continue;
    if (convolution)
      forEachRun(convolution, i, (target, weight) => {
        for (let f = 0; f < convolution.output[2]; f++) current[target + f] += x * weights[weight + f];
      });
    else for (let j = 0; j < outputs; j++) current[j] += x * weights[(i % inputs) * outputs + j];
  }
  return biases ? current.map((value, j) => value + biases[j]) : current;
}

/** The input neurons that spike, per state and step; one that spikes twice in a step comes twice. */
function bySteps(events: ReturnType<typeof inputSpikes>, states: number, steps: number): number[][][] {
  const trains = Array.from({ length: states }, () => Array.from({ length: steps }, (): number[] => []));
  events.neuron.forEach((neuron, k) => trains[events.state[k]][events.step[k]].push(neuron));
  return trains;
}

function mapping(network: SpikingNetwork, options: FixedPointOptions): Mapping {
  assertMappable(network);
  const { tauM = timeConstant(network), poissonOnChip } = options;
  const last = network.layers.length - 1;
  const bounds = layerBounds(network, options);
  const buffers = layersOnMachine(network).map((layer, l) => ringBuffers(layer, bounds[l]));
  return {
    name: "spinnaker",
    simulator: "spinnaker-twin",
    step: 1,
    resolution: 1,
    input:
      network.encoding === "constant"
        ? "x W0 + b as i_offset"
        : poissonOnChip && network.encoding === "poisson"
          ? "a SpikeSourcePoisson on the machine, which draws its spikes itself"
          : "a SpikeSourceArray on the machine",
    ties: "fires at V >= v_thresh",
    layers: network.layers.map((layer, l) => {
      const cell = membraneOf(layer, options, tauM);
      return {
        layer: l,
        model: "IFCurDelta in s16.15",
        parameters: {
          cm: cell.cm,
          tau_m: cell.tauM,
          v_reset: 0,
          v_thresh: l === last ? "none" : layer.threshold,
          shifts: [...buffers[l].shifts],
        },
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
