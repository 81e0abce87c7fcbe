import { packParameters, unpackLayers } from "../ann/parameters.ts";
import type { TrainableNetwork } from "../ann/trainable.ts";
import { UsageError } from "../errors.ts";
import { observationSize, type SpikingLayer, type SpikingNetwork } from "./network.ts";
import { surrogate, type SurrogateOptions } from "./surrogate.ts";

export interface BpttOptions {
  readonly maxBatch: number;
  readonly surrogate: SurrogateOptions;
  readonly detachReset: boolean;
}

/** What the forward pass keeps of one layer and state: potentials and currents before each step and after the last, [steps + 1, neurons], and spikes [steps, neurons]. */
interface Trace {
  readonly v: Float32Array;
  readonly i: Float32Array;
  readonly s: Uint8Array;
}

/**
 * Backpropagation through time of one decision (Neftci, Mostafa & Zenke 2019), written as its equations: what the kernels are
 * tested against. Forward as in reference/neuron.ts, in float32; backward in float64, from gv[T] or gs given by the decoding:
 *
 *   gv'[t]  = gv[t+1], masked where a reset to zero took it
 *   gi[t]   = gv'[t] + alpha gi[t+1]                            dh[t] = gi[t+1]
 *   gs[t]   = W_{l+1} dh_{l+1}[t]  (+ through the reset, unless detached)
 *   gv[t]   = beta gv'[t] + surrogate(v[t] - threshold) gs[t]
 *   dW_l    = sum_t s_{l-1}[t]^T dh_l[t]                         db_l = sum_t dh_l[t]
 */
export function spikingTrainable(network: SpikingNetwork, { maxBatch, surrogate: shape, detachReset }: BpttOptions): TrainableNetwork {
  const { layers, steps, decoding } = network;
  if (network.encoding !== "constant" || network.signedInputs)
    throw new UsageError("TRAINING_ENCODING", `Training takes constant input, not encoding "${network.encoding}"${network.signedInputs ? " with signed inputs" : ""}.`);
  if (decoding === "first-spike") throw new UsageError("TRAINING_DECODING", "First-spike decoding has no gradient.", { hint: 'Train with "potential", "max-potential" or "spikes".' });
  const parameters = packParameters(network);
  const gradients = new Float32Array(parameters.length);
  const W = unpackLayers(network, parameters);
  const G = unpackLayers(network, gradients);
  const size = observationSize(network);
  const last = layers.length - 1;
  const actions = layers[last].outputs;
  const spikes = (l: number): boolean => l < last || decoding === "spikes";
  const traces: Trace[][] = [];
  const inputs = new Float32Array(maxBatch * layers[0].inputs);
  const outputs = new Float32Array(maxBatch * actions);
  let batch = 0;

  const forwardState = (b: number): void => {
    traces[b] ??= layers.map(({ outputs: n }) => ({ v: new Float32Array((steps + 1) * n), i: new Float32Array((steps + 1) * n), s: new Uint8Array(steps * n) }));
    const x = inputs.subarray(b * layers[0].inputs, (b + 1) * layers[0].inputs);
    layers.forEach((layer, l) => {
      const { outputs: n, initialPotential } = layer;
      const trace = traces[b][l];
      for (let j = 0; j < n; j++) trace.v[j] = initialPotential?.[j] ?? 0;
      const h = new Float32Array(n);
      for (let t = 0; t < steps; t++) {
        const before = l === 0 ? x : traces[b][l - 1].s.subarray(t * layer.inputs, (t + 1) * layer.inputs);
        if (l > 0 || t === 0) product(before, W[l].weights, W[l].biases, h);
        stepLayer(layer, trace, h, t, spikes(l));
      }
    });
    const { v, s } = traces[b][last];
    for (let a = 0; a < actions; a++) outputs[b * actions + a] = decode(decoding, v, s, a, actions, steps).value;
  };

  const backwardState = (b: number, outputGradient: Float32Array): void => {
    let gs = new Float64Array(steps * actions);
    for (let l = last; l >= 0; l--) {
      const layer = layers[l];
      const { inputs: m, outputs: n, alpha, beta, threshold } = layer;
      const { v, i, s } = traces[b][l];
      const gv = new Float64Array((steps + 1) * n);
      const gi = new Float64Array((steps + 2) * n);
      if (l === last)
        for (let a = 0; a < n; a++) {
          if (decoding === "spikes") for (let t = 0; t < steps; t++) gs[t * n + a] = outputGradient[a];
          else gv[decode(decoding, v, s, a, n, steps).step * n + a] = outputGradient[a];
        }
      for (let t = steps - 1; t >= 0; t--)
        for (let j = 0; j < n; j++) {
          const k = t * n + j;
          const later = gv[k + n];
          const spiked = spikes(l) && s[k] === 1;
          const through = spiked && layer.reset === "zero" ? 0 : later;
          let spikeGradient = gs[k];
          if (!detachReset) spikeGradient -= later * (layer.reset === "zero" ? beta * v[k] + i[k] : layer.resetBy);
          gi[k] = through + alpha * gi[k + n];
          gv[k] += beta * through + (spikes(l) ? surrogate(shape, v[k] - threshold) * spikeGradient : 0);
        }
      const gsBefore = new Float64Array(steps * m);
      const { weights } = W[l];
      const { weights: dW, biases: db } = G[l];
      for (let t = 0; t < steps; t++) {
        const dh = gi.subarray((t + 1) * n, (t + 2) * n);
        const before = l === 0 ? inputs.subarray(b * m, (b + 1) * m) : traces[b][l - 1].s.subarray(t * m, (t + 1) * m);
        if (db) for (let j = 0; j < n; j++) db[j] += dh[j];
        for (let p = 0; p < m; p++) {
          let sum = 0;
          for (let j = 0; j < n; j++) {
            dW[p * n + j] += before[p] * dh[j];
            sum += weights[p * n + j] * dh[j];
          }
          gsBefore[t * m + p] = sum;
        }
      }
      gs = gsBefore;
    }
  };

  return {
    observationSize: size,
    actions,
    maxBatch,
    parameters,
    gradients,
    forward(observations, count) {
      batch = count;
      const width = layers[0].inputs;
      for (let b = 0; b < batch; b++) {
        inputs.set(observations.subarray(b * size, (b + 1) * size), b * width);
        if (network.biasInput) inputs[b * width + size] = 1;
        forwardState(b);
      }
      return outputs.subarray(0, batch * actions);
    },
    backward(outputGradients) {
      gradients.fill(0);
      for (let b = 0; b < batch; b++) backwardState(b, outputGradients.subarray(b * actions, (b + 1) * actions));
    },
    toNetwork: () => ({ ...network, layers: layers.map((layer, l) => ({ ...layer, weights: W[l].weights.slice(), biases: W[l].biases?.slice() ?? null })) }),
    close() {},
  };
}

