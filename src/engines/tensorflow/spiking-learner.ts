import { type Handle, openEager } from "./eager.ts";
import { packParameters, unpackLayers } from "../../network/parameters.ts";
import type { Tfjs } from "./tfjs.ts";
import type { TrainableNetwork } from "../../network/trainable.ts";
import { UsageError } from "../../errors.ts";
import { allocate } from "../fast/kernels/memory.ts";
import { encoder, inputValues } from "../../network/encoding.ts";
import { observationSize, type SpikingNetwork, spikingLayers } from "../../network/old/spiking-network.ts";
import { windowMaxima } from "../../network/pooling.ts";
import { type SpikeRegulariser, spikePenalty } from "../../network/regulariser.ts";
import { createState } from "../../network/state.ts";
import type { SurrogateOptions } from "../../network/surrogate.ts";
import { validateNetwork } from "../../network/validate.ts";
import { decodeAll, type Decoded } from "./decode.ts";
import { differentiateAll, integrateAll, type LayerTrace } from "./dynamics.ts";
import { poolAll, unpoolAll } from "./pool.ts";
import { createSynapses } from "./synapses.ts";
import { type Window, windowsOf } from "./windows.ts";

/** As for any spiking network that learns (ann/create.ts). */
export interface TensorflowLearnerOptions {
  readonly maxBatch: number;
  readonly surrogate: SurrogateOptions;
  readonly detachReset: boolean;
  readonly regulariser?: SpikeRegulariser;
  /** Of a random encoding; the n-th forward pass has seed + n. */
  readonly seed?: number;
  /** What observations that come as bytes are multiplied by; 1 unless given. */
  readonly byteScale?: number;
}

/** A network that learns, and also takes observations as bytes (pixels), [batch, observationSize], times `byteScale`. */
export interface TensorflowLearner extends TrainableNetwork {
  forward(observations: Float32Array | Uint8Array, batch: number): Float32Array;
}

/** What a forward pass keeps: of each layer the values that its synapses saw, and what its neurons did. */
interface Pass {
  readonly states: number;
  readonly layers: readonly { readonly x: Float32Array | Uint8Array; readonly trace: LayerTrace }[];
  readonly decoded: Decoded;
}

const float = { T: { type: "float" } } as const;
const cast = { SrcT: { type: "uint8" }, DstT: { type: "float" } } as const;

/**
 * Backpropagation through time with surrogate gradients, convolutions and max pooling included (equations in reference/gradients.ts):
 * the synapses of all states and steps in one operation of TensorFlow per layer, the neurons in plain loops. float32; TensorFlow
 * sums in an order of its own, so that a potential may differ from the engines' in its last bits.
 */
