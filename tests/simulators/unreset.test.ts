// tier: python
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { referenceEngine } from "../../src/engines/reference/index.ts";
import { spikingNetwork, type Weighted } from "../../src/network/create.ts";
import type { Engine } from "../../src/network/engine.ts";
import { type Lif, neuron } from "../../src/network/neurons/index.ts";
import { Random } from "../../src/numeric/random.ts";
import { certifyNetworks, type Subject } from "../../src/simulators/certificate.ts";
import { openSimulator } from "../../src/simulators/open.ts";

/** Neurons that spike in every step in which they are above their threshold: snnTorch's reset "none". */
const unreset = (k: number, random: Random): Lif =>
  neuron("lif", {
    beta: k % 4 === 0 ? 1 : 0.5 + 0.4 * random.uniform(),
    threshold: 0.2 + random.uniform(),
    resetBy: 0,
    fires: k % 2 ? "at" : "above",
    ...(k % 3 === 0 && { current: "decay-first", alpha: 0.5 }),
  });

/** Neurons of which all or some keep nothing, and which are reset in the step after: snnTorch's beta = 0. */
const forgetful = (k: number, random: Random): Lif =>
  neuron("lif", {
    // Some of them keep something.
    beta: k % 2 ? Float32Array.from({ length: 7 }, (_, j) => (j % 3) / 4) : 0,
    threshold: 0.2 + 0.5 * random.uniform(),
    resetBy: 0.2 + random.uniform(),
    fires: k % 2 ? "at" : "above",
    reset: "delayed-subtraction",
    ...(k % 3 === 0 && { current: "decay-first", alpha: 0.5 }),
    ...(k % 4 === 1 && { gain: 0.75, offset: 0.1 }),
  });

function* subjects(own: (k: number, random: Random) => Lif, count: number): Generator<Subject> {
  for (let k = 0; k < count; k++) {
    const random = Random.stream(k, "unreset");
    const draw = (n: number, scale: number): Float32Array =>
      Float32Array.from({ length: n }, () => scale * random.normal());
    const dense = (inputs: number, outputs: number): Weighted => ({
      synapses: { kind: "dense", inputs, outputs },
      weights: draw(inputs * outputs, 1 / Math.sqrt(inputs)),
      biases: draw(outputs, 0.1),
    });
    const decoding = k % 2 ? "spikes" : "potential";
    const made = { neuron: own(k, random), steps: 25, decoding } as const;
    const network = spikingNetwork([dense(3, 7), dense(7, 7), dense(7, 7)], made);
    yield { name: `network ${k}`, network, inputs: draw(4 * 3, 1), source: "random" };
  }
}

describe.each(["nest", "nest-pp", "pynn-nest"])("in %s", (name) => {
  let simulator: Engine;
  beforeAll(async () => void (simulator = await openSimulator(name)), 120_000);
  afterAll(() => simulator.close());

  it.each([
    ["that nothing resets", unreset],
    ["that forget all, and are reset in the next step,", forgetful],
  ])("neurons %s spike as here", async (_, own) => {
    const count = name === "nest" ? 8 : 3;
    const options = { simulator, engine: referenceEngine };
    const { mismatchedBins, spikes, passed } = await certifyNetworks(subjects(own, count), count, options);
    expect(spikes).toBeGreaterThan(30 * count);
    expect({ mismatchedBins, passed }).toEqual({ mismatchedBins: 0, passed: true });
  });
});
