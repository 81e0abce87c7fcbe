import {
  type ConvolutionalLearner,
  createConvolutionalLearner,
  lossGradient,
  type PixelBatch,
  temporalDifferenceTargets,
} from "./tensorflow-learner.ts";
import type { ConvolutionalNetwork } from "../../network/old/convolutional-network.ts";
import type { Tfjs } from "../../engines/tensorflow/tfjs.ts";
import type { TrainableNetwork } from "../../network/trainable.ts";
import { adam, clipNorm, clipValues, type Optimizer, rmsprop } from "../../engines/optimizers/index.ts";
import type { SpikingNetwork } from "../../network/old/spiking-network.ts";
import { type TensorflowLearner, tensorflowLearner } from "../../engines/tensorflow/spiking-learner.ts";
import type { ConvDqnConfig } from "./config.ts";

/** A network that acts on pixels and learns to: convolutional, or spiking. */
export type PixelNetwork = ConvolutionalNetwork | SpikingNetwork;

/** What the training loop needs of a Q-learner over bytes. */
export interface PixelLearner extends Omit<ConvolutionalLearner, "toNetwork" | "tensors"> {
  toNetwork(weights?: readonly Float32Array[]): PixelNetwork;
}

/** A Q-learner that starts at `network`: conv DQN inside TensorFlow, or a DSQN by surrogate gradients. */
export function openPixelLearner(tf: Tfjs, network: PixelNetwork, config: ConvDqnConfig): PixelLearner {
  if (network.kind === "convolutional") return createConvolutionalLearner(tf, network, config);
  const { surrogateScale = 100 } = config.network.spiking ?? {};
  const maxBatch = Math.max(
    (config.advantageLearning > 0 ? 2 : 1) * config.batchSize,
    config.environment.count,
    config.evaluation.episodes,
    config.final.episodes,
  );
  // Thousands of inputs: one product for the whole batch reads the first layer's weights once, the kernels once per state.
  const open = (): TensorflowLearner =>
    tensorflowLearner(tf, rescaled(network, 1 / config.network.inputScale), {
      maxBatch,
      surrogate: { name: "fast-sigmoid", scale: surrogateScale },
      detachReset: true,
      byteScale: config.network.inputScale,
    });
  return spikingLearner(open(), open(), config);
}

/**
 * The deep Q-learning step of `createConvolutionalLearner` for a network in one flat array of parameters. It sees bytes * inputScale, which
 * saved networks have in the weights of their first layer.
 */
function spikingLearner(policy: TensorflowLearner, target: TensorflowLearner, config: ConvDqnConfig): PixelLearner {
  const { actions, observationSize: size } = policy;
  const { inputScale } = config.network;
  const optimizer = createOptimizer(policy.parameters.length, config.optimizer);
  const assign = (network: TrainableNetwork, [values]: readonly Float32Array[]): void => network.parameters.set(values);
  return {
    actions,
    values: (frames, batch) => policy.forward(frames, batch),
    update(batch: PixelBatch, learningRate) {
      const { observations, nextObservations, size: n } = batch;
      // The target network sees both in one batch, since reading its weights takes longer than a state.
      const judged = new Uint8Array((config.advantageLearning > 0 ? 2 : 1) * n * size);
      judged.set(nextObservations.subarray(0, n * size));
      if (config.advantageLearning > 0) judged.set(observations.subarray(0, n * size), n * size);
      const next = target.forward(judged, judged.length / size).slice();
      const targets = temporalDifferenceTargets(batch, actions, config.advantageLearning, {
        next,
        chooser: config.doubleQ ? policy.forward(nextObservations, n).slice() : undefined,
        here: config.advantageLearning > 0 ? next.subarray(n * actions) : undefined,
      });
      const errors = new Float32Array(n);
      const gradient = new Float32Array(n * actions);
      const values = policy.forward(observations, n);
      const loss = lossGradient(batch, actions, values, targets, config.loss, errors, gradient);
      if (!Number.isFinite(loss)) return { loss, errors };
      policy.backward(gradient);
      if (config.clip.kind === "value") clipValues(policy.gradients, config.clip.limit);
      else if (config.clip.kind === "norm") clipNorm(policy.gradients, config.clip.limit);
      optimizer.step(policy.parameters, policy.gradients, learningRate);
      return { loss, errors };
    },
    syncTarget: () => target.parameters.set(policy.parameters),
    save() {
      const { steps, moments } = optimizer.save();
      const online = [policy.parameters.slice()];
      return { online, target: [target.parameters.slice()], moments: moments.map((moment) => [moment]), steps };
    },
    restore({ online, target: old, moments, steps }) {
      assign(policy, online);
      assign(target, old);
      optimizer.restore({ steps, moments: moments.map(([moment]) => moment) });
    },
    weights: () => [policy.parameters.slice()],
    toNetwork(weights) {
      const kept = policy.parameters.slice();
      if (weights) assign(policy, weights);
      const network = policy.toNetwork() as SpikingNetwork;
      policy.parameters.set(kept);
      return rescaled(network, inputScale);
    },
    close() {
      policy.close();
      target.close();
    },
  };
}

function createOptimizer(size: number, config: ConvDqnConfig["optimizer"]): Optimizer {
  if (config.kind === "rmsprop") return rmsprop(size, { alpha: config.decay, epsilon: config.epsilon });
  return adam(size, { beta1: config.beta1, beta2: config.beta2, epsilon: config.epsilon });
}

/** The network for observations that are 1 / `factor` times as large; the constant input of biasInput is what it was. */
function rescaled(network: SpikingNetwork, factor: number): SpikingNetwork {
  const [first, ...rest] = network.layers;
  const scaled = first.weights.length - (network.biasInput ? first.outputs : 0);
  const weights = first.weights.map((w, k) => (k < scaled ? w * factor : w));
  return { ...network, layers: [{ ...first, weights }, ...rest] };
}
