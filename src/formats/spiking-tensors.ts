import { UsageError } from "../errors.ts";
import { transposed } from "../files/tensor.ts";
import { spikingNetwork } from "../network/create.ts";
import type { Network } from "../network/network.ts";
import { neuron } from "../network/neurons/index.ts";
import type { ImportOptions, NeuronParameters } from "./form.ts";
import { type Module, partOf, sizesOf, wrongForm } from "./modules.ts";

import { chainsByNumbers, inOrder } from "./order.ts";

/** The original trained networks without biases for 20 steps; converted ones, with biases, were run with 100 first. */
export const importDefaults = { stepsWithoutBiases: 20, stepsWithBiases: 100 };

/** Dense weights are [outputs, inputs], spiking ones [inputs, outputs]: only one of the two chains, and fits the biases. */
export function kindOf(modules: readonly Module[], ordered: boolean, source: string): "dense" | "spiking" {
  if (modules.some(({ kind }) => kind !== "dense")) return "dense";
  // The original's arrays, and networks exported before exports said what they are, have either layout, and the order of their numbers.
  const numbered = modules.every(({ name }) => /^(layers\.)?\d+$/.test(name));
  const chains = (inputsFirst: boolean): boolean =>
    modules.every(({ parts: { weight, bias } }) => !bias || bias.shape[0] === weight.shape[inputsFirst ? 1 : 0]) &&
    (numbered ? chainsByNumbers(modules, inputsFirst) : hasOrder(modules, ordered, source, inputsFirst));
  const [dense, spiking] = [chains(false), chains(true)];
  // Torch's names say torch's layout.
  if (dense && !numbered) return "dense";
  // The original's W0, W1, ... without biases are those of spiking networks.
  if (spiking && modules.every(({ name, parts: { bias } }) => /^\d+$/.test(name) && !bias)) return "spiking";
  if (dense && spiking)
    throw new UsageError(
      "KIND_UNKNOWN",
      `${source} could be a dense or a spiking network: its layers chain both ways.`,
      { hint: "Add --kind dense (weights [outputs, inputs]) or --kind spiking (weights [inputs, outputs])." },
    );
  return spiking ? "spiking" : "dense";
}

/** Whether weights that are said to be spiking ones are [inputs, outputs]: unless names and shapes are those of torch's [outputs, inputs]. */
export function inputsComeFirst(modules: readonly Module[], ordered: boolean, source: string): boolean {
  try {
    return kindOf(modules, ordered, source) === "spiking";
  } catch {
    return true; // both chain, of arrays that may be either
  }
}

/** Whether there is an order at all, if only one of several. */
function hasOrder(modules: readonly Module[], ordered: boolean, source: string, inputsFirst: boolean): boolean {
  try {
    return inOrder(modules, ordered, source, inputsFirst) !== undefined;
  } catch {
    return true;
  }
}

/** A spiking network of weights [inputs, outputs], or [outputs, inputs] as torch has them. */
export function spikingFrom(
  modules: readonly Module[],
  options: ImportOptions,
  source: string,
  inputsFirst: boolean,
  assumed: string[],
): Network {
  const { observationSize, spiking = {}, neuronParameters } = options;
  const layers = modules.map((module) => {
    const { kind, name, parts } = module;
    if (kind !== "dense") throw wrongForm(source, `"${name}" is a ${kind}, which spiking weights can't be`);
    const { inputs, outputs } = sizesOf(module, inputsFirst);
    const biases = parts.bias ? partOf(module, "bias", source) : null;
    const stored = partOf(module, "weight", source);
    const weights = inputsFirst ? stored : transposed(stored, outputs, inputs);
    return { synapses: { kind, inputs, outputs } as const, weights, biases };
  });
  const { inputs } = layers[0].synapses;
  if (observationSize !== undefined && inputs !== observationSize && inputs !== observationSize + 1)
    throw new UsageError(
      "OBSERVATION_MISMATCH",
      `${source} has ${inputs} inputs: neither ${observationSize} nor, with a constant 1, ${observationSize + 1}.`,
    );
  const hasBiases = layers.some(({ biases }) => biases);
  const constant = observationSize === undefined ? !hasBiases : inputs === observationSize + 1;
  const { biasInput = constant } = spiking;
  const { steps = hasBiases ? importDefaults.stepsWithBiases : importDefaults.stepsWithoutBiases } = spiking;
  if (spiking.steps === undefined) assumed.push(`${steps} time steps per decision (--steps)`);
  if (spiking.biasInput === undefined && observationSize === undefined)
    assumed.push(biasInput ? "the last input is a constant 1 (--no-bias-input)" : "no constant input (--bias-input)");
  const own = spiking.neuron ?? neuronOf(neuronParameters ?? {}, assumed);
  return spikingNetwork(layers, { ...spiking, neuron: own, biasInput, steps });
}

function neuronOf(given: NeuronParameters, assumed: string[]): ReturnType<typeof neuron> {
  const defaults = { alpha: 0, beta: 1, threshold: 1, reset: "subtraction" } as const;
  const said = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  const missing = Object.entries(defaults).filter(([name]) => !(name in said));
  if (missing.length > 0)
    assumed.push(`lagged-lif neurons with ${missing.map(([name, value]) => `${name} ${value}`).join(", ")}`);
  return neuron("lagged-lif", { ...defaults, ...said });
}
