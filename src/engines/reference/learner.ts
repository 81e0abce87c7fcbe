import { actionsOf, observationSize, type SpikingNetwork } from "../../network/network.ts";
import { learnedCount, type LearnedDynamics, learnedDynamics, withLearned } from "../../network/learned-dynamics.ts";
import { packParameters, unpackLayers, withParameters } from "../../network/parameters.ts";
import type { SpikeRegulariser } from "../../network/regulariser.ts";
import type { SurrogateOptions } from "../../network/surrogate.ts";
import { checkBatch, checkDerivatives, type TrainableNetwork } from "../../network/trainable.ts";
import { fastEngine } from "../fast/index.ts";
import { referenceGradients } from "./gradients.ts";

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
 * A network that learns by the reference gradients: every option of a spiking network, at the speed of readable code.
 * Trained parameters of neurons follow weights and biases in the flat parameters: layer by layer, in the order of
 * `learn`; they are kept in their ranges.
 */
export function referenceLearner(network: SpikingNetwork, options: ReferenceLearnerOptions): TrainableNetwork {
  const { maxBatch, learn = [], seed = 0 } = options;
  const size = learnedCount(network, learn);
  const [parameters, gradients] = [new Float32Array(size), new Float32Array(size)];
  packParameters(network, parameters);
  const learned = learnedDynamics(network, learn, parameters, gradients);
  const into = unpackLayers(network, gradients);
  const engine = fastEngine();
  let calls = 0;
  let states = new Float32Array(0);
  const current = (): SpikingNetwork => withLearned(withParameters(network, parameters), learned);
  return {
    observationSize: observationSize(network),
    actions: actionsOf(network),
    maxBatch,
    parameters,
    gradients,
    forward(observations, batch) {
      checkBatch({ maxBatch, observationSize: observationSize(network) }, batch, observations);
      states = observations.slice(0, batch * observationSize(network));
      const loaded = engine.load(current());
      try {
        return Float32Array.from(loaded.run(states, { seed: seed + calls++ }).outputs);
      } finally {
        loaded.close();
      }
    },
    backward(outputGradients) {
      checkDerivatives(states.length / observationSize(network), actionsOf(network), outputGradients);
      const all = { ...options, precision: "float32", seed: seed + calls - 1 } as const;
      const { layers } = referenceGradients(current(), states, () => outputGradients, all);
      layers.forEach((layer, l) => {
        into[l].weights.set(layer.weights);
        into[l].biases?.set(layer.biases);
        into[l].recurrent?.set(layer.recurrent);
        for (const { name, gradient } of learned[l]) gradient.set(layer.parameters[name]);
      });
    },
    toNetwork: current,
    close() {},
  };
}
