import { describe, expect, it } from "@jest/globals";
import { quantise } from "../../src/conversion/quantise.ts";
import { createTrainable } from "../../src/engines/create.ts";
import { fastEngine } from "../../src/engines/fast/index.ts";
import { fewBits, savedAs } from "../../src/learning/few-bits.ts";
import { scaleObservations } from "../../src/learning/scaling.ts";
import { createDenseNetwork, createSpikingNetwork } from "../../src/network/create.ts";
import { neuron } from "../../src/network/neurons/index.ts";
import { Random } from "../../src/numeric/random.ts";

const scaling = { center: [1, -2, 0], scale: [0.5, 4, 1] };
const raw = Float32Array.from({ length: 30 }, (_, k) => 3 * Math.sin(5 * k));

describe.each([
  ["dense", createDenseNetwork([3, 9, 2], Random.stream(3, "network"))],
  [
    "spiking",
    createSpikingNetwork([3, 9, 2], Random.stream(3, "network"), {
      neuron: neuron("lif", {}),
      steps: 4,
      biasInput: true,
    }),
  ],
])("a %s network that learns with few bits", (_, network) => {
  const learns = fewBits(createTrainable(network, { maxBatch: 10 }), 4, scaling);

  it("acts as the network that is saved of it, on raw observations", () => {
    const saved = savedAs(learns.toNetwork(), { bits: 4, scaling });
    const here = learns.forward(scaleObservations(scaling, raw), 10).slice();
    const there = fastEngine().load(saved).run(raw).outputs;
    here.forEach((value, k) => expect(value).toBeCloseTo(there[k], 4));
  });

  it("is saved with weights of 15 values a layer at most, as a second rounding leaves them", () => {
    const saved = savedAs(learns.toNetwork(), { bits: 4, scaling });
    for (const { weights } of saved.layers) expect(new Set(weights).size).toBeLessThanOrEqual(15);
    const again = quantise(saved, 4);
    again.layers.forEach(({ weights }, l) =>
      weights.forEach((w, k) => expect(w).toBeCloseTo(saved.layers[l].weights[k], 5)),
    );
  });

  it("adds up steps too small for its grid", () => {
    const before = learns.toNetwork().layers[0].weights.slice();
    const small = 1e-4;
    learns.parameters[0] += small;
    expect(learns.toNetwork().layers[0].weights[0]).toBeCloseTo(before[0], 6);
    for (let k = 0; k < 20_000; k++) learns.parameters[0] += small;
    expect(learns.toNetwork().layers[0].weights[0]).not.toBeCloseTo(before[0], 1);
  });
});
