import type { DenseLayer, DenseNetwork } from "../network/old/dense-network.ts";
import { UsageError } from "../errors.ts";
import { repeated } from "../network/populations.ts";

/**
 * The same function with `size` equal neurons in place of every hidden one; what they send is divided by `size`. As spiking
 * neurons that start at different potentials they fire in turn: the population's rate has the resolution of `size` T steps
 * after T, and the next layer hears it spread evenly. Neurons of one population stand side by side.
 */
export function populations(network: DenseNetwork, size: number): DenseNetwork {
  if (!Number.isInteger(size) || size < 1)
    throw new UsageError("BAD_ARGUMENT", `A population has a whole number of neurons, at least 1, not ${size}.`);
  if (size === 1) return network;
  const last = network.layers.length - 1;
  return {
    kind: "dense",
    layers: network.layers.map((layer, l) => multiplied(layer, l > 0 ? size : 1, l < last ? size : 1)),
  };
}

function multiplied({ inputs, outputs, weights, biases }: DenseLayer, rows: number, columns: number): DenseLayer {
  return {
    inputs: inputs * rows,
    outputs: outputs * columns,
    weights: repeated(
      weights.map((w) => w / rows),
      outputs,
      rows,
      columns,
    ),
    biases: repeated(biases, outputs, 1, columns),
  };
}
