// What tests/ann/convolutional/learner.test.ts judges, measured in a process of its own: TensorFlow's binding does not live in Jest's
// sandboxes. One JSON document on stdout.
import { createRequire } from "node:module";
import { join } from "node:path";
import { readyTfjs } from "../../../src/setup/index.mjs";
import { duelingHead } from "../../../src/learning/q-learner/dueling.ts";
import type { QLearnerOptions } from "../../../src/learning/q-learner/q-learner.ts";
import { type TensorflowQLearner, tensorflowQLearner } from "../../../src/learning/q-learner/tensorflow.ts";
import type { Batch } from "../../../src/learning/replay/replay.ts";
import { referenceEngine } from "../../../src/engines/reference/index.ts";
import type { Network } from "../../../src/network/network.ts";
import { savedModel } from "../../../src/engines/tensorflow/saved-model.ts";
import { loadTfjs } from "../../../src/engines/tensorflow/tfjs.ts";
import { adam, rmsprop } from "../../../src/engines/optimizers/index.ts";
import { observationSize } from "../../../src/network/network.ts";
import { Random } from "../../../src/numeric/random.ts";
import { sketched } from "../../fixtures/convolutional/networks.ts";

type PixelBatch = Batch<Uint8Array>;

const tf = await loadTfjs();
const BATCH = 6;
const ACTIONS = 3;
const plain: QLearnerOptions = {
  optimizer: { kind: "adam", beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
  clip: { kind: "none", limit: 1 },
  loss: "huber",
  doubleQ: false,
  advantageLearning: 0,
};
/** With these moments a step of rmsprop at rate 1 subtracts the gradient itself (but for 1e-9 of it). */
const bare: QLearnerOptions["optimizer"] = { kind: "rmsprop", decay: 1, epsilon: 1 };

const networks: Record<string, Network> = {
  "strides, no padding": sketched(
    [12, 10, 2],
    [
      { kind: "convolution", filters: 5, kernel: [4, 3], strides: [2, 2] },
      { kind: "convolution", filters: 4, kernel: [2, 2] },
      { kind: "dense", outputs: 7, activation: "relu" },
      { kind: "dense", outputs: ACTIONS },
    ],
    1,
    1 / 255,
  ),
  "same padding": sketched(
    [9, 9, 3],
    [
      { kind: "convolution", filters: 4, kernel: [3, 4], strides: [2, 2], padding: "same" },
      { kind: "convolution", filters: 3, kernel: [3, 3], padding: "same", activation: "linear" },
      { kind: "dense", outputs: ACTIONS },
    ],
    2,
    1 / 255,
  ),
  "pooling": sketched(
    [12, 12, 1],
    [
      { kind: "convolution", filters: 4, kernel: [3, 3] },
      { kind: "average-pooling", kernel: [2, 2], strides: [2, 2] },
      { kind: "convolution", filters: 3, kernel: [2, 2] },
      { kind: "max-pooling", kernel: [2, 2], strides: [1, 1], padding: "same" },
      { kind: "dense", outputs: ACTIONS },
    ],
    3,
    1 / 255,
  ),
  "dense": sketched(
    [6, 6, 1],
    [
      { kind: "dense", outputs: 9, activation: "relu" },
      { kind: "dense", outputs: ACTIONS },
    ],
    4,
    1 / 255,
  ),
};
// Two rows above and one column left: neither of TensorFlow's names for padding.
const uneven = sketched(
  [9, 9, 3],
  [
    { kind: "convolution", filters: 4, kernel: [4, 3] },
    { kind: "dense", outputs: ACTIONS },
  ],
  5,
  1 / 255,
);
networks["uneven padding"] = {
  ...uneven,
  layers: [
    {
      ...uneven.layers[0],
      synapses: {
        ...{ kind: "convolution", input: [9, 9, 3], output: [8, 8, 4] },
        ...{ kernel: [4, 3], strides: [1, 1], padding: [2, 1] },
      },
    },
    sketched([8, 8, 4], [{ kind: "dense", outputs: ACTIONS }], 6).layers[0],
  ],
};

const largest = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Array.from(a, (value, i) => Math.abs(value - b[i])).reduce((x, y) => Math.max(x, y), 0);
const flat = (arrays: readonly Float32Array[]): Float32Array =>
  Float32Array.from(arrays.flatMap((array) => [...array]));

function batchFor(network: Network, seed: number): PixelBatch {
  const random = new Random(seed);
  const bytes = (): Uint8Array =>
    Uint8Array.from({ length: BATCH * observationSize(network) }, () => random.integer(256));
  return {
    size: BATCH,
    observations: bytes(),
    nextObservations: bytes(),
    actions: Uint8Array.from({ length: BATCH }, () => random.integer(ACTIONS)),
    rewards: Float32Array.from({ length: BATCH }, () => random.normal() * 2),
    discounts: Float32Array.from({ length: BATCH }, (_, k) => (k === 0 ? 0 : 0.9)),
    weights: Float32Array.from({ length: BATCH }, () => random.uniform()),
    slots: new Int32Array(BATCH),
  };
}

const values = (network: Network, frames: Uint8Array): Float64Array =>
  referenceEngine.load(network).run(Float32Array.from(frames)).outputs;
const best = (q: Float64Array, k: number): number => Math.max(...q.subarray(k * ACTIONS, (k + 1) * ACTIONS));

/** Q - y, told from the definition. */
function errorsOf(online: Network, target: Network, batch: PixelBatch, options: QLearnerOptions): number[] {
  const [q, chooser, next, here] = [
    values(online, batch.observations),
    values(options.doubleQ ? online : target, batch.nextObservations),
    values(target, batch.nextObservations),
    values(target, batch.observations),
  ];
  return Array.from({ length: BATCH }, (_, k) => {
    const row = [...chooser.subarray(k * ACTIONS, (k + 1) * ACTIONS)];
    const bootstrapped = next[k * ACTIONS + row.indexOf(Math.max(...row))];
    const gap = best(here, k) - here[k * ACTIONS + batch.actions[k]];
    const y = batch.rewards[k] + batch.discounts[k] * bootstrapped - options.advantageLearning * gap;
    return q[k * ACTIONS + batch.actions[k]] - y;
  });
}

const lossOf = (errors: readonly number[], weights: Float32Array, loss: QLearnerOptions["loss"]): number =>
  errors.reduce((sum, e, k) => {
    const own = loss === "mse" ? e * e : Math.abs(e) <= 1 ? 0.5 * e * e : Math.abs(e) - 0.5;
    return sum + (weights[k] * own) / BATCH;
  }, 0);

/** The gradient that a learner at these weights sees. */
function gradientOf(
  network: Network,
  batch: PixelBatch,
  options: QLearnerOptions,
  target?: readonly Float32Array[],
): Float32Array {
  const learner = tensorflowQLearner(tf, network, { ...options, optimizer: bare });
  const before = learner.save();
  const state = { ...before, ...(target && { target }) };
  learner.restore(state);
  learner.update(batch, 1);
  const after = flat(learner.weights());
  learner.close();
  return flat(before.online.slice()).map((value, i) => value - after[i]);
}

/** The same by central differences of the loss, on a few weights of each array. */
function differences(
  learner: TensorflowQLearner,
  network: Network,
  batch: PixelBatch,
  options: QLearnerOptions,
): { largest: number; size: number } {
  const weights = learner.weights();
  const gradient = gradientOf(network, batch, options);
  const random = new Random(9);
  const target = errorsOf(network, network, batch, options).map(
    (e, k) => values(network, batch.observations)[k * ACTIONS + batch.actions[k]] - e,
  );
  const lossAt = (moved: readonly Float32Array[]): number => {
    const q = values(learner.network(moved), batch.observations);
    return lossOf(
      target.map((y, k) => q[k * ACTIONS + batch.actions[k]] - y),
      batch.weights,
      options.loss,
    );
  };
  let [worst, size, start] = [0, 0, 0];
  for (const [a, array] of weights.entries()) {
    for (let draw = 0; draw < 6; draw++) {
      const i = random.integer(array.length);
      const at = (shift: number): { weight: number; loss: number } => {
        const moved = weights.map((other, b) => (a === b ? other.slice() : other));
        moved[a][i] += shift;
        return { weight: moved[a][i], loss: lossAt(moved) };
      };
      const [up, down] = [at(1e-4), at(-1e-4)];
      const measured = (up.loss - down.loss) / (up.weight - down.weight);
      worst = Math.max(worst, Math.abs(measured - gradient[start + i]));
      size = Math.max(size, Math.abs(measured));
    }
    start += array.length;
  }
  return { largest: worst, size };
}

const report: Record<string, unknown> = {};
report.networks = Object.fromEntries(
  Object.entries(networks).map(([name, network]) => {
    const learner = tensorflowQLearner(tf, network, plain);
    // A batch in which no ReLU comes within 1e-4 of its kink: a difference across one is no derivative.
    const batch = batchFor(network, 13);
    const result = {
      values: largest(learner.values(batch.observations, BATCH), values(network, batch.observations)),
      gradient: (["huber", "mse"] as const).map((loss) => differences(learner, network, batch, { ...plain, loss })),
    };
    learner.close();
    return [name, result];
  }),
);

const network = networks["strides, no padding"];
const shapeOf = (seed: number): Network =>
  sketched(
    [12, 10, 2],
    [
      { kind: "convolution", filters: 5, kernel: [4, 3], strides: [2, 2] },
      { kind: "convolution", filters: 4, kernel: [2, 2] },
      { kind: "dense", outputs: 7, activation: "relu" },
      { kind: "dense", outputs: ACTIONS },
    ],
    seed,
    1 / 255,
  );
const other = shapeOf(11);
report.targets = [false, true].flatMap((doubleQ) =>
  [0, 0.7].map((advantageLearning) => {
    const options = { ...plain, doubleQ, advantageLearning };
    const learner = tensorflowQLearner(tf, other, options);
    const target = learner.weights();
    const start = tensorflowQLearner(tf, network, options);
    learner.restore({ ...learner.save(), online: start.weights(), target });
    const batch = batchFor(network, 8);
    const expected = errorsOf(network, other, batch, options);
    const { errors, loss } = learner.update(batch, 1e-3);
    // The target network stays what it was while the online network moves in place.
    const kept = largest(flat([...learner.save().target]), flat(target));
    const moved = largest(flat(learner.weights()), flat(start.weights()));
    learner.follow(1);
    const synced = largest(flat([...learner.save().target]), flat(learner.weights()));
    learner.close();
    start.close();
    return {
      errors: largest(errors, expected),
      loss: Math.abs(loss - lossOf(expected, batch.weights, "huber")),
      kept,
      moved,
      synced,
    };
  }),
);

report.optimizers = (
  [
    { kind: "adam", beta1: 0.8, beta2: 0.99, epsilon: 1e-2 },
    { kind: "rmsprop", decay: 0.9, epsilon: 1e-2 },
  ] as const
).map((optimizer) => {
  const learner = tensorflowQLearner(tf, network, { ...plain, optimizer });
  const target = learner.weights();
  const parameters = flat(target);
  const peer =
    optimizer.kind === "adam"
      ? adam(parameters.length, optimizer)
      : rmsprop(parameters.length, { alpha: optimizer.decay, epsilon: optimizer.epsilon });
  let worst = 0;
  for (let step = 0; step < 6; step++) {
    const batch = batchFor(network, 20 + step);
    peer.step(parameters, gradientOf(learner.network(), batch, plain, target), 0.01);
    learner.update(batch, 0.01);
    worst = Math.max(worst, largest(flat(learner.weights()), parameters));
  }
  learner.close();
  return worst;
});

const whole = gradientOf(network, batchFor(network, 8), plain);
const length = Math.hypot(...whole);
const clipped = (kind: "value" | "norm", limit: number): Float32Array =>
  gradientOf(network, batchFor(network, 8), { ...plain, clip: { kind, limit } });
report.clip = {
  value: largest(
    clipped("value", 0.01),
    whole.map((g) => Math.max(-0.01, Math.min(0.01, g))),
  ),
  norm: largest(
    clipped("norm", length / 3),
    whole.map((g) => g / 3),
  ),
  unclipped: largest(clipped("norm", length * 2), whole),
};

{
  const run = (learner: TensorflowQLearner, from: number, to: number): void => {
    for (let step = from; step < to; step++) {
      if (step % 3 === 0) learner.follow(1);
      learner.update(batchFor(network, step), 1e-2);
    }
  };
  const make = (): TensorflowQLearner => tensorflowQLearner(tf, network, { ...plain, advantageLearning: 0.5 });
  const [one, two] = [make(), make()];
  run(one, 0, 10);
  run(two, 0, 5);
  const saved = structuredClone(two.save());
  two.close();
  const three = make();
  three.restore(saved);
  const before = [three.tensors(), tf.memory().numTensors];
  run(three, 5, 10);
  for (let n = 0; n < 5; n++) three.values(batchFor(network, n).observations, BATCH);
  report.leaks = { before, after: [three.tensors(), tf.memory().numTensors] };
  report.resumed = largest(flat(three.weights()), flat(one.weights()));
  one.close();
  three.close();
  report.left = tensorflowQLearner(tf, network, plain);
  const last = report.left as TensorflowQLearner;
  last.close();
  report.left = last.tensors();
}

{
  // Soft targets move by their share; dueling outputs are folded in what is saved.
  const [last] = network.layers.slice(-1);
  const streams = sketched([1, 1, 7], [{ kind: "dense", outputs: ACTIONS + 1 }], 12).layers[0];
  const dueling = { ...network, layers: [...network.layers.slice(0, -1), { ...streams, activation: last.activation }] };
  const learner = tensorflowQLearner(tf, dueling, { ...plain, advantageLearning: 0.5, head: duelingHead });
  learner.update(batchFor(network, 3), 1e-2);
  const before = flat(learner.weights("target"));
  learner.follow(0.25);
  const [online, after] = [flat(learner.weights()), flat(learner.weights("target"))];
  const alive = learner.tensors();
  learner.follow(0.25);
  const { observations } = batchFor(network, 4);
  report.soft = {
    moved: largest(before, online),
    off: largest(
      after,
      before.map((w, i) => w + 0.25 * (online[i] - w)),
    ),
    leaked: learner.tensors() - alive,
  };
  report.dueling = {
    values: largest(learner.values(observations, BATCH), values(learner.network(), observations)),
    target: largest(
      learner.values(observations, BATCH, "target"),
      values(learner.network(learner.weights("target")), observations),
    ),
  };
  learner.close();
}

try {
  const [convolution, ...rest] = network.layers;
  const biases = new Float32Array(5 * 5 * 4);
  tensorflowQLearner(tf, { ...network, layers: [{ ...convolution, biases }, ...rest] }, plain);
} catch (error) {
  report.untrainable = { code: (error as { code: string }).code, message: (error as Error).message };
}
{
  // Read back by Google's protobuf with tfjs-node's own classes.
  const { SavedModel } = createRequire(join(readyTfjs()!, "package.json"))(
    "@tensorflow/tfjs-node/dist/proto/api_pb.js",
  ) as { SavedModel: { deserializeBinary(bytes: Uint8Array): { toObject(): object } } };
  const attributes = {
    bool: true,
    text: "VALID",
    number: -3,
    list: [1, 300, 0],
    type: { type: "uint8" },
    shape: { shape: [-1, 84] },
    tensor: { data: Int32Array.of(7, -8), shape: [2] },
  } as const;
  const node = { name: "n1", operation: "Conv2D", inputs: ["n0", "n0"], attributes };
  const bytes = savedModel([{ name: "n0", operation: "NoOp", inputs: [], attributes: {} }, node]);
  report.saved = SavedModel.deserializeBinary(bytes).toObject();
}
process.stdout.write(`${JSON.stringify(report)}\n`);
