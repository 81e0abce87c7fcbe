import { loadTfjs } from "../../src/engines/tensorflow/tfjs.ts";
import { Random } from "../../src/numeric/random.ts";
import { observations } from "./ours.ts";
import type { Peer } from "./peer.ts";

const BATCH = 128;

/** A tensor of TensorFlow.js: the part of it that is measured. Its memory is freed by `dispose`, or by the `tidy` around it. */
interface Tensor {
  dataSync(): Float32Array | Int32Array;
  dispose(): void;
  matMul(other: Tensor): Tensor;
  add(other: Tensor): Tensor;
  sub(other: Tensor): Tensor;
  mul(other: Tensor | number): Tensor;
  relu(): Tensor;
  square(): Tensor;
  argMax(axis: number): Tensor;
  sum(axis?: number): Tensor;
  mean(): Tensor;
  clipByValue(low: number, high: number): Tensor;
}

interface Tfjs {
  readonly train: { adam(learningRate: number): { applyGradients(gradients: Record<string, Tensor>): void } };
  tensor1d(values: ArrayLike<number>, dtype?: "float32" | "int32"): Tensor;
  tensor2d(values: Float32Array, shape: [number, number]): Tensor;
  oneHot(indices: Tensor, depth: number): Tensor;
  variable(initial: Tensor): Tensor;
  tidy<T>(compute: () => T): T;
  variableGrads(loss: () => Tensor): { value: Tensor; grads: Record<string, Tensor> };
}

/** tfjs-node in this process; what it is asked for first makes it load, or say why it can't. */
export function openTfjs(): Peer {
  let loading: Promise<Tfjs> | undefined;
  const made = new Map<string, () => void>();
  return {
    async seconds(name, calls) {
      const tf = await (loading ??= loadTfjs({ setUp: false }) as unknown as Promise<Tfjs>);
      let run = made.get(name);
      if (!run) {
        if (!(name in work)) throw new Error(`tfjs-node has no work "${name}"`);
        made.set(name, (run = work[name](tf)));
        for (let k = 0; k < 20; k++) run();
      }
      const start = performance.now();
      for (let k = 0; k < calls; k++) run();
      return (performance.now() - start) / 1000 / calls;
    },
    close: () => undefined,
  };
}

const work: Record<string, (tf: Tfjs) => () => void> = {
  "dense update 4-64-64-2": (tf) => denseUpdate(tf, [4, 64, 64, 2]),
};

/** A double-DQN update as ours: three forward passes, one backward pass, element-wise clipping, Adam. */
export function denseUpdate(tf: Tfjs, shape: readonly number[]): () => number {
  const [policy, target] = [network(tf, shape), network(tf, shape)];
  const optimizer = tf.train.adam(1e-3);
  const [states, following] = [2, 3].map((seed) => tf.tensor2d(observations(BATCH, shape[0], seed), [BATCH, shape[0]]));
  const actions = tf
    .oneHot(
      tf.tensor1d(
        Array.from({ length: BATCH }, (_, k) => k % 2),
        "int32",
      ),
      shape.at(-1)!,
    )
    .mul(1);
  const rewards = tf.tensor1d(new Float32Array(BATCH).fill(1));
  return () => {
    const loss = tf.tidy(() => {
      const best = tf.oneHot(policy(following).argMax(1), shape.at(-1)!);
      const wanted = rewards.add(target(following).mul(best).sum(1).mul(0.99));
      const { value, grads } = tf.variableGrads(() => policy(states).mul(actions).sum(1).sub(wanted).square().mean());
      const clipped = Object.entries(grads).map(([name, gradient]) => [name, gradient.clipByValue(-1, 1)] as const);
      optimizer.applyGradients(Object.fromEntries(clipped));
      return value;
    });
    // The loss is read at the end of each update: nothing is then left to be computed.
    const [value] = loss.dataSync();
    loss.dispose();
    return value;
  };
}

function network(tf: Tfjs, shape: readonly number[]): (x: Tensor) => Tensor {
  const random = new Random(1);
  const layers = shape.slice(1).map((outputs, i) => {
    const inputs = shape[i];
    const weights = Float32Array.from({ length: inputs * outputs }, () => random.normal() / Math.sqrt(inputs));
    return {
      weight: tf.variable(tf.tensor2d(weights, [inputs, outputs])),
      bias: tf.variable(tf.tensor1d(new Float32Array(outputs))),
    };
  });
  return (x) =>
    layers.reduce((a, { weight, bias }, i) => {
      const z = a.matMul(weight).add(bias);
      return i < layers.length - 1 ? z.relu() : z;
    }, x);
}
