import type { Tensor } from "../../../src/files/tensor.ts";

/** A small network as export_torch describes one: a convolution, then a dense layer that pools. `own`: further fields of the second layer's neuron. */
export function describedNetwork(own: object = {}) {
  const neuron = { beta: 0.5, threshold: 1, reset: "sub", fire: ">=" };
  return {
    framework: "spikingjelly",
    versions: { spikingjelly: "2.0.0" },
    steps: 3,
    layers: [
      { kind: "conv2d", weight: "c_weight", bias: "c_bias", stride: 1, padding: 1, neuron },
      {
        pooling: "avg",
        size: 2,
        kind: "linear",
        weight: "f_weight",
        neuron: { ...neuron, alpha: 0.5, ...own, vMin: [-1, -2] },
      },
    ],
  };
}

/** Its weights and two states as `draw` makes them, and no spikes. */
export const itsArrays = (draw: (...shape: number[]) => Tensor): Record<string, Tensor> => ({
  c_weight: draw(2, 1, 3, 3),
  c_bias: draw(2),
  f_weight: draw(2, 8),
  x: draw(2, 1, 4, 4),
  spikes0: none(3, 2, 32),
  spikes1: none(3, 2, 2),
});

export function none(...shape: number[]): Tensor {
  return { dtype: "uint8", shape, data: new Uint8Array(shape.reduce((a, b) => a * b, 1)) };
}
