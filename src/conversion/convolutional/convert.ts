import type { Convolution, ImageShape } from "../../network/convolution.ts";
import type { ConvolutionalNetwork } from "../../network/old/convolutional-network.ts";
import { type SpikingLayer, spikingDefaults } from "../../network/old/spiking-network.ts";
import { repeated } from "../../network/populations.ts";
import { type Conversion, type ConversionOptions, completeOptions } from "../options.ts";
import { largest } from "../scales.ts";
import { startingPoint } from "../start.ts";
import { stageScales } from "./scales.ts";
import { type Stage, stageInputs, stagesOf } from "./stages.ts";

/**
 * A spiking network of integrate-and-fire neurons (threshold 1) whose firing rates stand for the activations of `network`: each convolution
 * becomes a spiking one, max pooling passes spikes (snn/pooling.ts), and batch normalisation, average pooling and `inputScale` go into the
 * weights, so that it takes observations as the source does. Options as for dense networks (`convert`); of a convolution a population multiplies the
 * channels. `states`: [n, height, width, channels].
 */
export function convertConvolutional(
  network: ConvolutionalNetwork,
  states: Float32Array,
  options: ConversionOptions = {},
): Conversion {
  const { output, start, holdBack, population, spiking, ...scaling } = completeOptions(options);
  const { steps } = spiking;
  const stages = stagesOf(network);
  const last = stages.length - 1;
  const found = stageScales(network, stages, states, scaling);
  // The output layer has one scale for all actions, or the best one could change.
  const scales = found.with(last, Float64Array.of(output === "scaled" ? largest(found[last]) : 1));
  const sizes = stages.map((_, l) => (l === last ? 1 : population));
  const normalised = stages.map((stage, l) => {
    const scaled = normalisedStage(stage, scales[l - 1] ?? Float64Array.of(1), scales[l]);
    return multiplied(output === "centred" && l === last ? centred(scaled) : scaled, sizes[l - 1] ?? 1, sizes[l]);
  });
  const { layers, potentials } = startingPoint(normalised, { start, populations: sizes, steps, holdBack });
  const { alpha, beta, threshold, resetBy, reset, initialPotential: _, ...read } = spikingDefaults;
  return {
    scales,
    network: {
      kind: "spiking",
      ...read,
      ...spiking,
      layers: layers.map(({ weights, biases, convolution, pooling }, l): SpikingLayer => ({
        inputs: stageInputs(normalised[l]),
        outputs: biases.length,
        weights: Float32Array.from(weights),
        biases,
        ...{ alpha, beta, threshold, resetBy, reset: spiking.reset ?? reset },
        initialPotential: potentials[l],
        ...(convolution && { convolution }),
        ...(pooling && { pooling }),
      })),
    },
  };
}

/** In units of one spike per step: W lambda_before / lambda, b / lambda, channel by channel. */
function normalisedStage(stage: Stage, before: Float64Array, own: Float64Array): Stage {
  const columns = stage.convolution?.output[2] ?? stage.biases.length;
  return {
    ...stage,
    weights: stage.weights.map((w, k) => (w * before[Math.floor(k / columns) % before.length]) / own[k % own.length]),
    biases: stage.biases.map((b, j) => b / own[j % own.length]),
  };
}

/** A dense stage whose outputs have the mean over its neurons taken off, state by state: their differences stay. */
function centred(stage: Stage): Stage {
  const n = stage.biases.length;
  const mean = (values: Float64Array, row: number): number =>
    values.subarray(row * n, (row + 1) * n).reduce((sum, value) => sum + value, 0) / n;
  const means = Float64Array.from({ length: stage.weights.length / n }, (_, row) => mean(stage.weights, row));
  const bias = mean(stage.biases, 0);
  return {
    ...stage,
    weights: stage.weights.map((w, k) => w - means[Math.floor(k / n)]),
    biases: stage.biases.map((b) => b - bias),
  };
}

/** `rows` equal neurons in place of each presynaptic one, `columns` in place of each own (see `populations`), side by side: in an image as channels. */
function multiplied(stage: Stage, rows: number, columns: number): Stage {
  if (rows === 1 && columns === 1) return stage;
  const { convolution, pooling } = stage;
  const from = convolution?.output[2] ?? stage.biases.length;
  const more = ([height, width, channels]: ImageShape, times: number): ImageShape => [height, width, channels * times];
  const between = (c: Convolution, after: number): Convolution => ({
    ...c,
    input: more(c.input, rows),
    output: more(c.output, after),
  });
  return {
    ...stage,
    weights: repeated(
      stage.weights.map((w) => w / rows),
      from,
      rows,
      columns,
    ),
    biases: repeated(stage.biases, from, 1, columns),
    channels: stage.channels * columns,
    ...(convolution && { convolution: between(convolution, columns) }),
    ...(pooling && { pooling: between(pooling, rows) }),
  };
}
