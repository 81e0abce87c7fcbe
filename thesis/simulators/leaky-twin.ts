import { DsqnError } from "../../src/errors.ts";
import { inputValues } from "../../src/network/encoding.ts";
import type { Engine, Loaded } from "../../src/network/engine.ts";
import { inputsOf, outputsOf, type SpikingLayer } from "../../src/network/layer.ts";
import type { Mapping } from "../../src/network/mapping.ts";
import { actionsOf, type SpikingNetwork } from "../../src/network/network.ts";
import { valueOf } from "../../src/network/neurons/index.ts";
import { packParameters, withParameters } from "../../src/network/parameters.ts";
import { spikeCollector } from "../../src/network/spikes.ts";
import { exp } from "../../src/numeric/elementary.ts";
import { packageVersion } from "../../src/setup/version.ts";
import { resultOf, spikingOnly, statesOf } from "../../src/simulators/simulation.ts";

const NAME = "spinnaker-leaky-twin";
/** The largest membrane time constant that the thesis found to work on the board, in ms. */
const TAU = 100;

/**
 * The thesis's SpiNNaker set-up in closed form: membranes leak with 100 ms and are reset to zero, 1 ms per step.
 *
 *   V[t] = V[t-1] k + I tau (1 - k) + sum of w over the spikes of the previous step,  k = exp(-1 / tau)
 *   spike and V = 0 where V >= threshold;  I = bias, in the first layer bias + x W0
 *
 * The output layer has no threshold; its last V is read. It predicts the thesis's table 4.14 within its spread.
 */
export function leakyTwin(): Engine {
  return {
    name: NAME,
    version: packageVersion(),
    describe: (network) => leakyMapping(spikingOnly(network, NAME)),
    load: (network) => load(spikingOnly(network, NAME)),
    close() {},
  };
}

function load(given: SpikingNetwork): Loaded {
  leakyMapping(given);
  const network = withParameters(given, packParameters(given));
  const actions = actionsOf(network);
  return {
    run(observations, options = {}) {
      const began = performance.now();
      const { steps = network.coding.steps, recordSpikes = false } = options;
      const states = statesOf(network, observations, options);
      const potentials = new Float64Array(states * actions);
      const collectors = network.layers.slice(0, -1).map(() => spikeCollector());
      for (let s = 0; s < states; s++) {
        const record = (l: number, t: number, j: number): void => collectors[l].push(s, t, j);
        const read = runState(network, inputValues(network, observations, s), steps, recordSpikes ? record : undefined);
        potentials.set(read, s * actions);
      }
      const spikes = recordSpikes ? collectors.map((collector) => collector.events()) : [];
      const seconds = { build: 0, run: (performance.now() - began) / 1000, read: 0 };
      return resultOf(network, { states, potentials, spikes }, seconds, recordSpikes);
    },
    close() {},
  };
}

function runState(
  { layers }: SpikingNetwork,
  x: Float64Array,
  steps: number,
  onSpike?: (layer: number, step: number, neuron: number) => void,
): Float64Array {
  const k = exp(-1 / TAU);
  const currents = layers.map((layer, l) =>
    constantCurrent(layer, l === 0 ? x : undefined).map((current) => current * TAU * (1 - k)),
  );
  const v = layers.map((layer) => new Float64Array(outputsOf(layer)));
  let fired: number[][] = layers.map(() => []);
  for (let t = 0; t < steps; t++) {
    const next: number[][] = layers.map(() => []);
    for (const [l, { weights, activation }] of layers.entries()) {
      const own = v[l];
      const outputs = own.length;
      for (let j = 0; j < outputs; j++) own[j] = own[j] * k + currents[l][j];
      if (l > 0) for (const i of fired[l - 1]) for (let j = 0; j < outputs; j++) own[j] += weights[i * outputs + j];
      if (l === layers.length - 1) continue;
      for (let j = 0; j < outputs; j++) {
        if (own[j] < valueOf(activation.threshold, j)) continue;
        own[j] = 0;
        next[l].push(j);
        onSpike?.(l, t, j);
      }
    }
    fired = next;
  }
  return v.at(-1)!;
}

/** Bias, and in the first layer the observation times its weights; signed inputs come as two halves. */
function constantCurrent(layer: SpikingLayer, x?: Float64Array): Float64Array {
  const { weights, biases } = layer;
  const [inputs, outputs] = [inputsOf(layer), outputsOf(layer)];
  const current = new Float64Array(outputs);
  for (let i = 0; i < (x?.length ?? 0); i++)
    for (let j = 0; j < outputs; j++) current[j] += (i < inputs ? x![i] : -x![i]) * weights[(i % inputs) * outputs + j];
  return biases ? current.map((value, j) => value + biases[j]) : current;
}

function leakyMapping({ layers, coding: { encoding, decoding } }: SpikingNetwork): Mapping {
  const refuse = (what: string): never => {
    throw new DsqnError("MAPPING_IMPOSSIBLE", `The thesis's SpiNNaker set-up knows ${what}.`, {
      hint: "spinnaker-twin runs every encoding.",
    });
  };
  if (encoding !== "constant" || decoding !== "potential")
    refuse(`constant input and final potentials only, not ${encoding} and ${decoding}`);
  layers.forEach(({ synapses, pooling, activation }, l) => {
    if (synapses.kind !== "dense" || pooling) refuse(`dense layers only, and layer ${l} is none`);
    if (activation.kind !== "lagged-lif")
      refuse(`no other neuron than lagged-lif, and layer ${l} is ${activation.kind}`);
  });
  return {
    name: "spinnaker-leaky",
    simulator: NAME,
    step: 1,
    resolution: 1,
    input: "x W0 + b as a constant current of each neuron of the first layer",
    ties: "fires at V >= threshold",
    layers: layers.map(({ activation }, layer) => ({
      layer,
      model: "IF_curr_delta, closed form",
      parameters: {
        tau_m: TAU,
        v_reset: 0,
        v_thresh: layer === layers.length - 1 ? "none" : valueOf(activation.threshold, 0),
      },
      weights: { unit: "mV per spike", factor: 1 },
      delay: 1,
    })),
    exact: false,
    notes: [
      "Membranes leak with 100 ms and are reset to zero, whatever the network says: what the thesis ran on the board.",
    ],
  };
}