export function tensorflowLearner(
  tf: Tfjs,
  network: SpikingNetwork,
  options: TensorflowLearnerOptions,
): TensorflowLearner {
  validateNetwork(network);
  const eager = openEager(tf);
  const { maxBatch, regulariser, seed = 0, byteScale = 1 } = options;
  const { steps } = network;
  // In the kernels' memory the optimizer works in place, and TensorFlow, which wants multiples of 64 bytes, copies no weights.
  const packed = packParameters(network);
  const row = Math.ceil(packed.length / 16) * 64;
  const block = allocate(2 * row);
  const [parameters, gradients] = [block.float32(0, packed.length), block.float32(row, packed.length)];
  parameters.set(packed);
  const [views, into] = [unpackLayers(network, parameters), unpackLayers(network, gradients)];
  const spiking = spikingLayers(network);
  const last = network.layers.length - 1;
  const actions = network.layers[last].outputs;
  const size = observationSize(network);
  const analog = network.encoding === "constant";
  let pass: Pass | undefined;
  let calls = 0;

  const windows = windowsOf(network, regulariser !== undefined);
  /** The steps in which a layer's synapses bring something; undefined: the same in all. */
  const inputOf = (l: number): Window | undefined =>
    l > 0 ? windows[l - 1] : analog ? undefined : { from: 0, to: steps };
  const stepsOf = (window: Window | undefined): number => (window ? window.to - window.from : 1);
  /** What synapses see: values, spikes of another layer, or an observation's bytes. */
  const upload = (l: number, x: Float32Array | Uint8Array, rows: number): Handle => {
    const handle = eager.upload(x, [rows, x.length / rows]);
    if (x instanceof Float32Array) return handle;
    const values = eager.run("Cast", [handle], cast);
    return l > 0 || byteScale === 1
      ? values
      : eager.run("Mul", [values, eager.upload(Float32Array.of(byteScale), [])], float);
  };

  const forwardLayer = (l: number, before: Float32Array | Uint8Array, states: number): Pass["layers"][number] => {
    const layer = network.layers[l];
    const brought = inputOf(l);
    const rows = states * stepsOf(brought);
    const x = layer.pooling ? pooled(layer.pooling, before, states, stepsOf(brought)) : before;
    const input = eager.scope(() => {
      const synapses = createSynapses(eager, layer, rows);
      return eager.download(synapses.forward(upload(l, x, rows), eager.upload(views[l].weights, synapses.shape)));
    });
    const trace = integrateAll({ ...layer, biases: views[l].biases }, input, {
      states,
      window: windows[l],
      input: brought,
      spiking: l < spiking,
      keepCurrents: !options.detachReset && layer.reset === "zero",
    });
    return { x, trace };
  };

  const learner: TensorflowLearner = {
    observationSize: size,
    actions,
    maxBatch,
    parameters,
    gradients,
    forward(observations, states) {
      check(states, maxBatch, observations.length, size);
      const layers: Pass["layers"][number][] = [];
      // Bytes go as they are where the first layer's synapses take them: a quarter of the memory, and TensorFlow makes numbers of them.
      const asTheyAre =
        observations instanceof Uint8Array && analog && !network.biasInput && !network.layers[0].pooling;
      let x: Float32Array | Uint8Array = asTheyAre
        ? observations.slice(0, states * size)
        : encoded(network, valuesOf(observations, byteScale), states, seed + calls);
      calls++;
      for (let l = 0; l <= last; l++) {
        layers.push(forwardLayer(l, x, states));
        x = layers[l].trace.spikes;
      }
      const decoded = decodeAll(network, layers[last].trace, { states, steps, actions });
      pass = { states, layers, decoded };
      return decoded.values;
    },
    backward(outputGradients) {
      if (!pass) throw new UsageError("NO_FORWARD", "There was no forward pass to take gradients of.");
      const { states, layers, decoded } = pass;
      if (outputGradients.length < states * actions)
        throw new UsageError(
          "OUTPUT_MISMATCH",
          `The derivative of the loss has ${outputGradients.length} values instead of ${states * actions}.`,
        );
      let g: Float32Array = new Float32Array(states * steps * actions);
      const potentialsRead = network.decoding === "potential" || network.decoding === "max-potential";
      if (!potentialsRead) atSpikes(network, g, outputGradients, decoded, states);
      for (let l = last; l >= 0; l--) {
        const layer = network.layers[l];
        const { x, trace } = layers[l];
        const own = windows[l];
        if (regulariser && l < spiking)
          price(regulariser, trace.spikes, g, { states, steps, kept: stepsOf(own), neurons: layer.outputs });
        const brought = inputOf(l);
        const { atInput, atBiases } = differentiateAll(layer, trace, g, {
          states,
          window: own,
          input: brought,
          spiking: l < spiking,
          surrogate: options.surrogate,
          detachReset: options.detachReset,
          ...(l === last && potentialsRead && { atPotentials: { values: outputGradients, step: decoded.step } }),
        });
        into[l].biases?.set(atBiases);
        const rows = states * stepsOf(brought);
        const back = eager.scope(() => {
          const synapses = createSynapses(eager, layer, rows);
          const gradient = eager.upload(atInput, [rows, layer.outputs]);
          into[l].weights.set(eager.download(synapses.weightGradient(upload(l, x, rows), gradient)));
          if (l === 0) return undefined;
          const weights = eager.upload(views[l].weights, synapses.shape);
          return Float32Array.from(eager.download(synapses.inputGradient(weights, gradient)));
        });
        if (!back) break;
        g = layer.pooling ? unpoolAll(layer.pooling, layers[l - 1].trace.spikes, back, states, stepsOf(brought)) : back;
      }
    },
    toNetwork: () => ({
      ...network,
      layers: network.layers.map((layer, l) => ({
        ...layer,
        weights: views[l].weights.slice(),
        biases: views[l].biases?.slice() ?? null,
      })),
    }),
    close() {
      pass = undefined;
      block.free();
    },
  };
  return learner;
}

