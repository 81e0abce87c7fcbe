import { DsqnError } from "../../errors.ts";
import { addSpikeGradients, decode } from "../../network/decoding.ts";
import { encoder, inputValues } from "../../network/encoding.ts";
import { isNeuron, type Layer, outputsOf, synapticInputs } from "../../network/layer.ts";
import {
  actionsOf,
  type Decoding,
  isSpiking,
  type Network,
  type SpikingNetwork,
  spikingLayers,
} from "../../network/network.ts";
import { type Arithmetic, float32, float64, type Fire, firing, neuronModels } from "../../network/neurons/index.ts";
import { unpool } from "../../network/pooling.ts";
import { addSpikePenalty, layerPrices, type SpikeRegulariser } from "../../network/regulariser.ts";
import { createState } from "../../network/state.ts";
import { smoothStep, surrogateDefaults, type SurrogateOptions } from "../../network/surrogate.ts";
import { validateNetwork, validateRun } from "../../network/validate.ts";
import { neuronGradients, type Trace } from "./neuron-gradients.ts";
import { runningLayers, runState } from "./spiking.ts";
import { recurrentGradients, type SynapticGradients, synapticGradients, zeroGradients } from "./synapses.ts";
import { layerPasses, rows } from "./values.ts";

/** How gradients are computed; but for `precision` only where a network spikes. */
export interface GradientOptions {
  readonly precision?: "float32" | "float64";
  /** Fast sigmoid of scale 100 unless given, as the original's. */
  readonly surrogate?: SurrogateOptions;
  /** No gradient through the reset (default, as the original's). */
  readonly detachReset?: boolean;
  readonly regulariser?: SpikeRegulariser;
  readonly steps?: number;
  readonly seed?: number;
  /**
   * "smooth": spikes are `smoothStep` of the distance to the threshold, so that the gradient is exact (for checking
   * it).
   */
  readonly spike?: "step" | "smooth";
}

/** Of one layer, summed over the batch. */
export interface LayerGradients extends SynapticGradients {
  /**
   * Of each parameter of its neurons: [1] where all have the same value, else [outputs]; 0 of one that plays no part.
   * Where reset takes off the threshold, that one's gradient is the sum of `threshold` and `resetBy`.
   */
  readonly parameters: Readonly<Record<string, Float64Array>>;
  /** [outputs], of the initial potentials. */
  readonly initial: Float64Array;
}

/** Outputs, and the gradients of every layer. */
export interface GradientResult {
  /** [batch, actions] */
  readonly outputs: Float64Array;
  readonly layers: readonly LayerGradients[];
  /** The regulariser's part of the loss. */
  readonly penalty: number;
}

/** Turns outputs [batch, actions] into dE/d(outputs), of the same shape. */
export type OutputGradients = (outputs: Float64Array) => ArrayLike<number>;

/**
 * The gradients of a loss E of the outputs with respect to all that a network is made of; observations get none.
 * Without spikes:
 *
 *   gh[L] = dE/dy,   dW_l = p[l]' gh[l],   db_l = gh[l]
 *   gh[l-1] = gh[l] W_l', through the pooling, where x[l] > 0 after a ReLU
 *
 * With spikes, backpropagation through time with surrogate gradients (Neftci, Mostafa & Zenke 2019): the spikes of a
 * layer get
 *
 *   gs[t] = gh_next[t] W_next', through the pooling  + what decoding and regulariser give  - what their own reset does
 *
 * and from these come gh[t] and the gradients of the neurons' parameters (neuron-gradients.ts). Of the synapses
 *
 *   dW = sum_t x[t]' gh[t],   db = sum_t gh[t]
 *
 * max-potential takes the first of several equal maxima; first-spike the spikes of the step it reads.
 */
export function referenceGradients(
  network: Network,
  observations: Float32Array | Float64Array,
  outputGradients: OutputGradients,
  options: GradientOptions = {},
): GradientResult {
  validateNetwork(network);
  refuseSeveral(network);
  const batch = validateRun(network, observations, options);
  const arithmetic = options.precision === "float32" ? float32 : float64;
  return isSpiking(network)
    ? spikingGradients(network, observations, outputGradients, options, batch, arithmetic)
    : plainGradients(network, observations, outputGradients, batch, arithmetic);
}

/** Several spikes per step have no gradient here: what stands in for that of one spike says nothing of the second. */
export function refuseSeveral({ layers }: Network): void {
  const l = layers.findIndex(({ activation }) => activation.kind === "lif" && activation.maxSpikes > 1);
  if (l < 0) return;
  throw new DsqnError("LAYER_UNTRAINABLE", `Layer ${l} (lif) cannot be learned: it sends several spikes per step.`, {
    hint: "Learn with maxSpikes 1.",
    facts: { layer: l },
  });
}

