// What tests/learning/actor-critic/tensorflow.test.ts judges, measured in a process of its own: TensorFlow's binding does not live in Jest's
// sandboxes. One JSON document on stdout.
import { referenceEngine } from "../../../src/engines/reference/index.ts";
import { tensorflowLearner } from "../../../src/engines/tensorflow/spiking-learner.ts";
import { loadTfjs } from "../../../src/engines/tensorflow/tfjs.ts";
import type { Judgement } from "../../../src/learning/actor-critic/actor-critic.ts";
import { joined } from "../../../src/learning/actor-critic/shared.ts";
import { tensorflowActorCritic } from "../../../src/learning/actor-critic/tensorflow.ts";
import { type Minibatch, ppoSlopes } from "../../../src/learning/algorithms/ppo-gradient.ts";
import { rescaled } from "../../../src/learning/pixel-networks.ts";
import { outputsOf } from "../../../src/network/layer.ts";
import type { Network, SpikingNetwork } from "../../../src/network/network.ts";
import { observationSize } from "../../../src/network/network.ts";
import { neuron } from "../../../src/network/neurons/index.ts";
import { Random } from "../../../src/numeric/random.ts";
import { sketched } from "../../fixtures/convolutional/networks.ts";

const tf = await loadTfjs();
const [BATCH, ACTIONS] = [6, 3];
const random = new Random(8);
/** A step of Adam with an epsilon beside which gradients are nothing subtracts the gradient itself (but for 1e-6 of it). */
const [epsilon, rate] = [1e6, 1e6];
const specs = [
  { kind: "convolution", filters: 5, kernel: [4, 3], strides: [2, 2] },
  { kind: "convolution", filters: 4, kernel: [2, 2] },
  { kind: "dense", outputs: 7, activation: "relu" },
  { kind: "dense", outputs: ACTIONS + 1 },
] as const;
const dense = sketched([12, 10, 2], specs, 1, 1 / 255);

/** The same in neurons that start somewhere, with a leak, thresholds of their own and a bias for each place. */
const spiking = (steps: number, beta: number, biases: "columns" | "places"): SpikingNetwork => ({
  input: dense.input,
  inputScale: 1,
  coding: {
    ...{ encoding: "constant", decoding: "potential", ties: "first" },
    ...{ steps, signedInputs: false, biasInput: false },
  },
  layers: dense.layers.map((layer, l) => {
    const n = outputsOf(layer);
    const bias = biases === "places" ? n : layer.biases!.length;
    const thresholds = Float32Array.from({ length: n }, () => 0.3 + 0.4 * random.uniform());
    const own = { beta, threshold: l === 0 ? thresholds : 0.4, resetBy: l === 1 ? 0.7 : 1 };
    return {
      ...layer,
      weights: layer.weights.map((w) => w * (l === 0 ? 2 / 255 : 2)),
      biases: Float32Array.from({ length: bias }, () => 0.1 * random.normal()),
      activation: neuron("lif", { ...own, initial: Float32Array.from({ length: n }, () => 0.3 * random.uniform()) }),
    };
  }),
});

const bytes = Uint8Array.from({ length: BATCH * observationSize(dense) }, () => random.integer(256));
const batch: Minibatch = {
  actions: Int32Array.from({ length: BATCH }, () => random.integer(ACTIONS)),
  logProbabilities: Float32Array.from({ length: BATCH }, () => -1.1 + 0.1 * random.normal()),
  advantages: Float64Array.from({ length: BATCH }, () => random.normal()),
  returns: Float64Array.from({ length: BATCH }, () => random.normal()),
};
const objective = { clipRange: 0.3, entropy: 0.02, valueWeight: 0.5 };
const flat = (arrays: readonly Float32Array[]): number[] => arrays.flatMap((array) => [...array]);
const slopesAt = (said: Judgement): Judgement => ppoSlopes(said, batch, objective);

/** The loss that those slopes are of, in float64, through the reference engine. */
function lossOf(network: Network): number {
  const { outputs } = referenceEngine.load(network).run(Float32Array.from(bytes));
  const mean = batch.advantages.reduce((a, b) => a + b) / BATCH;
  const deviation = Math.sqrt(batch.advantages.reduce((s, a) => s + (a - mean) ** 2, 0) / BATCH);
  let sum = 0;
  for (let k = 0; k < BATCH; k++) {
    const row = [...outputs.subarray(k * (ACTIONS + 1), k * (ACTIONS + 1) + ACTIONS)];
    const logSum = Math.log(row.reduce((s, x) => s + Math.exp(x), 0));
    const rho = Math.exp(row[batch.actions[k]] - logSum - batch.logProbabilities[k]);
    const a = (batch.advantages[k] - mean) / (deviation + 1e-8);
    const entropy = -row.reduce((s, x) => s + Math.exp(x - logSum) * (x - logSum), 0);
    const held = Math.min(1 + objective.clipRange, Math.max(1 - objective.clipRange, rho));
    sum -= Math.min(rho * a, held * a) + objective.entropy * entropy;
    sum += (objective.valueWeight / 2) * (outputs[k * (ACTIONS + 1) + ACTIONS] - batch.returns[k]) ** 2;
  }
  return sum / BATCH;
}

