import { argmax } from "../../network/decide.ts";
import { encoder, inputValues } from "../../network/encoding.ts";
import type { RunOptions, RunResult, SpikingEngine } from "../../network/engine.ts";
import { type SpikingNetwork, spikingLayers, synapticInputs } from "../../network/old/spiking-network.ts";
import { poolSpikes, windowMaxima } from "../../network/pooling.ts";
import { copyState, createState, inputNeurons } from "../../network/state.ts";
import { validateNetwork, validateRun } from "../../network/validate.ts";
import { countWork } from "../../network/work.ts";
import { type Arithmetic, fire, float32, float64, integrate, roundParameters, synapticInput } from "./neuron.ts";
import { eventRecorder } from "./record.ts";

/** The engine that defines what a spiking network means, in float64: written to be read (see neuron.ts for the equations). */
export const referenceEngine: SpikingEngine = referenceIn(float64);

/** The same in float32, every operation rounded: what the fast engine must equal bit for bit. */
export const referenceEngine32: SpikingEngine = referenceIn(float32);

function referenceIn(arithmetic: Arithmetic): SpikingEngine {
  return {
    name: "reference",
    precision: arithmetic.precision,
    run(network, observations, options = {}) {
      validateNetwork(network);
      return run(network, observations, options, validateRun(network, observations, options), arithmetic);
    },
  };
}

function run(
  network: SpikingNetwork,
  observations: ArrayLike<number>,
  options: RunOptions,
  batch: number,
  arithmetic: Arithmetic,
): RunResult {
  const { steps = network.steps, seed = 0, recordSpikes = false, recordPotentials = false } = options;
  const layers = network.layers.map((layer) => roundParameters(layer, arithmetic));
  const spiking = spikingLayers(network);
  const last = layers.length - 1;
  const actions = layers[last].outputs;
  const analog = network.encoding === "constant";
  const state = options.state ? copyState(network, batch, options.state) : createState(network, batch, seed);

  const outputs = new Float64Array(batch * actions).fill(network.decoding === "max-potential" ? -Infinity : 0);
  const potentials = new Float64Array(batch * actions);
  const spikeCounts = layers.slice(0, spiking).map((layer) => new Float64Array(layer.outputs));
  const arriving = layers.map(
    (layer, l) => new Float64Array(l > 0 || layer.pooling ? synapticInputs(layer) : inputNeurons(network)),
  );
  const arrivals = arriving.map((x) => new Float64Array(x.length));
  const recorders = recordSpikes ? spikeCounts.map(() => eventRecorder()) : undefined;
  const membranes = recordPotentials
    ? layers.map((layer) => new Float64Array(batch * steps * layer.outputs))
    : undefined;

  const input = new Float64Array(inputNeurons(network));
  const h = layers.map((layer) => new Float64Array(layer.outputs));
  const s = layers.map((layer) => new Float64Array(layer.outputs)); // stays 0 in an output layer that doesn't spike
  for (let b = 0; b < batch; b++) {
    const encode = encoder(
      network,
      inputValues(network, observations, b, arithmetic.round),
      b,
      state,
      arithmetic.round,
    );
    const decoded = outputs.subarray(b * actions, (b + 1) * actions);
    const mine = (of: Float64Array): Float64Array =>
      of.subarray((b * of.length) / batch, ((b + 1) * of.length) / batch);
    const own = state.layers.map(({ current, potential, counts }) => ({
      i: mine(current),
      v: mine(potential),
      counts: mine(counts),
    }));
    /** h of layer l from `x`, which passes its max pooling first. */
    const drive = (l: number, x: Float64Array, counting = true): void => {
      const { pooling } = layers[l];
      if (!pooling) arriving[l].set(x);
      else if (counting) poolSpikes(pooling, x, own[l].counts, arriving[l]);
      else windowMaxima(pooling, x, arriving[l]);
      for (let p = 0; p < arriving[l].length; p++) arrivals[l][p] += Number(arriving[l][p] !== 0);
      synapticInput(layers[l], arriving[l], h[l], arithmetic);
    };
    for (let t = 0; t < steps; t++) {
      if (t === 0 || !analog) {
        encode(state.step + t, input);
        drive(0, input, !analog); // constant input gives the same current in every step
      }
      for (let l = 0; l <= last; l++) {
        const { v, i } = own[l];
        if (l > 0) drive(l, s[l - 1]);
        if (l < spiking) {
          fire(layers[l], v, s[l]);
          for (let j = 0; j < v.length; j++) spikeCounts[l][j] += s[l][j];
          recorders?.[l].record(b, t, s[l]);
        }
        integrate(layers[l], v, i, s[l], h[l], arithmetic);
        membranes?.[l].set(v, (b * steps + t) * v.length);
      }
      decode(network, decoded, own[last].v, s[last]);
    }
    potentials.set(own[last].v, b * actions);
    if (network.decoding === "potential") decoded.set(own[last].v);
  }

  const actionOf = (_: unknown, b: number): number => argmax(outputs, b * actions, actions, network.ties, potentials);
  return {
    outputs,
    potentials,
    actions: Int32Array.from({ length: batch }, actionOf),
    spikeCounts,
    work: countWork(network, batch, arrivals, spikeCounts),
    spikes: recorders?.map(({ events }) => events()),
    membranes,
    state: options.state || options.keepState ? { ...state, step: state.step + steps } : undefined,
  };
}

/** Takes the output layer's potentials and spikes after a step into `decoded`. First-spike stays all 0 while none spikes. */
function decode({ decoding }: SpikingNetwork, decoded: Float64Array, v: Float64Array, s: Float64Array): void {
  if (decoding === "max-potential") for (let a = 0; a < v.length; a++) decoded[a] = Math.max(decoded[a], v[a]);
  else if (decoding === "spikes") for (let a = 0; a < s.length; a++) decoded[a] += s[a];
  else if (decoding === "first-spike" && decoded.every((value) => value === 0)) decoded.set(s);
}
