import type { ConvolutionalNetwork } from "../network/old/convolutional-network.ts";
import type { DenseNetwork } from "../network/old/dense-network.ts";
import { spikingNetwork } from "../network/old/spiking-network.ts";
import { convertConvolutional } from "./convolutional/convert.ts";
import { type Conversion, type ConversionOptions, completeOptions } from "./options.ts";
import { largest, layerScales } from "./scales.ts";
import { centred, normalise } from "./normalise.ts";
import { populations } from "./population.ts";
import { startingPoint } from "./start.ts";

export { balancedConversion, balancedConvolution, originalConversion } from "./options.ts";
export type { Conversion, ConversionOptions } from "./options.ts";

/**
 * A spiking network of integrate-and-fire neurons (threshold 1) whose firing rates stand for the activations of `source`, a dense
 * network or a convolutional one (`convertConvolutional`). Without options it is the thesis's robust normalisation (percentile 0.99 of the layers' maxima over the first 20,000 `states`,
 * [n, inputs]). Sources: Diehl et al. 2015; Rueckauer et al. 2017; for what begins before the first step, Bu et al. 2022.
 *
 * @example
 * const { network, scales } = convert(dqn, states, { ...balancedConversion, spiking: { steps: 32 } });
 */
export function convert(
  source: DenseNetwork | ConvolutionalNetwork,
  states: Float32Array,
  options: ConversionOptions = {},
): Conversion {
  if (source.kind === "convolutional") return convertConvolutional(source, states, options);
  const { output, start, holdBack, population, spiking, ...scaling } = completeOptions(options);
  const { steps } = spiking;
  const scales = outputScale(layerScales(source, states, scaling), output);
  const normalised = normalise(source, scales);
  const layers = normalised.layers.map((layer, l) =>
    output === "centred" && l === scales.length - 1 ? centred(layer) : layer,
  );
  const multiplied = populations({ kind: "dense", layers }, population);
  const { layers: started, potentials } = startingPoint(multiplied.layers, {
    start,
    populations: layers.map(() => population),
    steps,
    holdBack,
  });
  const spikes = spikingNetwork(started, spiking);
  return {
    scales,
    network: { ...spikes, layers: spikes.layers.map((layer, l) => ({ ...layer, initialPotential: potentials[l] })) },
  };
}

/** The output layer has one scale for all actions, or the best one could change. */
function outputScale(scales: Float64Array[], output: ConversionOptions["output"]): Float64Array[] {
  const last = scales.length - 1;
  return scales.with(last, Float64Array.of(output === "scaled" ? largest(scales[last]) : 1));
}