function plainGradients(
  network: Network,
  observations: ArrayLike<number>,
  outputGradients: OutputGradients,
  batch: number,
  arithmetic: Arithmetic,
): GradientResult {
  const { layers } = network;
  const passes = layerPasses(network, observations, batch, arithmetic);
  const outputs = passes[layers.length - 1].y;
  const gradients = layers.map(zeroLayer);
  let gy = Float64Array.from(outputGradients(outputs));
  for (let l = layers.length - 1; l >= 0; l--) {
    const { pooling, activation } = layers[l];
    const { x, y } = passes[l];
    const gh = activation.kind === "relu" ? gy.map((value, k) => (y[k] > 0 ? value : 0)) : gy;
    const gp = new Float64Array(x.length);
    const before = l > 0 ? passes[l - 1].y : x;
    const gx = pooling && l > 0 ? new Float64Array(before.length) : gp;
    for (let b = 0; b < batch; b++) {
      const own = rows(gp, batch)(b);
      synapticGradients(
        layers[l],
        rows(x, batch)(b),
        rows(gh, batch)(b),
        gradients[l],
        arithmetic,
        l > 0 ? own : undefined,
      );
      if (pooling && l > 0) unpool(pooling, rows(before, batch)(b), own, rows(gx, batch)(b));
    }
    gy = gx;
  }
  return { outputs, layers: gradients, penalty: 0 };
}

function spikingGradients(
  network: SpikingNetwork,
  observations: ArrayLike<number>,
  outputGradients: OutputGradients,
  options: GradientOptions,
  batch: number,
  arithmetic: Arithmetic,
): GradientResult {
  const { layers, coding } = network;
  const { steps = coding.steps } = options;
  const last = layers.length - 1;
  const outputs = new Float64Array(batch * actionsOf(network));
  const runs = Array.from({ length: batch }, (_, b) => {
    const traces = tracesOf(network, observations, b, batch, { ...options, steps }, arithmetic);
    const { v, s } = traces[last];
    const [n, read] = [actionsOf(network), new Int32Array(actionsOf(network))];
    const output = {
      steps,
      potential: (t: number, a: number) => v[(t + 1) * n + a],
      spike: (t: number, a: number) => s[t * n + a],
    };
    decode(coding.decoding, output, rows(outputs, batch)(b), read);
    return { traces, read };
  });
  const given = Float64Array.from(outputGradients(outputs), arithmetic.round);
  const gradients = layers.map(zeroLayer);
  const prices = options.regulariser && layerPrices(options.regulariser, network);
  let penalty = 0;
  for (const [b, { traces, read }] of runs.entries()) {
    let gs = new Float64Array(steps * actionsOf(network));
    let gv = new Float64Array((steps + 1) * actionsOf(network));
    addSpikeGradients(coding.decoding, rows(given, batch)(b), read, gs);
    if (spikingLayers(network) === last) addPotentialGradients(coding.decoding, rows(given, batch)(b), read, steps, gv);
    for (let l = last; l >= 0; l--) {
      if (prices && l < prices.length)
        penalty += addSpikePenalty(
          prices[l],
          traces[l].s,
          gs,
          { states: 1, neurons: outputsOf(layers[l]), steps, batch },
          arithmetic.round,
        );
      gs = layerBackward(network, l, traces, { gs, gv }, gradients[l], { ...options, steps }, arithmetic);
      if (l > 0) gv = new Float64Array((steps + 1) * outputsOf(layers[l - 1]));
    }
  }
  return { outputs, layers: gradients, penalty };
}

/** Adds dE/d(values) of one state to dE/dv of what was read of its potentials: of a mean to every step. */
function addPotentialGradients(
  decoding: Decoding,
  given: Float64Array,
  read: Int32Array,
  steps: number,
  gv: Float64Array,
): void {
  const mean = decoding === "mean-potential";
  for (const [a, value] of given.entries())
    if (mean) for (let t = 1; t <= steps; t++) gv[t * read.length + a] += value / steps;
    else gv[(read[a] + 1) * read.length + a] += value;
}

type Steps = GradientOptions & { readonly steps: number };

