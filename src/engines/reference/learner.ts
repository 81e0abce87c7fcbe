import { packParameters, unpackLayers } from "../../network/parameters.ts";
import type { TrainableNetwork } from "../../network/trainable.ts";
import { observationSize, type SpikingNetwork } from "../../network/old/spiking-network.ts";
import { fastEngine } from "../fast/engine.ts";
import { referenceGradients } from "./index.ts";
import type { SpikeRegulariser } from "../../network/regulariser.ts";
import type { SurrogateOptions } from "../../network/surrogate.ts";

/** Parameters of a layer's dynamics that can be trained too. */
export type LearnedDynamics = "alpha" | "beta" | "threshold";

export interface ReferenceLearnerOptions {
  readonly maxBatch: number;
  readonly surrogate: SurrogateOptions;
  readonly detachReset: boolean;
  readonly regulariser?: SpikeRegulariser;
  readonly learn?: readonly LearnedDynamics[];
  /** Of the encoding; the n-th forward pass has seed + n. */
  readonly seed?: number;
}

/**
 * A network that learns by the reference gradients: every option of a spiking network, at the speed of readable code. Trained decays and
 * thresholds follow weights and biases in the flat parameters: layer by layer, in the order of `learn`; decays are kept in [0, 1].
 */
export function referenceLearner(network: SpikingNetwork, options: ReferenceLearnerOptions): TrainableNetwork {
  const { maxBatch, learn = [], seed = 0 } = options;
  const weights = packParameters(network);
  const parameters = new Float32Array(weights.length + network.layers.length * learn.length);
  parameters.set(weights);
  network.layers.forEach((layer, l) =>
    learn.forEach((name, k) => (parameters[weights.length + l * learn.length + k] = layer[name])),
  );
  const gradients = new Float32Array(parameters.length);
  const views = unpackLayers(network, parameters);
  const into = unpackLayers(network, gradients);
  const actions = network.layers.at(-1)!.outputs;
  const size = observationSize(network);
  const engine = fastEngine();
  let calls = 0;
  let states = new Float32Array(0);

  const current = (): SpikingNetwork => ({
    ...network,
    layers: network.layers.map((layer, l) => {
      const learned = Object.fromEntries(
        learn.map((name, k) => {
          const value = parameters[weights.length + l * learn.length + k];
          return [name, name === "threshold" ? value : Math.min(1, Math.max(0, value))];
        }),
      );
      return { ...layer, ...learned, weights: views[l].weights.slice(), biases: views[l].biases?.slice() ?? null };
    }),
  });

  return {
    observationSize: size,
    actions,
    maxBatch,
    parameters,
    gradients,
    forward(observations, batch) {
      states = observations.slice(0, batch * size);
      return Float32Array.from(engine.run(current(), states, { seed: seed + calls++ }).outputs);
    },
    backward(outputGradients) {
      const { layers } = referenceGradients(current(), states, () => outputGradients, {
        ...options,
        precision: "float32",
        seed: seed + calls - 1,
      });
      layers.forEach((layer, l) => {
        into[l].weights.set(layer.weights);
        into[l].biases?.set(layer.biases);
        learn.forEach((name, k) => (gradients[weights.length + l * learn.length + k] = layer[name]));
      });
    },
    toNetwork: current,
    close() {},
  };
}
