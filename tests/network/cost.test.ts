import { fastEngine } from "../../src/engines/fast/index.ts";
import { referenceEngine } from "../../src/engines/reference/index.ts";
import { costOf } from "../../src/network/cost.ts";
import { createNetwork, createSpikingNetwork } from "../../src/network/create.ts";
import { linear, relu } from "../../src/network/layer.ts";
import type { Network } from "../../src/network/network.ts";
import { neuron } from "../../src/network/neurons/index.ts";
import { Random } from "../../src/numeric/random.ts";
import { runOn } from "../engines/run-on.ts";

const dense = (inputs: number, outputs: number, weights: readonly number[]) => ({
  synapses: { kind: "dense", inputs, outputs } as const,
  weights: Float32Array.from(weights),
  biases: null,
});

describe("what a decision costs", () => {
  it("is followed on paper for a dense network", () => {
    const network: Network = {
      input: [2],
      inputScale: 1,
      layers: [
        { ...dense(2, 3, [1, -1, 0, 1, 1, 1]), activation: relu },
        { ...dense(3, 2, [1, 1, 1, 1, 1, 1]), activation: linear },
      ],
    };
    // The first input alone: two of its three weights are not 0; of the hidden (1, -1, 0) one is left after the ReLU, which feeds two.
    const { work } = runOn(referenceEngine, network, Float32Array.of(1, 0));
    const cost = costOf(network, work!, 1);
    expect(cost).toMatchObject({ footprint: 48, macs: 4, acs: 0, membraneUpdates: 0 });
    expect(cost.connectionSparsity).toBeCloseTo(1 / 12, 12);
    expect(cost.activationSparsity).toBeCloseTo(2 / 3, 12);
    expect(cost.energy.compute).toBeCloseTo(4 * 4.6, 9);
    // 4 weights, 5 values.
    expect(cost.energy.withMemory).toBeCloseTo(4 * 4.6 + 90, 9);
    expect(cost.dense.macs).toBe(12);
    expect(cost.dense.energy.withMemory).toBeCloseTo(12 * 4.6 + 170, 9);
  });

  it("is followed on paper for a spiking one", () => {
    const lif = neuron("lif");
    const layers = [
      { ...dense(1, 2, [1.5, 0.1]), activation: lif },
      { ...dense(2, 2, [1, 1, 1, 1]), activation: lif },
    ] as const;
    const network = {
      ...createSpikingNetwork([1, 2, 2], new Random(1), { neuron: lif, steps: 4, biasInput: false }),
      layers,
    };
    // 1.5 a step crosses 1 in each of 4 steps; 0.1 never does. The output layer is read by its potentials.
    const { work } = runOn(referenceEngine, network, Float32Array.of(1));
    const cost = costOf(network, work!, 4);
    expect(cost).toMatchObject({
      macs: 2,
      acs: 8,
      membraneUpdates: 16,
      activationSparsity: 0.5,
      footprint: 4 * (6 + 4),
    });
    expect(cost.energy.compute).toBeCloseTo(2 * 4.6 + 8 * 0.9, 9);
    expect(cost.energy.withMemory).toBeCloseTo(2 * 4.6 + 8 * 0.9 + 10 * (10 + 32), 9);
  });

  it("counts the same in both engines, and never more than nothing left out, convolutions included", () => {
    const random = new Random(4);
    const network = createNetwork(
      [6, 6, 2],
      [
        { kind: "convolution", filters: 3, kernel: [3, 3], padding: "same" },
        { kind: "dense", outputs: 4 },
      ],
      random,
    );
    const image = Float32Array.from({ length: 72 }, () => random.normal());
    const [ours, theirs] = [fastEngine(), referenceEngine].map((engine) => runOn(engine, network, image).work!);
    expect(ours).toEqual(theirs);
    const { macs, dense } = costOf(network, ours, 1);
    // Each of 36 places sees 9 places but at the border: 16 * 9 + 16 * 6 + 4 * 4 of them, 2 x 3 weights each.
    expect(dense.macs).toBe((16 * 9 + 16 * 6 + 4 * 4) * 6 + 108 * 4);
    expect(macs).toBeLessThan(dense.macs);
  });
});
