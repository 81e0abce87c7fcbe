import { DsqnError } from "../../errors.ts";
import { inputValues } from "../../network/encoding.ts";
import { exp } from "../../numeric/elementary.ts";
import { observationSize, type SpikingNetwork } from "../../network/old/spiking-network.ts";
import { packageVersion } from "../../bridge/version.ts";
import { decode } from "../decode.ts";
import { SpikeList } from "../spike-list.ts";
import type { Mapping, Simulator } from "../simulator.ts";

/** The largest membrane time constant that the thesis found to work on the board, in ms. */
const TAU = 100;

/**
 * The thesis's SpiNNaker set-up in closed form: membranes leak with 100 ms and are reset to zero, 1 ms per step.
 *
 *   V[t] = V[t-1] k + I tau (1 - k) + sum of w over the spikes of the previous step,  k = exp(-1 / tau)
 *   spike and V = 0 where V >= threshold;  I = bias, in the first layer bias + x W0
 *
 * The output layer has no threshold; its last V is read. Predicts the thesis's table 4.14 within its spread (SPEC section 5).
 */
export function leakyTwin(): Simulator {
  let loaded: SpikingNetwork | undefined;
  return {
    name: "spinnaker-leaky-twin",
    version: packageVersion(),
    map: leakyMapping,
    async load(network) {
      leakyMapping(network);
      loaded = network;
    },
    async run(inputs, { steps = loaded!.steps, recordSpikes = true } = {}) {
      const began = performance.now();
      const network = loaded!;
      const states = inputs.length / observationSize(network);
      const actions = network.layers.at(-1)!.outputs;
      const potentials = new Float64Array(states * actions);
      const lists = network.layers.slice(0, -1).map(() => new SpikeList());
      for (let s = 0; s < states; s++)
        potentials.set(
          runState(
            network,
            inputValues(network, inputs, s),
            steps,
            (l, t, j) => recordSpikes && lists[l].push(s, t, j),
          ),
          s * actions,
        );
      const spikes = lists.map((list) => list.events());
      const seconds = { build: 0, run: (performance.now() - began) / 1000, read: 0 };
      return { spikes, potentials, seconds, ...decode(network, { states, potentials }) };
    },
    async close() {},
  };
}

function runState(
  network: SpikingNetwork,
  x: Float64Array,
  steps: number,
  onSpike: (layer: number, step: number, neuron: number) => void,
): Float64Array {
  const k = exp(-1 / TAU);
  const { layers } = network;
  const currents = layers.map((layer, l) =>
    constantCurrent(layer, l === 0 ? x : undefined).map((current) => current * TAU * (1 - k)),
  );
  const v = layers.map((layer) => new Float64Array(layer.outputs));
  let fired: number[][] = layers.map(() => []);
  for (let t = 0; t < steps; t++) {
    const next: number[][] = layers.map(() => []);
    for (const [l, { outputs, weights, threshold }] of layers.entries()) {
      const own = v[l];
      for (let j = 0; j < outputs; j++) own[j] = own[j] * k + currents[l][j];
      if (l > 0) for (const i of fired[l - 1]) for (let j = 0; j < outputs; j++) own[j] += weights[i * outputs + j];
      if (l === layers.length - 1) continue;
      for (let j = 0; j < outputs; j++) {
        if (own[j] < threshold) continue;
        own[j] = 0;
        next[l].push(j);
        onSpike(l, t, j);
      }
    }
    fired = next;
  }
  return v.at(-1)!;
}

/** Bias, and in the first layer the observation times its weights; signed inputs come as two halves. */
function constantCurrent(
  { inputs, outputs, weights, biases }: SpikingNetwork["layers"][number],
  x?: Float64Array,
): Float64Array {
  const current = new Float64Array(outputs);
  for (let i = 0; i < (x?.length ?? 0); i++)
    for (let j = 0; j < outputs; j++) current[j] += (i < inputs ? x![i] : -x![i]) * weights[(i % inputs) * outputs + j];
  return biases ? current.map((value, j) => value + biases[j]) : current;
}

function leakyMapping(network: SpikingNetwork): Mapping {
  if (network.encoding !== "constant" || network.decoding !== "potential")
    throw new DsqnError(
      "MAPPING_IMPOSSIBLE",
      `The thesis's SpiNNaker set-up knows constant input and final potentials only, not ${network.encoding} and ${network.decoding}.`,
      {
        hint: "spinnaker-twin runs every encoding.",
      },
    );
  return {
    name: "spinnaker-leaky",
    simulator: "spinnaker-leaky-twin",
    step: 1,
    resolution: 1,
    input: "x W0 + b as a constant current of each neuron of the first layer",
    ties: "fires at V >= threshold",
    layers: network.layers.map(({ threshold }, layer) => ({
      layer,
      model: "IF_curr_delta, closed form",
      parameters: { tau_m: TAU, v_reset: 0, v_thresh: layer === network.layers.length - 1 ? "none" : threshold },
      weights: { unit: "mV per spike", factor: 1 },
      delay: 1,
    })),
    exact: false,
    notes: [
      "Membranes leak with 100 ms and are reset to zero, whatever the network says: what the thesis ran on the board.",
    ],
  };
}
