import { DsqnError } from "../../errors.ts";
import { addSpikeGradients, decode } from "../../network/decoding.ts";
import { encoder, inputValues } from "../../network/encoding.ts";
import { inputsOf } from "../../network/layer.ts";
import { actionsOf, observationSize, type SpikingNetwork, spikingLayers } from "../../network/network.ts";
import { isPlainLif } from "../../network/neurons/index.ts";
import { packParameters, unpackLayers, withParameters } from "../../network/parameters.ts";
import { addSpikePenalty, layerPrices, type SpikeRegulariser } from "../../network/regulariser.ts";
import { createState } from "../../network/state.ts";
import type { SurrogateOptions } from "../../network/surrogate.ts";
import { checkBatch, checkDerivatives, type TrainableNetwork } from "../../network/trainable.ts";
import { validateNetwork } from "../../network/validate.ts";
import { allocate } from "../fast/kernels/memory.ts";
import { openEager } from "./eager.ts";
import { type LayerPass, type LearningLayer, tensorflowLayer } from "./spiking-layer.ts";
import type { Tfjs } from "./tfjs.ts";
import { type Window, windowsOf } from "./windows.ts";

/** As for any spiking network that learns (engines/create.ts). */
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

/**
 * A network that learns, and also takes observations as bytes (pixels), [batch, observationSize], times `byteScale`.
 */
export interface TensorflowLearner extends TrainableNetwork {
  forward(observations: Float32Array | Uint8Array, batch: number): Float32Array;
}

/** What a forward pass keeps: what the layers did, and the step that each output was read at. */
interface Pass {
  readonly states: number;
  readonly layers: readonly LayerPass[];
  readonly outputs: Float32Array;
  readonly read: Int32Array;
}

/** What only the reference gradients know so far, in networks of dense layers. */
function refuseUnknown({ layers, coding }: SpikingNetwork): void {
  if (coding.decoding === "mean-potential")
    throw new DsqnError(
      "LAYER_UNTRAINABLE",
      "A network of convolutions that is read by mean-potential cannot be learned.",
      {
        hint: "Learn it with the decoding potential.",
      },
    );
  const l = layers.findIndex(
    ({ activation, recurrent }) => recurrent || (activation.kind === "lif" && !isPlainLif(activation)),
  );
  if (l < 0) return;
  const reason = "it has more than a leak and a reset in the same step";
  throw new DsqnError("LAYER_UNTRAINABLE", `Layer ${l} (lif) cannot be learned beside convolutions: ${reason}.`, {
    hint: "In a network of dense layers without pooling it can.",
    facts: { layer: l },
  });
}

/**
 * Backpropagation through time with surrogate gradients, convolutions and pooling included (equations in
 * reference/gradients.ts): the synapses of all states and steps in one operation of TensorFlow per layer, the neurons
 * in plain loops. float32; TensorFlow sums in an order of its own, so that a potential may differ from the engines' in
 * its last bits.
 */
export function tensorflowLearner(
  tf: Tfjs,
  network: SpikingNetwork,
  options: TensorflowLearnerOptions,
): TensorflowLearner {
  validateNetwork(network);
  refuseUnknown(network);
  const eager = openEager(tf);
  const { maxBatch, seed = 0, byteScale = 1 } = options;
  const { coding } = network;
  // In the kernels' memory the optimizer works in place, and TensorFlow, which wants multiples of 64 bytes, copies no
  // weights.
  const packed = packParameters(network);
  const row = Math.ceil(packed.length / 16) * 64;
  const block = allocate(2 * row);
  const [parameters, gradients] = [block.float32(0, packed.length), block.float32(row, packed.length)];
  parameters.set(packed);
  const [views, into] = [unpackLayers(network, parameters), unpackLayers(network, gradients)];
  const last = network.layers.length - 1;
  const [actions, size] = [actionsOf(network), observationSize(network)];
  const prices = options.regulariser && layerPrices(options.regulariser, network);
  const windows = windowsOf(network, options.regulariser !== undefined);
  const layers = network.layers.map((layer, l) =>
    tensorflowLayer(eager, layer, {
      ...options,
      parameters: views[l],
      gradients: into[l],
      window: windows[l],
      // The steps in which its synapses bring something; undefined: the same in all.
      input: l > 0 ? windows[l - 1] : coding.encoding === "constant" ? undefined : { from: 0, to: coding.steps },
      spiking: l < spikingLayers(network),
      byteScale: l > 0 ? 1 : byteScale,
    }),
  );
  let pass: Pass | undefined;
  let calls = 0;
  return {
    observationSize: size,
    actions,
    maxBatch,
    parameters,
    gradients,
    forward(observations, states) {
      checkBatch({ maxBatch, observationSize: size }, states, observations);
      let x = firstInput(network, observations, byteScale, states, seed + calls++);
      const passes = layers.map(({ forward }) => {
        const done = forward(x, states);
        x = done.trace.spikes;
        return done;
      });
      pass = { states, layers: passes, ...decodeAll(network, passes[last], windows[last], states) };
      return pass.outputs;
    },
    backward(outputGradients) {
      checkDerivatives(pass?.states ?? 0, actions, outputGradients);
      differentiate(network, layers, pass!, outputGradients, prices);
    },
    toNetwork: () => withParameters(network, parameters),
    close() {
      pass = undefined;
      block.free();
    },
  };
}