/** h = x W + b in float32, presynaptic neurons in ascending order. */
function product(x: Float32Array | Uint8Array, weights: Float32Array, biases: Float32Array | null, h: Float32Array): void {
  const n = h.length;
  h.fill(0);
  for (let p = 0; p < x.length; p++) if (x[p] !== 0) for (let j = 0; j < n; j++) h[j] += Math.fround(x[p] * weights[p * n + j]);
  if (biases) for (let j = 0; j < n; j++) h[j] += biases[j];
}

function stepLayer({ alpha, beta, threshold, reset, resetBy }: SpikingLayer, { v, i, s }: Trace, h: Float32Array, t: number, spikes: boolean): void {
  const n = h.length;
  const [a, b] = [Math.fround(alpha), Math.fround(beta)];
  for (let j = 0; j < n; j++) {
    const k = t * n + j;
    const spiked = spikes && v[k] > threshold;
    s[k] = Number(spiked);
    const next = Math.fround(Math.fround(b * v[k]) + i[k]);
    v[k + n] = !spiked ? next : reset === "zero" ? 0 : next - resetBy;
    i[k + n] = Math.fround(a * i[k]) + h[j];
  }
}

/** The decoded value of one output neuron, and the step whose potential it is. */
function decode(decoding: SpikingNetwork["decoding"], v: Float32Array, s: Uint8Array, a: number, n: number, steps: number): { value: number; step: number } {
  if (decoding === "potential") return { value: v[steps * n + a], step: steps };
  if (decoding === "spikes") {
    let count = 0;
    for (let t = 0; t < steps; t++) count += s[t * n + a];
    return { value: count, step: steps };
  }
  let step = 1;
  for (let t = 2; t <= steps; t++) if (v[t * n + a] > v[step * n + a]) step = t;
  return { value: v[step * n + a], step };
}
