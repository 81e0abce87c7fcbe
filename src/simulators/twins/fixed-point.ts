import { packageVersion } from "../../bridge/version.ts";
import { DsqnError } from "../../errors.ts";
import { inputValues } from "../../snn/encoding.ts";
import { observationSize, spikingLayers, type SpikingNetwork } from "../../snn/network.ts";
import { decode } from "../decode.ts";
import { inputSpikes } from "../inputs.ts";
import type { Mapping, Simulator } from "../simulator.ts";
import { SpikeList } from "../spike-list.ts";
import { accum, multiply, ONE, toNumber } from "./accum.ts";
import { ringBuffers, type RingBuffers, type WeightMatrix } from "./ring-buffers.ts";

/** s16.15 ends at 65536; tau_m times the largest input of a neuron stays below. */
const LARGEST_ACCUM = 60000;
/** What an observation is taken to reach when tau_m is chosen. */
const LARGEST_OBSERVATION = 5;

export interface FixedPointOptions {
  /** Membrane time constant in ms, instead of the one chosen for the network; the thesis had 100. */
  readonly tauM?: number;
}

/**
 * What a SpiNNaker board computes for IFCurDelta populations, bit for bit as far as sPyNNaker's sources say (the board's exp() is taken
 * to be correctly rounded), 1 ms per step, synaptic delay 1 ms:
 *
 *   ring buffers: sums of 16-bit weights, saturating at 65535, shifted left by the layer's shift
 *   alpha = I R,  I = exc - inh + i_offset,  R = tau_m / c_m;   V = alpha - exp(-1/tau_m) (alpha - V)      each product rounded to 2^-15
 *   spike and V = 0 where V >= threshold
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
      mapping(network, options);
      loaded = prepare(network, options.tauM ?? timeConstant(network));
    },
    async run(inputs, { steps = loaded!.network.steps, seed = 0, recordSpikes = true } = {}) {
      const began = performance.now();
      const { network } = loaded!;
      const states = inputs.length / observationSize(network);
      const actions = network.layers.at(-1)!.outputs;
      const potentials = new Float64Array(states * actions);
      const lists = network.layers.slice(0, -1).map(() => new SpikeList());
      const trains =
        network.encoding === "constant"
          ? undefined
          : bySteps(inputSpikes(network, inputs, { steps, seed }), states, steps);
      for (let s = 0; s < states; s++) {
        const offsets = trains ? undefined : inputValues(network, inputs, s);
        const record = (l: number, t: number, j: number): void => {
          if (recordSpikes) lists[l].push(s, t, j);
        };
        potentials.set(runState(loaded!, offsets, trains?.[s], steps, record), s * actions);
      }
      const spikes = lists.map((list) => list.events());
      const seconds = { build: 0, run: (performance.now() - began) / 1000, read: 0 };
      return { spikes, potentials, seconds, ...decode(network, { states, potentials }) };
    },
    async close() {},
  };
}

interface Loaded {
  readonly network: SpikingNetwork;
  /** Ring buffers per layer; the first layer's only where spikes enter. */
  readonly buffers: readonly RingBuffers[];
  readonly resistance: number;
  readonly decay: number;
  readonly thresholds: readonly number[];
}

function prepare(network: SpikingNetwork, tauM: number): Loaded {
  return {
    network,
    buffers: layersOnMachine(network).map(ringBuffers),
    resistance: accum(tauM),
    decay: accum(Math.exp(-accum(1 / tauM) / ONE)),
    thresholds: network.layers.map(({ threshold }) => accum(threshold)),
  };
}

function runState(
  { network, buffers, resistance, decay, thresholds }: Loaded,
  values: Float64Array | undefined,
  trains: readonly (readonly number[])[] | undefined,
  steps: number,
  onSpike: (layer: number, step: number, neuron: number) => void,
): Float64Array {
  const { layers } = network;
  const last = layers.length - 1;
  const offsets = layers.map((layer, l) => Int32Array.from(offset(layer, l === 0 ? values : undefined), accum));
  const v = layers.map((layer) => new Int32Array(layer.outputs));
  const sums = layers.map((layer) => [new Float64Array(layer.outputs), new Float64Array(layer.outputs)] as const);
  let read = v[last].slice();
  let fired: (readonly number[])[] = [[], ...layers.map(() => [])]; // of the previous step: input neurons, then each layer's
  for (let t = 0; t < steps; t++) {
    read = v[last].slice();
    const next: number[][] = [[...(trains?.[t] ?? [])], ...layers.map(() => [])];
    for (const [l, { outputs }] of layers.entries()) {
      const { shifts, weights } = buffers[l];
      const [exc, inh] = sums[l];
      exc.fill(0);
      inh.fill(0);
      for (const i of fired[l])
        for (let j = 0; j < outputs; j++) {
          exc[j] += weights[0][i * outputs + j];
          inh[j] += weights[1][i * outputs + j];
        }
      for (let j = 0; j < outputs; j++) {
        // Weights are never negative, so saturating once at the end is saturating at each addition.
        const input =
          (Math.min(exc[j], 65535) * 2 ** shifts[0] - Math.min(inh[j], 65535) * 2 ** shifts[1] + offsets[l][j]) | 0;
        const alpha = multiply(input, resistance);
        v[l][j] = alpha - multiply(decay, (alpha - v[l][j]) | 0);
        if (l === last || v[l][j] < thresholds[l]) continue;
        v[l][j] = 0;
        next[l + 1].push(j);
        onSpike(l, t, j);
      }
    }
    fired = next;
  }
  return Float64Array.from(read, toNumber);
}

