import { UsageError } from "../../errors.ts";
import { actionsOf, observationSize, type SpikingNetwork } from "../../network/network.ts";
import { type Neuron, type NeuronModel, neuronModels } from "../../network/neurons/index.ts";
import { packParameters, unpackLayers, withParameters } from "../../network/parameters.ts";
import type { SpikeRegulariser } from "../../network/regulariser.ts";
import type { SurrogateOptions } from "../../network/surrogate.ts";
import { checkBatch, checkDerivatives, type TrainableNetwork } from "../../network/trainable.ts";
import { fastEngine } from "../fast/index.ts";
import { referenceGradients } from "./gradients.ts";

/** Parameters of a layer's neurons that can be trained too, where their model has them. */
export type LearnedDynamics = "alpha" | "beta" | "threshold" | "resetBy" | "resetTo" | "gain" | "offset" | "leakTo";

export interface ReferenceLearnerOptions {
  readonly maxBatch: number;
  readonly surrogate: SurrogateOptions;
  readonly detachReset: boolean;
  readonly regulariser?: SpikeRegulariser;
  readonly learn?: readonly LearnedDynamics[];
  /** Of the encoding; the n-th forward pass has seed + n. */
  readonly seed?: number;
}

/** A parameter of a layer's neurons that is trained: one value, or one per neuron. */
interface Learned {
  readonly name: LearnedDynamics;
  readonly each: boolean;
  readonly range: readonly [number, number];
  readonly value: Float32Array;
  readonly gradient: Float32Array;
}

/**
 * A network that learns by the reference gradients: every option of a spiking network, at the speed of readable code.
 * Trained parameters of neurons follow weights and biases in the flat parameters: layer by layer, in the order of
 * `learn`; they are kept in their ranges.
 */
export function referenceLearner(network: SpikingNetwork, options: ReferenceLearnerOptions): TrainableNetwork {
  const { maxBatch, learn = [], seed = 0 } = options;
  const weights = packParameters(network);
  const given = network.layers.map(({ activation }, l) => learn.map((name) => valuesOf(activation, name, l)));
  const size = given.flat().reduce((sum, { length }) => sum + length, weights.length);
  const [parameters, gradients] = [new Float32Array(size), new Float32Array(size)];
  parameters.set(weights);
  let at = weights.length;
  const learned = network.layers.map(({ activation }, l) =>
    learn.map((name, k): Learned => {
      const [from, to] = [at, (at += given[l][k].length)];
      const [value, gradient] = [parameters.subarray(from, to), gradients.subarray(from, to)];
      value.set(given[l][k]);
      const { range } = (neuronModels[activation.kind] as NeuronModel).parameters[name];
      const each = typeof (activation as unknown as Record<string, unknown>)[name] !== "number";
      return { name, each, range, value, gradient };
    }),
  );
  const into = unpackLayers(network, gradients);
  const engine = fastEngine();
  let calls = 0;
  let states = new Float32Array(0);
  const current = (): SpikingNetwork => {
    const { layers, ...rest } = withParameters(network, parameters);
    return {
      ...rest,
      layers: layers.map((layer, l) => ({
        ...layer,
        activation: { ...layer.activation, ...Object.fromEntries(learned[l].map(inRange)) },
      })),
    };
  };
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

function valuesOf(neuron: Neuron, name: LearnedDynamics, l: number): ArrayLike<number> {
  const value = (neuron as unknown as Readonly<Record<string, number | Float32Array | undefined>>)[name];
  if (value === undefined)
    throw new UsageError("BAD_ARGUMENT", `The neurons of layer ${l} (${neuron.kind}) have no ${name} to learn.`, {
      facts: { layer: l, learn: name },
    });
  return typeof value === "number" ? [value] : value;
}

function inRange({ name, each, range, value }: Learned): [string, number | Float32Array] {
  const kept = value.map((x) => Math.min(range[1], Math.max(range[0], x)));
  return [name, each ? kept : kept[0]];
}
