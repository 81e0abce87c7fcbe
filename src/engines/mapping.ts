import { isNeuron, type Layer } from "../network/layer.ts";
import type { LayerMapping, Mapping } from "../network/mapping.ts";
import type { Network } from "../network/network.ts";
import { neuronModels, statedFields } from "../network/neurons/index.ts";

/** How an engine of our own takes a network: as it is, in float32 with rounded sums. */
export function ownMapping(name: string, precision: "float32" | "float64", network: Network): Mapping {
  return {
    name,
    simulator: name,
    step: 1,
    resolution: 1,
    input: "as encoded",
    ties: "as the neuron's equations say",
    layers: network.layers.map(ownLayer),
    exact: precision === "float64",
    notes: precision === "float64" ? [] : ["Sums are rounded to float32."],
  };
}

function ownLayer({ activation }: Layer, layer: number): LayerMapping {
  const parameters: Record<string, number | string | readonly number[]> = {};
  if (isNeuron(activation)) {
    for (const [name, value] of Object.entries(statedFields(activation)))
      parameters[name] = typeof value === "object" ? [...value] : value === Infinity ? "Infinity" : value; // for JSON
  }
  const weights = { unit: isNeuron(activation) ? "potential per spike" : "as they are", factor: 1 };
  const delay = isNeuron(activation) ? neuronModels[activation.kind].lag : 0;
  return { layer, model: activation.kind, parameters, weights, delay };
}
