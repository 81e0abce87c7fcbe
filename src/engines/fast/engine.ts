import { argmax } from "../../network/decide.ts";
import { encoder, inputValues } from "../../network/encoding.ts";
import type { RunOptions, RunResult, SpikingEngine } from "../../network/engine.ts";
import { observationSize, type SpikingNetwork, spikingLayers } from "../../network/old/spiking-network.ts";
import { copyState, createState, inputNeurons, type NetworkState } from "../../network/state.ts";
import { validateNetwork, validateRun } from "../../network/validate.ts";
import { countWork } from "../../network/work.ts";
import { compiledFor, isCompiled, type Compiled, type CompiledLayer, type FloatArray } from "./compiled.ts";
import { spikeRecorder } from "./spikes.ts";

/**
 * The engine on the kernels (WASM SIMD, event-driven): the meaning of the reference engine, spike for spike, with the same bits at the same
 * precision. Float64 is for comparison with simulators that compute in it.
 */
export function fastEngine(precision: "float32" | "float64" = "float32"): SpikingEngine {
  return precision === "float64" ? double : single;
}

const single = engine(4);
const double = engine(8);

function engine(element: 4 | 8): SpikingEngine {
  return {
    name: "fast",
    precision: element === 4 ? "float32" : "float64",
    run(network, observations, options = {}) {
      const known = options.unchanged === true && isCompiled(network, element);
      if (!known) validateNetwork(network);
      const batch = validateRun(network, observations, options);
      const compiled = compiledFor(network, element, {
        steps: options.steps ?? network.steps,
        record: options.recordPotentials === true,
        unchanged: known,
      });
      if (known && compiled.loaded) compiled.rest(network);
      else compiled.load(network);
      return run(network, compiled, observations, options, batch, element === 4 ? Math.fround : (x) => x);
    },
  };
}

function run(
  network: SpikingNetwork,
  compiled: Compiled,
  observations: FloatArray,
  options: RunOptions,
  batch: number,
  round: (x: number) => number,
): RunResult {
  const { steps, layers } = compiled;
  const spiking = spikingLayers(network);
  const last = layers.length - 1;
  const actions = network.layers[last].outputs;
  const rest = !options.state;
  const keep = options.state !== undefined || options.keepState === true;
  const stateful = keep || network.encoding === "poisson" || network.encoding === "equidistant-original";
  const state = options.state
    ? copyState(network, batch, options.state)
    : createState(network, stateful ? batch : 0, options.seed);
  const outputs = new Float64Array(batch * actions);
  const potentials = new Float64Array(batch * actions);
  const inputCounts = new Float64Array(inputNeurons(network));
  const maximaCounts = new Float64Array(layers[0].maxima.length);
  const recorders = options.recordSpikes ? layers.slice(0, spiking).map(() => spikeRecorder()) : undefined;
  const membranes = options.recordPotentials
    ? network.layers.map((layer) => new Float64Array(batch * steps * layer.outputs))
    : undefined;
  for (const layer of layers) {
    layer.counts.fill(0);
    layer.poolSent.fill(0);
  }

  for (let b = 0; b < batch; b++) {
    encode(network, compiled, observations, b, state, inputCounts, round);
    if (rest) layers.forEach(({ poolCounts }) => poolCounts.fill(0));
    else enter(network, layers, state, b);
    compiled.run();
    if (keep) leave(network, layers, state, b);
    for (let w = 0; w < maximaCounts.length; w++) maximaCounts[w] += Number(layers[0].maxima[w] !== 0);
    decode(network, layers[last], steps, outputs.subarray(b * actions, (b + 1) * actions));
    for (let a = 0; a < actions; a++) potentials[b * actions + a] = layers[last].final[a];
    recorders?.forEach((recorder, l) => recorder.record(b, layers[l].bits, steps, layers[l].plane));
    membranes?.forEach((into, l) =>
      copyPotentials(layers[l], network.layers[l].outputs, steps, into.subarray(b * steps * network.layers[l].outputs)),
    );
  }

  const spikeCounts = layers
    .slice(0, spiking)
    .map(({ counts }, l) => Float64Array.from(counts.subarray(0, network.layers[l].outputs)));
  const arrivals = network.layers.map(({ pooling }, l) => {
    if (pooling) return l === 0 && maximaCounts.length > 0 ? maximaCounts : layers[l].poolSent;
    return l === 0 ? inputCounts : spikeCounts[l - 1];
  });
  return {
    outputs,
    potentials,
    actions: Int32Array.from({ length: batch }, (_, b) =>
      argmax(outputs, b * actions, actions, network.ties, potentials),
    ),
    spikeCounts,
    work: countWork(network, batch, arrivals, spikeCounts, compiled.fans),
    spikes: recorders?.map((recorder) => recorder.events()),
    membranes,
    state: keep ? { ...state, step: state.step + steps } : undefined,
  };
}

