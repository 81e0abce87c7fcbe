import { encoder, inputValues } from "../../network/encoding.ts";
import { type SpikingLayer, type SpikingNetwork, spikingLayers } from "../../network/old/spiking-network.ts";
import { type SpikeRegulariser, spikePenalty } from "../../network/regulariser.ts";
import { createState, inputNeurons } from "../../network/state.ts";
import { smoothStep, surrogate, surrogateDefaults, type SurrogateOptions } from "../../network/surrogate.ts";
import { validateNetwork, validateRun } from "../../network/validate.ts";
import { type Arithmetic, float32, float64, integrate, roundParameters, synapticInput } from "./neuron.ts";

/** How gradients are computed. */
export interface GradientOptions {
  readonly precision?: "float32" | "float64";
  /** Fast sigmoid of scale 100 unless given, as the original's. */
  readonly surrogate?: SurrogateOptions;
  /** No gradient through the reset (default, as the original's). */
  readonly detachReset?: boolean;
  readonly regulariser?: SpikeRegulariser;
  readonly steps?: number;
  readonly seed?: number;
  /** "smooth": spikes are `smoothStep` of the distance to the threshold, so that the gradient is exact (for checking it). */
  readonly spike?: "step" | "smooth";
}

/** Of one layer, summed over the batch. */
export interface LayerGradients {
  /** [inputs, outputs] */
  readonly weights: Float64Array;
  /** [outputs]; also what they would be in a layer without biases. */
  readonly biases: Float64Array;
  readonly alpha: number;
  readonly beta: number;
  readonly threshold: number;
  /** 0 for reset to zero. Where reset takes off the threshold, that one's gradient is the sum of both. */
  readonly resetBy: number;
  /** [outputs] */
  readonly initialPotential: Float64Array;
}

/** Outputs, and the gradients of every layer. */
export interface GradientResult {
  /** [batch, actions] */
  readonly outputs: Float64Array;
  readonly layers: readonly LayerGradients[];
  /** The regulariser's part of the loss. */
  readonly penalty: number;
}

/** What the forward pass keeps of one layer and state: [steps + 1, neurons] before each step and after the last, [steps, neurons]. */
interface Trace {
  readonly v: Float64Array;
  readonly i: Float64Array;
  readonly s: Float64Array;
}

/**
 * Backpropagation through time with surrogate gradients (Neftci, Mostafa & Zenke 2019). With the forward pass of neuron.ts and a
 * loss E of the decoded outputs, gx = dE/dx, counting v[t] and i[t] before step t:
 *
 *   gu[t] = gv[t+1]                                     (reset to zero: (1 - s[t]) gv[t+1])
 *   gi[t] = gu[t] + alpha gi[t+1]                       gh[t] = gi[t+1]
 *   gs[t] = gh_next[t] W_next'  + what decoding and regulariser give  - resetBy gv[t+1]
 *                                                       (last term: reset to zero: (beta v[t] + i[t]) gv[t+1]; none if detached)
 *   gv[t] = beta gu[t] + surrogate(v[t] - threshold) gs[t]   (+ what decoding gives)
 *
 *   dW = sum_t x[t]' gh[t]          db = sum_t gh[t]         dalpha = sum_t i[t] gi[t+1]      dbeta = sum_t v[t] gu[t]
 *   dthreshold = -sum_t surrogate(v[t] - threshold) gs[t]    dresetBy = -sum_t s[t] gv[t+1]
 *
 * The observations get no gradient. `outputGradients` turns outputs [batch, actions] into dE/d(outputs), of the same shape.
 * max-potential takes the first of several equal maxima; first-spike the spikes of the step it reads.
 */