/** The gradient of a step, and what differences of the loss say, on a few weights of each array. */
function denseGradient(): { worst: number; size: number } {
  const learner = tensorflowActorCritic(tf, dense, { epsilon });
  const before = learner.weights();
  learner.update(bytes, BATCH, slopesAt, rate);
  const after = learner.weights();
  const moved = (a: number, i: number, by: number): Network => {
    let k = 0;
    const change = (values: Float32Array | null): Float32Array | null =>
      values && (k++ === a ? values.map((w, j) => (j === i ? w + by : w)) : values);
    const layers = dense.layers.map((layer) => ({
      ...layer,
      weights: change(layer.weights)!,
      biases: change(layer.biases),
    }));
    return { ...dense, layers };
  };
  let [worst, size] = [0, 0];
  before.forEach((array, a) => {
    for (let draw = 0; draw < 6; draw++) {
      const i = random.integer(array.length);
      const measured = (lossOf(moved(a, i, 1e-3)) - lossOf(moved(a, i, -1e-3))) / 2e-3;
      const own = before[a][i] - after[a][i];
      worst = Math.max(worst, Math.abs(own - measured));
      size = Math.max(size, Math.abs(measured));
    }
  });
  learner.close();
  return { worst, size };
}

/** Outputs against the engine's in float64, and the gradient against that of the learner that takes one step of one state after the other. */
function spikingGradient(network: SpikingNetwork): { outputs: number; gradient: number; size: number; spikes: number } {
  const surrogate = { name: "fast-sigmoid", scale: 4 } as const;
  const learner = tensorflowActorCritic(tf, rescaled(network, 255), {
    epsilon,
    spikes: { surrogate, byteScale: 1 / 255 },
    saved: (learned) => rescaled(learned as SpikingNetwork, 1 / 255),
  });
  const said = learner.judge(bytes, BATCH);
  const result = referenceEngine.load(network).run(Float32Array.from(bytes));
  const mine = joined(said);
  const outputs = mine.reduce((most, value, k) => Math.max(most, Math.abs(value - result.outputs[k])), 0);
  const flatLearner = tensorflowLearner(tf, rescaled(network, 255), {
    ...{ maxBatch: BATCH, surrogate, detachReset: true, byteScale: 1 / 255 },
  });
  flatLearner.forward(bytes, BATCH);
  flatLearner.backward(joined(slopesAt(said)));
  const before = flat(learner.weights());
  learner.update(bytes, BATCH, slopesAt, rate);
  const after = flat(learner.weights());
  const wanted = [...flatLearner.gradients];
  learner.close();
  return {
    outputs,
    gradient: wanted.reduce((most, g, i) => Math.max(most, Math.abs(before[i] - after[i] - g)), 0),
    size: wanted.reduce((most, g) => Math.max(most, Math.abs(g)), 0),
    spikes: wanted.filter((g) => g !== 0).length / wanted.length,
  };
}

/** Two updates, and the second once more after what the first one left was taken up by another learner. */
function resumed(): { same: boolean; tensors: number } {
  const options = { epsilon: 1e-5, clip: 0.5 };
  const [one, other] = [0, 1].map(() => tensorflowActorCritic(tf, dense, options));
  one.update(bytes, BATCH, slopesAt, 1e-3);
  const alive = one.tensors();
  other.restore(structuredClone(one.save()));
  for (const learner of [one, other]) learner.update(bytes, BATCH, slopesAt, 1e-3);
  const tensors = one.tensors() - alive;
  const same = JSON.stringify(flat(one.weights())) === JSON.stringify(flat(other.weights()));
  return { same, tensors };
}

process.stdout.write(
  `${JSON.stringify({
    dense: denseGradient(),
    spiking: [spiking(4, 1, "places"), spiking(2, 0.8, "columns"), spiking(1, 1, "places")].map(spikingGradient),
    resumed: resumed(),
  })}\n`,
);
process.exit();