/** From dE/d(outputs): the gradients of all layers, from the last to the first. */
function differentiate(
  network: SpikingNetwork,
  layers: readonly LearningLayer[],
  { states, layers: passes, read }: Pass,
  given: Float32Array,
  prices: readonly SpikeRegulariser[] | undefined,
): void {
  const { decoding, steps } = network.coding;
  const [last, spiking] = [layers.length - 1, spikingLayers(network)];
  const actions = read.length / states;
  let g: Float32Array = new Float32Array(steps * read.length);
  for (let from = 0, to = actions; from < read.length; from = to, to += actions)
    addSpikeGradients(
      decoding,
      given.subarray(from, to),
      read.subarray(from, to),
      g.subarray(from * steps, to * steps),
    );
  for (let l = last; l >= 0; l--) {
    const { spikes, final } = passes[l].trace;
    const sizes = { states, neurons: final.length / states, steps, batch: states };
    if (prices && l < spiking) addSpikePenalty(prices[l], spikes, g, sizes);
    const atPotentials = l === last && spiking === last ? { values: given, read } : undefined;
    const before = l > 0 ? passes[l - 1].trace.spikes : undefined;
    g = layers[l].backward(passes[l], g, states, before, atPotentials) ?? g;
  }
}

/**
 * What the first layer takes: bytes as they are where its synapses take them (a quarter of the memory, and TensorFlow
 * makes numbers of them); [states, inputs] of constant currents, else [states * steps, inputs] of spikes; signed inputs
 * are one value.
 */
function firstInput(
  network: SpikingNetwork,
  observations: Float32Array | Uint8Array,
  byteScale: number,
  states: number,
  seed: number,
): Float32Array | Uint8Array {
  const { layers, coding } = network;
  const analog = coding.encoding === "constant";
  if (observations instanceof Float32Array) return encoded(network, observations, states, seed);
  if (analog && !coding.biasInput && !layers[0].pooling)
    return observations.slice(0, states * observationSize(network));
  const values = Float32Array.from(observations, (byte) => byte * byteScale);
  return encoded(network, values, states, seed);
}

function encoded(network: SpikingNetwork, observations: Float32Array, states: number, seed: number): Float32Array {
  const inputs = inputsOf(network.layers[0]);
  const { encoding, steps, biasInput, signedInputs } = network.coding;
  if (encoding === "constant") {
    if (!biasInput) return observations.slice(0, states * inputs);
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
      const row = (b * steps + t) * inputs;
      for (let k = 0; k < inputs; k++) rows[row + k] = input[k] - (signedInputs ? input[inputs + k] : 0);
    }
  }
  return rows;
}

/** Decoded values [states, actions], and the step that each was read at. */
function decodeAll(
  { coding, layers }: SpikingNetwork,
  { trace }: LayerPass,
  { to }: Window,
  states: number,
): { outputs: Float32Array; read: Int32Array } {
  const { potentials, spikes, final } = trace;
  const n = final.length / states;
  const outputs = new Float32Array(states * n);
  const read = new Int32Array(states * n);
  // What lif compares with its threshold is the potential after the step, where it does not reset; what lagged-lif
  // does, that before it.
  const shift = layers.at(-1)!.activation.kind === "lif" ? 0 : 1;
  for (let b = 0; b < states; b++) {
    const at = (t: number, a: number): number => (b * to + t) * n + a;
    decode(
      coding.decoding,
      {
        steps: to,
        potential: (t, a) => (t + shift < to ? potentials[at(t + shift, a)] : final[b * n + a]),
        spike: (t, a) => spikes[at(t, a)],
      },
      outputs.subarray(b * n, (b + 1) * n),
      read.subarray(b * n, (b + 1) * n),
    );
  }
  return { outputs, read };
}
