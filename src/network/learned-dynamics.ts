import { UsageError } from "../errors.ts";
import type { SpikingNetwork } from "./network.ts";
import { type Neuron, type NeuronModel, neuronModels } from "./neurons/index.ts";
import { parameterCount } from "./parameters.ts";

/** Parameters of a layer's neurons that can be trained too, where their model has them. */
export type LearnedDynamics = "alpha" | "beta" | "threshold" | "resetBy" | "resetTo" | "gain" | "offset" | "leakTo";

/** A parameter of a layer's neurons that is trained: one value, or one per neuron; views into flat arrays. */
export interface Learned {
  readonly name: LearnedDynamics;
  readonly each: boolean;
  readonly range: readonly [number, number];
  readonly value: Float32Array;
  readonly gradient: Float32Array;
}

/** The number of weights, biases and trained parameters of neurons. */
export function learnedCount({ layers, ...rest }: SpikingNetwork, learn: readonly LearnedDynamics[]): number {
  const own = layers.flatMap(({ activation }, l) => learn.map((name) => valuesOf(activation, name, l).length));
  return own.reduce((sum, n) => sum + n, parameterCount({ layers, ...rest }));
}

/**
 * Layer by layer, in the order of `learn`, what follows weights and biases in flat arrays of `learnedCount`; its values are written there.
 *
 * @throws UsageError BAD_ARGUMENT where neurons have no such parameter
 */
export function learnedDynamics(
  network: SpikingNetwork,
  learn: readonly LearnedDynamics[],
  parameters: Float32Array,
  gradients: Float32Array,
): Learned[][] {
  let at = parameterCount(network);
  return network.layers.map(({ activation }, l) =>
    learn.map((name): Learned => {
      const given = valuesOf(activation, name, l);
      const [from, to] = [at, (at += given.length)];
      const [value, gradient] = [parameters.subarray(from, to), gradients.subarray(from, to)];
      value.set(given);
      const { range } = (neuronModels[activation.kind] as NeuronModel).parameters[name];
      const each = typeof (activation as unknown as Record<string, unknown>)[name] !== "number";
      return { name, each, range, value, gradient };
    }),
  );
}

/** The network with its neurons' parameters as they are now, kept in their ranges. */
export function withLearned<N extends SpikingNetwork>(network: N, learned: readonly (readonly Learned[])[]): N {
  const layers = network.layers.map((layer, l) => ({
    ...layer,
    activation: { ...layer.activation, ...Object.fromEntries(learned[l].map(inRange)) },
  }));
  return { ...network, layers };
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
