import { columnsOf, outputsOf } from "../network/layer.ts";
import { type Stage, unconvertible } from "./stages.ts";

/**
 * The same function in units of one spike per step: W_l <- W_l lambda_{l-1} / lambda_l and b_l <- b_l / lambda_l, lambda_{-1} = 1
 * (Diehl et al. 2015). ReLU commutes with positive scales, so stage l of the result puts out activation / lambda_l.
 * `scales`: per stage one number, or one for each neuron (of a convolution: channel).
 */
export function normalise(stages: readonly Stage[], scales: readonly Float64Array[]): Stage[] {
  return stages.map((stage, l) => {
    const columns = columnsOf(stage);
    const [before, own] = [scales[l - 1] ?? Float64Array.of(1), scales[l]];
    return {
      ...stage,
      weights: stage.weights.map((w, k) => w * (before[Math.floor(k / columns) % before.length] / own[k % own.length])),
      biases: stage.biases.map((b, j) => b / own[j % own.length]),
    };
  });
}

/** The output stage, number `l`, with the mean over its neurons taken off, state by state: their differences stay. */
export function centred(stage: Stage, l: number): Stage {
  const n = outputsOf(stage);
  if (columnsOf(stage) !== n)
    unconvertible(
      stage,
      l,
      "its outputs share weights over an image, from which their mean can't be taken off",
      'Convert it with output "scaled" or "unscaled", or end the network with a dense layer.',
    );
  return { ...stage, weights: lessRowMeans(stage.weights, n), biases: lessRowMeans(stage.biases, n) };
}

function lessRowMeans(values: Float64Array, columns: number): Float64Array {
  const less = values.slice();
  for (let first = 0; first < values.length; first += columns) {
    const row = less.subarray(first, first + columns);
    const mean = row.reduce((sum, value) => sum + value, 0) / columns;
    row.forEach((value, j) => (row[j] = value - mean));
  }
  return less;
}
