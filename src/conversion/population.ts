import { UsageError } from "../errors.ts";
import type { Convolution, ImageShape } from "../network/convolution.ts";
import { columnsOf, type Synapses } from "../network/layer.ts";
import { repeated } from "../network/populations.ts";
import type { Stage } from "./stages.ts";

/**
 * The same function with `size` equal neurons in place of every hidden one; what they send is divided by `size`. As spiking neurons that start at
 * different potentials they fire in turn: the population's rate has the resolution of `size` T steps after T, and the next layer hears it
 * spread evenly. Neurons of one population stand side by side, in an image as channels.
 */
export function populations(stages: readonly Stage[], size: number): Stage[] {
  if (!Number.isInteger(size) || size < 1)
    throw new UsageError("BAD_ARGUMENT", `A population has a whole number of neurons, at least 1, not ${size}.`);
  return stages.map((stage, l) => multiplied(stage, l > 0 ? size : 1, l < stages.length - 1 ? size : 1));
}

/** `rows` neurons in place of each that the synapses start from, `columns` in place of each own. */
function multiplied(stage: Stage, rows: number, columns: number): Stage {
  const { synapses, pooling, weights, biases } = stage;
  const from = columnsOf(stage);
  return {
    synapses: wider(synapses, rows, columns),
    weights: repeated(rows > 1 ? weights.map((w) => w / rows) : weights, from, rows, columns),
    biases: repeated(biases, from, 1, columns),
    channels: stage.channels * columns,
    ...(pooling && { pooling: { ...pooling, window: between(pooling.window, rows, rows) } }),
  };
}

function wider(synapses: Synapses, rows: number, columns: number): Synapses {
  if (synapses.kind === "convolution") return { kind: "convolution", ...between(synapses, rows, columns) };
  return { kind: "dense", inputs: synapses.inputs * rows, outputs: synapses.outputs * columns };
}

function between(geometry: Convolution, rows: number, columns: number): Convolution {
  const more = ([height, width, channels]: ImageShape, times: number): ImageShape => [height, width, channels * times];
  return { ...geometry, input: more(geometry.input, rows), output: more(geometry.output, columns) };
}