function valuesOf(observations: Float32Array | Uint8Array, byteScale: number): Float32Array {
  return observations instanceof Float32Array
    ? observations
    : Float32Array.from(observations, (byte) => byte * byteScale);
}

/** What the first layer's synapses see: [states, inputs] of constant currents, else [states * steps, inputs]; signed inputs are one value. */
function encoded(network: SpikingNetwork, observations: Float32Array, states: number, seed: number): Float32Array {
  const { inputs } = network.layers[0];
  const { steps } = network;
  const signed = (values: ArrayLike<number>, row: Float32Array): void => {
    for (let k = 0; k < inputs; k++) row[k] = values[k] - (network.signedInputs ? values[inputs + k] : 0);
  };
  if (network.encoding === "constant") {
    if (!network.biasInput) return observations.slice(0, states * inputs);
    const rows = new Float32Array(states * inputs).fill(1);
    for (let b = 0; b < states; b++)
      rows.set(observations.subarray(b * (inputs - 1), (b + 1) * (inputs - 1)), b * inputs);
    return rows;
  }
  const rows = new Float32Array(states * steps * inputs);
  const state = createState(network, states, seed);
  for (let b = 0; b < states; b++) {
    const values = inputValues(network, observations, b, Math.fround);
    const encode = encoder(network, values, b, state, Math.fround);
    const input = new Float64Array(values.length);
    for (let t = 0; t < steps; t++) {
      encode(t, input);
      signed(input, rows.subarray((b * steps + t) * inputs, (b * steps + t + 1) * inputs));
    }
  }
  return rows;
}

/** Constant currents pass as their maximum, spikes by count. */
function pooled(
  pooling: NonNullable<SpikingNetwork["layers"][number]["pooling"]>,
  x: Float32Array | Uint8Array,
  states: number,
  steps: number,
): Float32Array | Uint8Array {
  if (x instanceof Uint8Array) return poolAll(pooling, x, states, steps);
  const inputs = x.length / states;
  const windows = pooling.output[0] * pooling.output[1] * pooling.output[2];
  const y = new Float32Array(states * windows);
  for (let b = 0; b < states; b++)
    windowMaxima(pooling, x.subarray(b * inputs, (b + 1) * inputs), y.subarray(b * windows, (b + 1) * windows));
  return y;
}

/** dE/d(spike) of an output layer that is read by its spikes. */
function atSpikes(
  { decoding, steps }: SpikingNetwork,
  g: Float32Array,
  given: Float32Array,
  { step }: Decoded,
  states: number,
): void {
  const n = step.length / states;
  for (let b = 0; b < states; b++)
    for (let a = 0; a < n; a++) {
      const value = given[b * n + a];
      if (decoding === "spikes") for (let t = 0; t < steps; t++) g[(b * steps + t) * n + a] += value;
      else if (step[b * n + a] < steps) g[(b * steps + step[b * n + a]) * n + a] += value;
    }
}

/** Adds the regulariser's part to dE/d(spike); rows are those of the `kept` steps, outside of which nothing spikes. */
function price(
  regulariser: SpikeRegulariser,
  spikes: Uint8Array,
  g: Float32Array,
  { states, steps, kept, neurons }: { states: number; steps: number; kept: number; neurons: number },
): void {
  for (let b = 0; b < states; b++)
    for (let j = 0; j < neurons; j++) {
      let count = 0;
      for (let t = 0; t < kept; t++) count += spikes[(b * kept + t) * neurons + j];
      const { gradient } = spikePenalty(regulariser, count, steps, neurons, states);
      if (gradient !== 0) for (let t = 0; t < kept; t++) g[(b * kept + t) * neurons + j] += gradient;
    }
}

function check(states: number, maxBatch: number, values: number, size: number): void {
  if (!Number.isInteger(states) || states < 1)
    throw new UsageError("BATCH_EMPTY", `A batch must hold at least one state, not ${states}.`);
  if (states > maxBatch)
    throw new UsageError(
      "BATCH_TOO_LARGE",
      `A batch of ${states} states exceeds the ${maxBatch} that the network was made for.`,
    );
  if (values < states * size)
    throw new UsageError(
      "OBSERVATION_MISMATCH",
      `${values} values are not ${states} observation(s) of ${size} values.`,
    );
}
