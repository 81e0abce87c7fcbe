import { describe, expect, it } from "@jest/globals";
import { referenceEngine } from "../../src/engines/reference/index.ts";
import { createDenseNetwork, createSpikingNetwork } from "../../src/network/create.ts";
import { isSpiking, type Network, type SpikingNetwork } from "../../src/network/network.ts";
import { neuron } from "../../src/network/neurons/index.ts";
import { leastSteps, refuseUnheard, unheard } from "../../src/network/reach.ts";
import { Random } from "../../src/numeric/random.ts";

/** Whether two observations that drive every neuron, each in its own way, come to different outputs. */
function differs(network: Network, steps?: number): boolean {
  const observations = Float64Array.of(40, -30, 50, 60, -50, 45, -35, 20);
  const { outputs } = referenceEngine.load(network).run(observations, isSpiking(network) ? { steps } : {});
  const half = outputs.length / 2;
  return outputs.slice(0, half).some((value, k) => value !== outputs[half + k]);
}

const changed = <N extends Network>(network: N, l: number, of: (w: number) => number): N => ({
  ...network,
  layers: network.layers.map((layer, k) => (k === l ? { ...layer, weights: layer.weights.map(of) } : layer)),
});

describe("the fewest steps in which an input reaches the outputs", () => {
  it.each([
    ["lagged-lif", "potential", [4, 6, 2], 4],
    ["lagged-lif", "potential", [4, 6, 6, 2], 6],
    ["lagged-lif", "spikes", [4, 6, 2], 5],
    ["lagged-lif", "max-potential", [4, 2], 2],
    ["lif", "potential", [4, 6, 6, 2], 1],
    ["lif", "spikes", [4, 6, 2], 1],
  ] as const)("%s, read by %s, %p: %i", (kind, decoding, shape, least) => {
    const network = createSpikingNetwork(shape, new Random(3), {
      neuron: neuron(kind),
      decoding,
      steps: least,
      weightScale: 20,
    });
    expect(leastSteps(network)).toBe(least);
    expect(unheard(network)).toBeUndefined();
    expect(differs(network, least)).toBe(true);
    if (least === 1) return;
    expect(differs(network, least - 1)).toBe(false);
    expect(unheard(network, least - 1)).toMatchObject({ reason: "steps", leastSteps: least, layer: shape.length - 2 });
  });
});

describe("dead layers", () => {
  const spiking: SpikingNetwork = createSpikingNetwork([4, 6, 5, 2], new Random(4), {
    neuron: neuron("lif"),
    steps: 9,
  });

  it("all of whose weights are 0", () => {
    for (const network of [spiking, createDenseNetwork([4, 6, 5, 2], new Random(4))])
      for (const l of [0, 1, 2]) {
        const dead = changed(network, l, () => 0);
        expect(unheard(dead)).toMatchObject({ reason: "weights", layer: l });
        expect(differs(dead)).toBe(false);
      }
  });

  it("but for the constant input's", () => {
    const network = createSpikingNetwork([4, 6, 2], new Random(5), { steps: 9, biasInput: true });
    const dead = {
      ...network,
      layers: network.layers.map((layer, l) =>
        l === 0 ? { ...layer, weights: layer.weights.map((w, k) => (k < 4 * 6 ? 0 : w)) } : layer,
      ),
    };
    expect(unheard(dead)).toMatchObject({ reason: "weights", layer: 0 });
  });

  it("that can't reach their thresholds, in so many steps or in any", () => {
    const weak = changed(spiking, 1, (w) => 0.01 * Math.abs(w));
    expect(unheard(weak, 9)).toMatchObject({ reason: "threshold", layer: 1 });
    expect(differs(weak, 9)).toBe(false);
    expect(unheard(weak, 10_000)).toBeUndefined();
    const leaky = createSpikingNetwork([4, 6, 5, 2], new Random(4), { neuron: neuron("lif", { beta: 0.5 }), steps: 9 });
    expect(
      unheard(
        changed(leaky, 1, (w) => 0.01 * Math.abs(w)),
        10_000,
      ),
    ).toMatchObject({ reason: "threshold", layer: 1 });
    expect(unheard(changed(spiking, 1, (w) => -Math.abs(w)))).toMatchObject({ reason: "threshold", layer: 1 });
  });

  it("whose ReLUs never open", () => {
    const network = createDenseNetwork([4, 6, 5, 2], new Random(4));
    const shut = {
      ...network,
      layers: network.layers.map((layer, l) =>
        l === 1 ? { ...layer, weights: layer.weights.map((w) => -Math.abs(w)), biases: new Float32Array(5) } : layer,
      ),
    };
    expect(unheard(shut)).toMatchObject({ reason: "threshold", layer: 1 });
    expect(differs(shut)).toBe(false);
  });

  it("are refused by who makes a network, with what to do", () => {
    expect(() => refuseUnheard(createSpikingNetwork([4, 6, 2], new Random(1), { steps: 3 }))).toThrow(
      expect.objectContaining({ code: "OUTPUT_CONSTANT", hint: "Give it more: --steps 4 or above." }),
    );
    refuseUnheard(spiking);
  });
});