/** The input of one state: its currents, or the bits of its spikes in every step. */
function encode(
  network: SpikingNetwork,
  compiled: Compiled,
  observations: FloatArray,
  b: number,
  state: NetworkState,
  counts: Float64Array,
  round: (x: number) => number,
): void {
  if (network.encoding === "constant") {
    const input = compiled.observations;
    const size = observationSize(network);
    if (network.signedInputs) input.set(inputValues(network, observations, b, round));
    else {
      input.set(observations.subarray(b * size, (b + 1) * size));
      if (network.biasInput) input[size] = 1;
    }
    for (let i = 0; i < input.length; i++) counts[i] += input[i] === 0 ? 0 : 1;
    return;
  }
  const values = inputValues(network, observations, b, round);
  const { inputBits, steps } = compiled;
  const { inputPlane } = compiled.plan;
  const step = encoder(network, values, b, state, round);
  const input = new Float64Array(values.length);
  inputBits.fill(0);
  for (let t = 0; t < steps; t++) {
    step(state.step + t, input);
    for (let i = 0; i < input.length; i++) {
      if (input[i] === 0) continue;
      inputBits[t * inputPlane + (i >> 3)] |= 1 << (i & 7);
      counts[i]++;
    }
  }
}

function enter(network: SpikingNetwork, layers: readonly CompiledLayer[], state: NetworkState, b: number): void {
  state.layers.forEach(({ potential, current, counts }, l) => {
    const n = network.layers[l].outputs;
    const inputs = layers[l].poolCounts.length;
    layers[l].poolCounts.set(counts.subarray(b * inputs, (b + 1) * inputs));
    layers[l].initial.set(potential.subarray(b * n, (b + 1) * n));
    layers[l].currents.set(current.subarray(b * n, (b + 1) * n));
  });
}

function leave(network: SpikingNetwork, layers: readonly CompiledLayer[], state: NetworkState, b: number): void {
  state.layers.forEach(({ potential, current, counts }, l) => {
    const n = network.layers[l].outputs;
    counts.set(layers[l].poolCounts, b * layers[l].poolCounts.length);
    potential.set(layers[l].final.subarray(0, n), b * n);
    current.set(layers[l].finalCurrents.subarray(0, n), b * n);
  });
}

function decode({ decoding }: SpikingNetwork, layer: CompiledLayer, steps: number, into: Float64Array): void {
  const { values, bits, final, width, plane } = layer;
  const spiked = (t: number, a: number): number => (bits[t * plane + (a >> 3)] >> (a & 7)) & 1;
  if (decoding === "potential") for (let a = 0; a < into.length; a++) into[a] = final[a];
  else if (decoding === "max-potential")
    for (let a = 0; a < into.length; a++) {
      into[a] = final[a];
      for (let t = 1; t < steps; t++) into[a] = Math.max(into[a], values[t * width + a]);
    }
  else if (decoding === "spikes")
    for (let t = 0; t < steps; t++) for (let a = 0; a < into.length; a++) into[a] += spiked(t, a);
  else
    for (let t = 0; t < steps && into.every((value) => value === 0); t++)
      for (let a = 0; a < into.length; a++) into[a] = spiked(t, a);
}

/** Potentials after each step, [steps, n], from those before each and the last. */
function copyPotentials({ values, final, width }: CompiledLayer, n: number, steps: number, into: Float64Array): void {
  for (let t = 1; t <= steps; t++) {
    const row: FloatArray = t < steps ? values.subarray(t * width, t * width + n) : final.subarray(0, n);
    into.set(row, (t - 1) * n);
  }
}
