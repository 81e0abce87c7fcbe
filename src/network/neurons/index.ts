import type { Arithmetic, Fire, NeuronModel, NeuronState, Values } from "./neuron.ts";
import { type LaggedLif, laggedLifModel, stepLaggedLif } from "./lagged-lif.ts";
import { type Lif, lifModel, stepLif } from "./lif.ts";

export type { Arithmetic, Choice, Fire, NeuronModel, NeuronState, Parameter, Values } from "./neuron.ts";
export { float32, float64, valueOf } from "./neuron.ts";
export type { LaggedLif } from "./lagged-lif.ts";
export { charged, isPlainLif, type Lif, resetsLater } from "./lif.ts";

/**
 * Every neuron model. A new one is a member here, and a compile error wherever a back end does not say yet how it
 * expresses it.
 */
export type Neuron = LaggedLif | Lif;
/** The names of the neuron models. */
export type NeuronKind = Neuron["kind"];

/** The record of each model. */
export const neuronModels: Readonly<{ [K in NeuronKind]: NeuronModel & { readonly kind: K } }> = {
  "lagged-lif": laggedLifModel,
  "lif": lifModel,
};

/** A neuron with all that is left out as its model's defaults have it: `neuron("lif", { beta: 0.9 })`. */
export function neuron<K extends NeuronKind>(
  kind: K,
  given: Partial<Extract<Neuron, { kind: K }>> = {},
): Extract<Neuron, { kind: K }> {
  const { parameters, choices } = neuronModels[kind];
  const numbers = Object.entries(parameters).map(([name, parameter]) => [name, parameter.default]);
  const words = Object.entries(choices).map(([name, { values }]) => [name, values[0]]);
  const known = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  return { kind, ...Object.fromEntries([...numbers, ...words]), initial: null, ...known } as Extract<
    Neuron,
    { kind: K }
  >;
}

/**
 * The neuron's fields but its kind and its initial potentials; without those that came later to the record where they
 * have their defaults.
 */
export function statedFields(neuron: Neuron): Record<string, Values | string> {
  const { parameters, choices }: NeuronModel = neuronModels[neuron.kind];
  const own = neuron as unknown as Readonly<Record<string, Values | string>>;
  const defaults = [
    ...Object.entries(parameters).map(([name, { later, default: value }]) => [name, later, value] as const),
    ...Object.entries(choices).map(([name, { later, values }]) => [name, later, values[0]] as const),
  ];
  const stated = defaults.filter(([name, later, value]) => !later || own[name] !== value);
  return Object.fromEntries(stated.map(([name]) => [name, own[name]]));
}

/** Whether a neuron at this distance from its threshold spikes. */
export function firing(neuron: Neuron): Fire {
  const at = neuron.kind === "lif" && neuron.fires === "at";
  return at ? (distance) => Number(distance >= 0) : (distance) => Number(distance > 0);
}

/** One step of a layer of any neurons: see `stepLaggedLif`, `stepLif`. */
export function stepNeurons(
  neuron: Neuron,
  state: NeuronState,
  h: Float64Array,
  s: Float64Array,
  arithmetic: Arithmetic,
  fire: Fire = firing(neuron),
  fires = true,
): void {
  switch (neuron.kind) {
    case "lagged-lif":
      return stepLaggedLif(neuron, state, h, s, arithmetic, fire, fires);
    case "lif":
      return stepLif(neuron, state, h, s, arithmetic, fire, fires);
  }
}
