// tier: python
import { describe, expect, it } from "@jest/globals";
import { referenceEngine } from "../../src/engines/reference/index.ts";
import { spikingNetwork, type Weighted } from "../../src/network/create.ts";
import { neuron } from "../../src/network/neurons/index.ts";
import { Random } from "../../src/numeric/random.ts";
import { certifyNetworks, type Subject } from "../../src/simulators/certificate.ts";
import { openSimulator } from "../../src/simulators/open.ts";

/** Neurons that spike in every step in which they are above their threshold: snnTorch's reset "none". */
function* subjects(): Generator<Subject> {
  for (let k = 0; k < 8; k++) {
    const random = Random.stream(k, "unreset");
    const draw = (n: number, scale: number): Float32Array =>
      Float32Array.from({ length: n }, () => scale * random.normal());
    const dense = (inputs: number, outputs: number): Weighted => ({
      synapses: { kind: "dense", inputs, outputs },
      weights: draw(inputs * outputs, 1 / Math.sqrt(inputs)),
      biases: draw(outputs, 0.1),
    });
    const own = neuron("lif", {
      beta: k % 4 === 0 ? 1 : 0.5 + 0.4 * random.uniform(),
      threshold: 0.2 + random.uniform(),
      resetBy: 0,
      fires: k % 2 ? "at" : "above",
      ...(k % 3 === 0 && { current: "decay-first", alpha: 0.5 }),
    });
    const decoding = k % 2 ? "spikes" : "potential";
    const network = spikingNetwork([dense(3, 9), dense(9, 7), dense(7, 2)], { neuron: own, steps: 25, decoding });
    yield { name: `unreset ${k}`, network, inputs: draw(4 * 3, 1), source: "random" };
  }
}

describe("neurons that nothing resets", () => {
  it.each(["nest", "pynn-nest"])("spike in %s as here", async (name) => {
    const simulator = await openSimulator(name);
    try {
      const { mismatchedBins, spikes, passed } = await certifyNetworks(subjects(), 8, {
        simulator,
        engine: referenceEngine,
      });
      expect(spikes).toBeGreaterThan(500);
      expect({ mismatchedBins, passed }).toEqual({ mismatchedBins: 0, passed: true });
    } finally {
      await simulator.close();
    }
  });
});
