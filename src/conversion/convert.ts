import { spikingNetwork } from "../network/create.ts";
import type { Network } from "../network/network.ts";
import { type Neuron, neuron, type NeuronKind, neuronModels } from "../network/neurons/index.ts";
import { centred, normalise } from "./normalise.ts";
import { type Conversion, type ConversionOptions, completeOptions } from "./options.ts";
import { populations } from "./population.ts";
import { largest, layerScales } from "./scales.ts";
import { stagesOf } from "./stages.ts";
import { startingPoint } from "./start.ts";

export { balancedConversion, balancedConvolution, originalConversion } from "./options.ts";
export type { Conversion, ConversionOptions } from "./options.ts";

/**
 * A spiking network of integrate-and-fire neurons (lagged-lif, threshold 1) whose firing rates stand for the activations of `source`, a network of
 * dense layers, convolutions and pooling with ReLUs. It takes observations as the source does: `inputScale` and average pooling go into the
 * weights, max pooling passes spikes (network/pooling.ts). Computed in float64 and rounded once. Without options it is the thesis's
 * robust normalisation (percentile 0.99 of the layers' maxima over the first 20,000 `states`, [n, observationSize]).
 *
 *   network -> stages -> scales -> normalised -> populations -> starting point -> spiking network
 *
 * Sources: Diehl et al. 2015; Rueckauer et al. 2017; for what begins before the first step, Bu et al. 2022.
 *
 * @example
 * const { network, scales } = convert(dqn, states, { ...balancedConversion, spiking: { steps: 32 } });
 *
 * @throws DsqnError LAYER_UNCONVERTIBLE; UsageError MODEL_KIND, REPLAY_MISMATCH, BAD_ARGUMENT
 */
export function convert(source: Network, states: Float32Array, options: ConversionOptions = {}): Conversion {
  const { output, start, holdBack, population, spiking, ...scaling } = completeOptions(options);
  const { reset, neuron: kind, ...coding } = spiking;
  const { lag } = neuronModels[kind];
  const stages = stagesOf(source);
  const last = stages.length - 1;
  const found = layerScales(source, states, scaling, stages);
  // The output layer has one scale for all actions, or the best one could change.
  const scales = found.with(last, Float64Array.of(output === "scaled" ? largest(found[last]) : 1));
  const scaled = normalise(stages, scales);
  const normalised = output === "centred" ? scaled.with(last, centred(scaled[last], last)) : scaled;
  const populated = populations(normalised, population);
  const started = startingPoint(populated, { start, population, steps: coding.steps, holdBack, lag });
  const layers = populated.map(({ channels: _, ...stage }, l) => ({
    ...stage,
    weights: new Float32Array(stage.weights),
    biases: started[l].biases,
  }));
  const network = spikingNetwork(layers, { ...coding, neuron: resetting(kind, reset) }, source.input);
  const placed = network.layers.map((layer, l) => ({
    ...layer,
    activation: { ...layer.activation, initial: started[l].potentials },
  }));
  return { scales, network: { ...network, layers: placed } };
}

/** A neuron without leak and threshold 1; to be reset to zero is, for lif, to the value 0. */
function resetting(kind: NeuronKind, reset: "subtraction" | "zero" | undefined): Neuron {
  return kind === "lif" ? neuron(kind, { reset: reset === "zero" ? "value" : "subtraction" }) : neuron(kind, { reset });
}