export function referenceGradients(
  network: SpikingNetwork,
  observations: Float32Array | Float64Array,
  outputGradients: (outputs: Float64Array) => ArrayLike<number>,
  options: GradientOptions = {},
): GradientResult {
  validateNetwork(network);
  const {
    precision = "float64",
    surrogate: shape = surrogateDefaults,
    detachReset = true,
    regulariser,
    steps = network.steps,
  } = options;
  const arithmetic = precision === "float32" ? float32 : float64;
  const { round } = arithmetic;
  const batch = validateRun(network, observations, options);
  const layers = network.layers.map((layer) => roundParameters(layer, arithmetic));
  const last = layers.length - 1;
  const actions = layers[last].outputs;
  const spiking = spikingLayers(network);
  const fire = options.spike === "smooth" ? (x: number) => smoothStep(shape, x) : (x: number) => Number(x > 0);
  const forward = traced(network, layers, steps, options.seed ?? 0, fire, arithmetic);

  const runs = Array.from({ length: batch }, (_, b) => forward(observations, b, batch));
  const outputs = new Float64Array(batch * actions);
  runs.forEach(({ traces }, b) => outputs.set(decode(network, traces[last], actions, steps).values, b * actions));
  const given = outputGradients(outputs);

  const gradients = layers.map(zeroGradients);
  let penalty = 0;
  for (const [b, { inputs, traces }] of runs.entries()) {
    let gs = new Float64Array(steps * actions);
    for (let l = last; l >= 0; l--) {
      const layer = layers[l];
      const { inputs: m, outputs: n, alpha, beta, threshold, reset, resetBy, weights } = layer;
      const { v, i, s } = traces[l];
      const g = gradients[l];
      const gv = new Float64Array((steps + 1) * n);
      const gi = new Float64Array((steps + 1) * n);
      if (l === last) {
        const { step } = decode(network, traces[l], n, steps);
        for (let a = 0; a < n; a++) {
          const value = round(given[b * n + a]);
          if (network.decoding === "spikes") for (let t = 0; t < steps; t++) gs[t * n + a] += value;
          else if (network.decoding === "first-spike") gs[step[a] * n + a] += step[a] < steps ? value : 0;
          else gv[step[a] * n + a] += value;
        }
      }
      if (regulariser && l < spiking)
        for (let j = 0; j < n; j++) {
          let count = 0;
          for (let t = 0; t < steps; t++) count += s[t * n + j];
          const price = spikePenalty(regulariser, count, steps, n, batch);
          penalty += price.penalty;
          for (let t = 0; t < steps; t++) gs[t * n + j] = round(gs[t * n + j] + price.gradient);
        }
      for (let t = steps - 1; t >= 0; t--)
        for (let j = 0; j < n; j++) {
          const k = t * n + j;
          const later = gv[k + n];
          const gu = reset === "zero" ? later * (1 - s[k]) : later;
          gi[k] = round(gu + round(alpha * gi[k + n]));
          gv[k] = round(gv[k] + round(beta * gu));
          g.beta += gu * v[k];
          g.alpha += gi[k + n] * i[k];
          if (l >= spiking) continue;
          if (!detachReset) gs[k] = round(gs[k] - later * (reset === "zero" ? beta * v[k] + i[k] : resetBy));
          const through = round(surrogate(shape, round(v[k] - threshold)) * gs[k]);
          gv[k] = round(gv[k] + through);
          g.threshold -= through;
          if (reset === "subtraction") g.resetBy -= s[k] * later;
        }
      for (let j = 0; j < n; j++) g.initialPotential[j] += gv[j];
      const before = l > 0 ? traces[l - 1].s : inputs;
      const width = before.length / steps; // with signed inputs the first layer has twice its inputs
      const gsBefore = new Float64Array(l > 0 ? steps * m : 0);
      for (let t = 0; t < steps; t++) {
        const gh = gi.subarray((t + 1) * n, (t + 2) * n);
        for (let j = 0; j < n; j++) g.biases[j] = round(g.biases[j] + gh[j]);
        for (let p = 0; p < width; p++) {
          const x = p < m ? before[t * width + p] : -before[t * width + p];
          const row = (p % m) * n;
          if (x !== 0) for (let j = 0; j < n; j++) g.weights[row + j] = round(g.weights[row + j] + round(x * gh[j]));
          if (l === 0) continue;
          let sum = 0;
          for (let j = 0; j < n; j++) sum = round(sum + round(weights[row + j] * gh[j]));
          gsBefore[t * m + p] = sum;
        }
      }
      gs = gsBefore;
    }
  }
  return { outputs, layers: gradients, penalty };
}