/** The forward pass of one state, everything kept. */
function tracesOf(
  network: SpikingNetwork,
  observations: ArrayLike<number>,
  b: number,
  batch: number,
  { steps, seed, spike, surrogate = surrogateDefaults }: Steps,
  arithmetic: Arithmetic,
): Trace[] {
  const { round } = arithmetic;
  const state = createState(network, batch, seed);
  const running = runningLayers(network, state, b);
  const encode = encoder(network, inputValues(network, observations, b, round), b, state, round);
  const traces = running.map(({ v, x }) => {
    const [n, all] = [v.length, (rows: number, width: number) => new Float64Array(rows * width)];
    const trace = {
      v: all(steps + 1, n),
      i: all(steps + 1, n),
      h: all(steps, n),
      s: all(steps, n),
      x: all(steps, x.length),
    };
    trace.v.set(v);
    return trace;
  });
  const fire = smooth(spike, surrogate);
  runState(network, running, { encode, firstStep: 0, steps, arithmetic, fire }, (t, l) => {
    const { v, i, h, s, x } = running[l];
    const trace = traces[l];
    trace.v.set(v, (t + 1) * v.length);
    trace.i.set(i, (t + 1) * v.length);
    trace.h.set(h, t * v.length);
    trace.s.set(s, t * v.length);
    trace.x.set(x, t * x.length);
  });
  return traces;
}

/** One layer of one state: adds to its gradients, and returns dE/ds [steps, neurons] of the layer before. */
function layerBackward(
  network: SpikingNetwork,
  l: number,
  traces: readonly Trace[],
  { gs, gv }: { gs: Float64Array; gv: Float64Array },
  gradients: LayerGradients,
  { steps, detachReset = true, surrogate = surrogateDefaults, spike }: Steps,
  arithmetic: Arithmetic,
): Float64Array<ArrayBuffer> {
  const layer = network.layers[l];
  const neurons = outputsOf(layer);
  const gh = neuronGradients(layer.activation, {
    trace: traces[l],
    steps,
    neurons,
    gs,
    gv,
    spiking: l < spikingLayers(network),
    detachReset,
    surrogate,
    round: arithmetic.round,
    fire: smooth(spike, surrogate) ?? firing(layer.activation),
    arrived: recurrence(layer, traces[l], gs, gradients.recurrent, arithmetic),
    add(parameter, j, gradient) {
      const into = gradients.parameters[parameter];
      into[into.length > 1 ? j : 0] += gradient;
    },
  });
  for (let j = 0; j < neurons; j++) gradients.initial[j] += gv[j];
  const before = l > 0 ? traces[l - 1].s : new Float64Array();
  const gx = new Float64Array(before.length);
  const gp = l > 0 ? new Float64Array(synapticInputs(layer)) : undefined;
  const counts = new Float64Array(before.length / steps);
  for (let t = 0; t < steps; t++) {
    const [x, g] = [traces[l].x, gh].map((of) => rows(of, steps)(t));
    synapticGradients(layer, x, g, gradients, arithmetic, gp);
    if (!gp) continue;
    const into = rows(gx, steps)(t);
    if (!layer.pooling) into.set(gp);
    else {
      const now = rows(before, steps)(t);
      now.forEach((spike, i) => (counts[i] += spike));
      unpool(layer.pooling, layer.pooling.kind === "max" ? counts : now, gp, into);
    }
  }
  return gx;
}

/** What stands in for spikes in checks of gradients. */
function smooth(spike: GradientOptions["spike"], surrogate: SurrogateOptions): Fire | undefined {
  return spike === "smooth" ? (distance) => smoothStep(surrogate, distance) : undefined;
}

/** What a layer's recurrent weights do on the way back. */
function recurrence(
  { recurrent }: Layer,
  { s }: Trace,
  gs: Float64Array,
  gradients: Float64Array,
  arithmetic: Arithmetic,
): ((t: number, gh: Float64Array) => void) | undefined {
  if (!recurrent) return undefined;
  return (t, gh) => {
    if (t === 0) return;
    const before = (of: Float64Array): Float64Array => of.subarray((t - 1) * gh.length, t * gh.length);
    recurrentGradients(recurrent, before(s), gh, gradients, before(gs), arithmetic);
  };
}

function zeroLayer(layer: Layer): LayerGradients {
  const { activation } = layer;
  const zeros = (n: number): Float64Array => new Float64Array(n);
  if (!isNeuron(activation)) return { ...zeroGradients(layer), parameters: {}, initial: zeros(0) };
  const values = activation as unknown as Readonly<Record<string, number | Float32Array>>;
  const parameters = Object.keys(neuronModels[activation.kind].parameters).map((name) => {
    const value = values[name];
    return [name, zeros(typeof value === "number" ? 1 : value.length)];
  });
  return { ...zeroGradients(layer), parameters: Object.fromEntries(parameters), initial: zeros(outputsOf(layer)) };
}
