import { argmax } from "../../network/decide.ts";
import type { Tfjs } from "../../engines/tensorflow/tfjs.ts";
import { differentiable } from "../../engines/tensorflow/differentiable.ts";
import { type Handle, openEager } from "../../engines/tensorflow/eager.ts";
import { recordGraph } from "../../engines/tensorflow/graph.ts";
import type { ConvolutionalNetwork } from "../../network/old/convolutional-network.ts";
import { type Clip, clipGradients, createVariablesOptimizer, type OptimizerConfig } from "../../engines/tensorflow/optimizer.ts";
import { createVariables } from "../../engines/tensorflow/variables.ts";

/** How a {@link ConvolutionalLearner} learns. */
export interface LearnerOptions {
  readonly optimizer: OptimizerConfig;
  readonly clip: Clip;
  readonly loss: "huber" | "mse";
  /** Double Q-learning (van Hasselt et al. 2016): the online network chooses the next action, the target network values it. */
  readonly doubleQ: boolean;
  /** Action-gap widening (Bellemare et al. 2016): y -= advantageLearning (max_a Q'(o, a) - Q'(o, a_taken)); 0: none. */
  readonly advantageLearning: number;
}

/** Transitions to learn from; the arrays may be reused after the update. */
export interface PixelBatch {
  readonly size: number;
  /** Bytes, [size, height, width, channels]. */
  readonly observations: Uint8Array;
  readonly nextObservations: Uint8Array;
  /** Each [size]. */
  readonly actions: ArrayLike<number>;
  /** Summed over the n steps, discounted. */
  readonly rewards: Float32Array;
  /** What the value at `nextObservations` counts: gamma^n, or 0 after a terminal step. */
  readonly discounts: Float32Array;
  /** Importance weights. */
  readonly weights: Float32Array;
}

/** Arrays of a learner: each network's and each moment's tensors, in the order of {@link ConvolutionalLearner.shapes}. */
export interface LearnerState {
  readonly online: readonly Float32Array[];
  readonly target: readonly Float32Array[];
  readonly moments: readonly (readonly Float32Array[])[];
  readonly steps: number;
}

/** A Q-learner whose networks and moments stay inside TensorFlow; only frames go in, and values come out. */
export interface ConvolutionalLearner {
  readonly actions: number;
  /** Values of the online network, [batch, actions], for `frames`: bytes, [batch, height, width, channels]. */
  values(frames: Uint8Array, batch: number): Float32Array;
  /** One gradient step. `errors`: Q - y of each transition, [size]. */
  update(batch: PixelBatch, learningRate: number): { readonly loss: number; readonly errors: Float32Array };
  /** The target network becomes the online one. */
  syncTarget(): void;
  save(): LearnerState;
  restore(state: LearnerState): void;
  /** The online network as plain data, or the network with other weights of the same shapes. */
  toNetwork(weights?: readonly Float32Array[]): ConvolutionalNetwork;
  /** The online network's weights and biases, layer by layer. */
  weights(): Float32Array[];
  /** Tensors alive in TensorFlow: the same after every update. */
  tensors(): number;
  close(): void;
}

/**
 * Deep Q-learning's gradient step for a network over images. `network` is where it starts.
 *
 *   y = R + discount Q'(o', argmax_a Q(o', a)) - alpha (max_a Q'(o, a) - Q'(o, a_taken))
 *
 * @throws DsqnError LAYER_UNTRAINABLE
 */
