import { UsageError } from "../errors.ts";
import { columnsOf, inputsOf, outputsOf } from "../network/layer.ts";
import { actionsOf, observationSize, type SpikingNetwork } from "../network/network.ts";
import { valueOf } from "../network/neurons/neuron.ts";
import { packParameters, unpackLayers, withParameters } from "../network/parameters.ts";
import { checkBatch, checkDerivatives, type TrainableNetwork } from "../network/trainable.ts";

/**
 * The network of levels that a converted one of dense layers of lif stands for, as something that learns: hidden values are counts of T spikes,
 *
 *   V = T (h W + b) + v0,   n = clip(floor(V), 0, T),   h' = n / T
 *
 * (clip-floor-shift with v0 = 1/2: Bu et al. 2022; a potential of a whole number counts as one less where neurons fire above their threshold), and outputs
 * the potentials that the output layer ends with, T (h W + b) + v0. Rounding has no slope of use: gradients pass it as they are, and stop where it clips.
 *
 * Spiking step by step such a network counts differently, as spikes of opposite signs come in no order; in two phases (phases.ts) it counts just so.
 *
 * @throws UsageError MODEL_KIND for anything but dense layers of lif without leak, threshold 1, reset by subtraction, read by potential
 */
export function levelsLearner(network: SpikingNetwork, { maxBatch }: { maxBatch: number }): TrainableNetwork {
  assertCounts(network);
  const { steps } = network.coding;
  const [size, actions] = [observationSize(network), actionsOf(network)];
  const parameters = packParameters(network);
  const gradients = new Float32Array(parameters.length);
  const [own, slopes] = [unpackLayers(network, parameters), unpackLayers(network, gradients)];
  const layers = network.layers.map((layer) => ({
    inputs: inputsOf(layer),
    outputs: outputsOf(layer),
    initial: layer.activation.initial ?? new Float32Array(outputsOf(layer)),
    above: layer.activation.kind === "lif" && layer.activation.fires === "above",
  }));
  const last = layers.length - 1;
  let batch = 0;
  /** Per layer [batch, inputs]: what it sees; then the outputs. */
  let seen: Float64Array[] = [];
  /** Per layer [batch, outputs]: V. */
  let reached: Float64Array[] = [];
  return {
    observationSize: size,
    actions,
    maxBatch,
    parameters,
    gradients,
    forward(observations, states) {
      checkBatch(this, states, observations);
      batch = states;
      seen = [Float64Array.from(observations.subarray(0, states * size))];
      reached = [];
      for (const [l, { inputs, outputs, initial, above }] of layers.entries()) {
        const { weights, biases } = own[l];
        const potentials = new Float64Array(states * outputs);
        for (let k = 0; k < states; k++) {
          const row = potentials.subarray(k * outputs, (k + 1) * outputs);
          add(row, seen[l].subarray(k * inputs, (k + 1) * inputs), weights);
          for (let j = 0; j < outputs; j++) row[j] = steps * (row[j] + (biases?.[j] ?? 0)) + initial[j];
        }
        reached.push(potentials);
        seen.push(l === last ? potentials : potentials.map((v) => count(v, steps, above) / steps));
      }
      return new Float32Array(seen[last + 1]);
    },
    backward(atOutputs) {
      checkDerivatives(batch, actions, atOutputs);
      let slope = Float64Array.from(atOutputs.subarray(0, batch * actions), (g) => g * steps);
      for (let l = last; l >= 0; l--) {
        const { inputs, outputs } = layers[l];
        const { weights, biases } = slopes[l];
        weights.fill(0);
        biases?.fill(0);
        const before = new Float64Array(batch * inputs);
        for (let k = 0; k < batch; k++) {
          const g = slope.subarray(k * outputs, (k + 1) * outputs);
          biases?.forEach((sum, j) => (biases[j] = sum + g[j]));
          for (let i = 0; i < inputs; i++) {
            const x = seen[l][k * inputs + i];
            let sum = 0;
            for (let j = 0, w = i * outputs; j < outputs; j++, w++) {
              weights[w] += x * g[j];
              sum += own[l].weights[w] * g[j];
            }
            before[k * inputs + i] = sum;
          }
        }
        if (l > 0) slope = before.map((g, k) => (within(reached[l - 1][k], steps) ? g : 0));
      }
    },
    toNetwork: () => withParameters(network, parameters),
    close() {},
  };
}

/** Spikes of a neuron whose potential comes to `v` thresholds before any is taken off, one a step at most. */
function count(v: number, steps: number, above: boolean): number {
  return Math.min(steps, Math.max(0, above ? Math.ceil(v) - 1 : Math.floor(v)));
}

/** Where a count moves with the potential: between none and all steps, and half a level beyond. */
const within = (v: number, steps: number): boolean => v > 0 && v < steps + 1;

/** sums += x W */
function add(sums: Float64Array, x: Float64Array, weights: Float32Array): void {
  const n = sums.length;
  for (let i = 0; i < x.length; i++) {
    if (x[i] === 0) continue;
    for (let j = 0, w = i * n; j < n; j++, w++) sums[j] += x[i] * weights[w];
  }
}

/** Refuses a network whose spikes are no counts of what arrives. */
export function assertCounts({ layers, coding }: SpikingNetwork): void {
  const refuse = (what: string): never => {
    throw new UsageError("MODEL_KIND", `A network of levels has ${what}.`, {
      hint: "dsqn convert ... --calibrate --neuron lif makes one of a dense network.",
    });
  };
  if (coding.decoding !== "potential" || coding.encoding !== "constant" || coding.signedInputs || coding.biasInput)
    refuse("constant input, biases, and is read by its potentials");
  for (const layer of layers) {
    const { activation: p, synapses, pooling, recurrent } = layer;
    if (synapses.kind !== "dense" || pooling || recurrent || columnsOf(layer) !== outputsOf(layer))
      refuse("dense layers without pooling and recurrent weights");
    if (p.kind !== "lif" || p.reset !== "subtraction" || p.maxSpikes !== 1)
      refuse("neurons of the kind lif, of which a spike takes off its threshold");
    else if ([p.beta, p.threshold, p.resetBy].some((value) => valueOf(value, 0) !== 1 || typeof value !== "number"))
      refuse("neurons without leak, of threshold 1");
  }
}