/** The forward pass of one state, everything kept. */
function traced(
  network: SpikingNetwork,
  layers: readonly SpikingLayer[],
  steps: number,
  seed: number,
  fire: (x: number) => number,
  arithmetic: Arithmetic,
) {
  const spiking = spikingLayers(network);
  return (observations: ArrayLike<number>, b: number, batch: number): { inputs: Float64Array; traces: Trace[] } => {
    const state = createState(network, batch, seed);
    const width = inputNeurons(network);
    const inputs = new Float64Array(steps * width);
    const encode = encoder(
      network,
      inputValues(network, observations, b, arithmetic.round),
      b,
      state,
      arithmetic.round,
    );
    for (let t = 0; t < steps; t++) encode(t, inputs.subarray(t * width, (t + 1) * width));
    const traces: Trace[] = [];
    for (const [l, layer] of layers.entries()) {
      const { outputs: n, initialPotential } = layer;
      const trace = {
        v: new Float64Array((steps + 1) * n),
        i: new Float64Array((steps + 1) * n),
        s: new Float64Array(steps * n),
      };
      const v = Float64Array.from(initialPotential ?? new Float64Array(n));
      const i = new Float64Array(n);
      const h = new Float64Array(n);
      const before = l > 0 ? traces[l - 1].s : inputs;
      const size = before.length / steps;
      for (let t = 0; t < steps; t++) {
        trace.v.set(v, t * n);
        trace.i.set(i, t * n);
        const s = trace.s.subarray(t * n, (t + 1) * n);
        if (l < spiking) for (let j = 0; j < n; j++) s[j] = fire(arithmetic.round(v[j] - layer.threshold));
        synapticInput(layer, before.subarray(t * size, (t + 1) * size), h, arithmetic);
        integrate(layer, v, i, s, h, arithmetic);
      }
      trace.v.set(v, steps * n);
      trace.i.set(i, steps * n);
      traces.push(trace);
    }
    return { inputs, traces };
  };
}

/** Per output neuron its decoded value, and which step (of the potentials, or of the spikes for first-spike) it was read at. */
function decode(
  { decoding }: SpikingNetwork,
  { v, s }: Trace,
  n: number,
  steps: number,
): { values: Float64Array; step: Int32Array } {
  const values = new Float64Array(n);
  const step = new Int32Array(n).fill(steps);
  const first = decoding === "first-spike" ? Math.floor(s.findIndex((spike) => spike > 0) / n) : -1;
  for (let a = 0; a < n; a++) {
    if (decoding === "max-potential") {
      step[a] = 1;
      for (let t = 2; t <= steps; t++) if (v[t * n + a] > v[step[a] * n + a]) step[a] = t;
    }
    if (decoding === "spikes") for (let t = 0; t < steps; t++) values[a] += s[t * n + a];
    else if (decoding !== "first-spike") values[a] = v[step[a] * n + a];
    else if (first >= 0) [values[a], step[a]] = [s[first * n + a], first];
  }
  return { values, step };
}

function zeroGradients({ inputs, outputs }: SpikingLayer): {
  -readonly [K in keyof LayerGradients]: LayerGradients[K];
} {
  const zeros = (n: number) => new Float64Array(n);
  return {
    weights: zeros(inputs * outputs),
    biases: zeros(outputs),
    alpha: 0,
    beta: 0,
    threshold: 0,
    resetBy: 0,
    initialPotential: zeros(outputs),
  };
}