export function createConvolutionalLearner(
  tf: Tfjs,
  network: ConvolutionalNetwork,
  options: LearnerOptions,
): ConvolutionalLearner {
  const eager = openEager(tf);
  const { graph, open } = recordGraph(tf, eager);
  const net = differentiable(graph, network);
  const { actions, parameters } = net;
  const shapes = parameters.map(({ shape }) => shape);
  const image = network.input;

  const [here, next] = [0, 1].map(() => graph.placeholder("uint8", [-1, ...image]));
  const [weights, targetWeights] = [0, 1].map(() => shapes.map((shape) => graph.placeholder("float", shape)));
  const atValues = graph.placeholder("float", [-1, actions]);
  const pass = net.record(here, weights);
  const judged = [
    net.values(next, targetWeights),
    ...(options.doubleQ ? [net.values(next, weights)] : []),
    ...(options.advantageLearning > 0 ? [net.values(here, targetWeights)] : []),
  ];
  const gradients = pass.gradients(atValues);
  const session = open();
  const act = session.step([here, ...weights], [pass.values]);
  const forward = session.step([here, next, ...weights, ...targetWeights], [...judged, ...pass.activations]);
  const backward = session.step([here, atValues, ...weights, ...pass.activations], gradients);

  const online = createVariables(eager, shapes);
  online.assign(parameters.map(({ values }) => values));
  const optimizer = createVariablesOptimizer(eager, online, shapes, options.optimizer);
  // What the online network was when last read: TensorFlow copies a variable on the first write after that.
  let target = online.read();
  const upload = (frames: Uint8Array, batch: number): Handle => eager.upload(frames, [batch, ...image]);

  const learner: ConvolutionalLearner = {
    actions,
    values: (frames, batch) => eager.scope(() => eager.download(act([upload(frames, batch), ...online.read()])[0])),

    update(batch, learningRate) {
      const { size } = batch;
      const errors = new Float32Array(size);
      let loss = 0;
      const clipped = eager.scope((keep) => {
        const current = online.read();
        const frames = upload(batch.observations, size);
        const results = forward([frames, upload(batch.nextObservations, size), ...current, ...target]);
        const activations = results.slice(judged.length);
        const values = results.slice(0, judged.length).map((handle) => eager.download(handle));
        const targets = temporalDifferenceTargets(batch, actions, options.advantageLearning, {
          next: values[0],
          chooser: options.doubleQ ? values[1] : undefined,
          here: options.advantageLearning > 0 ? values.at(-1) : undefined,
        });
        const slope = new Float32Array(size * actions);
        const predicted = eager.download(activations.at(-1)!);
        loss = lossGradient(batch, actions, predicted, targets, options.loss, errors, slope);
        const raw = backward([frames, eager.upload(slope, [size, actions]), ...current, ...activations]);
        return clipGradients(eager, raw, options.clip).map(keep);
      });
      // The weights read above are freed by now, so that the optimizer works in place.
      if (Number.isFinite(loss)) optimizer.step(clipped, learningRate);
      eager.free(clipped);
      return { loss, errors };
    },

    syncTarget() {
      eager.free(target);
      target = online.read();
    },
    save: () => ({
      online: online.download(),
      target: target.map((handle) => Float32Array.from(eager.download(handle))),
      ...optimizer.save(),
    }),
    restore(state) {
      online.assign(state.target);
      learner.syncTarget();
      online.assign(state.online);
      optimizer.restore(state);
    },
    toNetwork(weights = online.download()) {
      let next = 0;
      const layers = network.layers.map((layer) =>
        layer.kind === "convolution" || layer.kind === "dense"
          ? { ...layer, weights: weights[next++], biases: weights[next++] }
          : layer,
      );
      return { ...network, layers };
    },
    weights: () => online.download(),
    tensors: () => eager.alive(),
    close() {
      eager.free(target);
      online.close();
      optimizer.close();
      session.close();
    },
  };
  return learner;
}

/** y of each transition, [size], from the target network's values (and the chooser's) of its states, [size, actions] each. */
export function temporalDifferenceTargets(
  { size, actions: taken, rewards, discounts }: PixelBatch,
  actions: number,
  advantageLearning: number,
  values: { next: Float32Array; chooser?: Float32Array; here?: Float32Array },
): Float32Array {
  const { next, chooser = next, here } = values;
  return Float32Array.from({ length: size }, (_, k) => {
    const y = rewards[k] + discounts[k] * next[k * actions + argmax(chooser, k * actions, actions)];
    if (!here) return y;
    return (
      y - advantageLearning * (here[k * actions + argmax(here, k * actions, actions)] - here[k * actions + taken[k]])
    );
  });
}

/** Writes Q - y into `errors` and dL/dQ into `gradient`; returns L, the weighted mean loss. */
export function lossGradient(
  { size, actions: taken, weights }: PixelBatch,
  actions: number,
  values: Float32Array,
  targets: Float32Array,
  kind: LearnerOptions["loss"],
  errors: Float32Array,
  gradient: Float32Array,
): number {
  let loss = 0;
  for (let k = 0; k < size; k++) {
    const at = k * actions + taken[k];
    const error = (errors[k] = values[at] - targets[k]);
    const length = Math.abs(error);
    const weight = weights[k] / size;
    loss += weight * (kind === "mse" ? error * error : length <= 1 ? 0.5 * error * error : length - 0.5);
    gradient[at] = weight * (kind === "mse" ? 2 * error : Math.max(-1, Math.min(1, error)));
  }
  return loss;
}