/** i_offset: the bias, and in the first layer under constant input x W0 besides. */
function offset(
  { inputs, outputs, weights, biases }: SpikingNetwork["layers"][number],
  values?: Float64Array,
): Float64Array {
  const current = new Float64Array(outputs);
  for (let i = 0; i < (values?.length ?? 0); i++)
    for (let j = 0; j < outputs; j++)
      current[j] += (i < inputs ? values![i] : -values![i]) * weights[(i % inputs) * outputs + j];
  return biases ? current.map((value, j) => value + biases[j]) : current;
}

/** The layers as the machine has them: with signed inputs the first has its weights twice. */
export function layersOnMachine({ layers, signedInputs }: SpikingNetwork): readonly WeightMatrix[] {
  return layers.map((layer, l) => (l === 0 && signedInputs ? doubled(layer) : layer));
}

/** Signed inputs: a second set of input neurons with negated weights. */
function doubled({ inputs, outputs, weights }: WeightMatrix): WeightMatrix {
  const both = new Float32Array(2 * weights.length);
  both.set(weights);
  both.set(
    weights.map((w) => -w),
    weights.length,
  );
  return { inputs: 2 * inputs, outputs, weights: both };
}

/** The input neurons that spike, per state and step. */
function bySteps(events: ReturnType<typeof inputSpikes>, states: number, steps: number): number[][][] {
  const trains = Array.from({ length: states }, () => Array.from({ length: steps }, (): number[] => []));
  events.neuron.forEach((neuron, k) => trains[events.state[k]][events.step[k]].push(neuron));
  return trains;
}

/**
 * tau_m in ms: a power of two, so that the decay 1 - 1/tau_m and the resistance tau_m are exact in s16.15 and a unit of input is a unit of
 * potential; as long as the largest input of a neuron times tau_m stays inside s16.15, and at most 1024.
 */
export function timeConstant({ layers, signedInputs }: SpikingNetwork): number {
  let largest = 1;
  layers.forEach(({ inputs, outputs, weights, biases }, l) => {
    const factor = l === 0 ? LARGEST_OBSERVATION * (signedInputs ? 2 : 1) : 1;
    for (let j = 0; j < outputs; j++) {
      let total = 0;
      for (let i = 0; i < inputs; i++) total += Math.abs(weights[i * outputs + j]);
      largest = Math.max(largest, total * factor + Math.abs(biases?.[j] ?? 0));
    }
  });
  return Math.min(1024, 2 ** Math.floor(Math.log2(LARGEST_ACCUM / largest)));
}

function mapping(network: SpikingNetwork, { tauM = timeConstant(network) }: FixedPointOptions): Mapping {
  if (spikingLayers(network) === network.layers.length)
    throw new DsqnError(
      "MAPPING_IMPOSSIBLE",
      `On SpiNNaker the readout is a potential, and the network decodes ${network.decoding}.`,
      {
        hint: "Use the decoding potential.",
      },
    );
  const last = network.layers.length - 1;
  return {
    name: "spinnaker",
    simulator: "spinnaker-twin",
    step: 1,
    resolution: 1,
    input: network.encoding === "constant" ? "x W0 + b as i_offset" : "a SpikeSourceArray on the machine",
    ties: "fires at V >= v_thresh",
    layers: network.layers.map((layer, l) => ({
      layer: l,
      model: "IFCurDelta in s16.15",
      parameters: {
        cm: 1,
        tau_m: tauM,
        v_reset: 0,
        v_thresh: l === last ? "none" : layer.threshold,
        shifts: [...ringBuffers(layersOnMachine(network)[l]).shifts],
      },
      weights: { unit: "16 bit, scaled by 2^(15 - ring-buffer shift)", factor: 1 },
      delay: 1,
    })),
    exact: false,
    notes: [
      "Reset to zero whatever the network's reset: IFCurDelta knows no other.",
      `The membrane leaks by 1/${tauM} per step; potentials are s16.15, weights 16 bit.`,
      "A layer costs 1 ms here and 2 steps in our network.",
    ],
  };
}
