import { accum, multiply, ONE, toNumber } from "../../src/simulators/twins/accum.ts";
import { denseEquivalent } from "../../src/network/synapses.ts";
import { convolution, sizeOf } from "../../src/network/convolution.ts";
import { boardExp } from "../../src/simulators/twins/exp.ts";
import { poissonSpikes } from "../../src/simulators/spinnaker/poisson.ts";
import { cellParameters, membrane, timeConstant } from "../../src/simulators/twins/cells.ts";
import { fixedPointTwin } from "../../src/simulators/twins/fixed-point.ts";
import { arrive, membranes, update } from "../../src/simulators/twins/membranes.ts";
import { layerBounds, ringBuffers, ringBufferShift } from "../../src/simulators/twins/ring-buffers.ts";
import { createSpikingNetwork, spikingNetwork, type Weighted } from "../../src/network/create.ts";
import type { Observations, RunOptions, RunResult } from "../../src/network/engine.ts";
import type { Encoding, SpikingNetwork } from "../../src/network/network.ts";
import { neuron, neuronModels, type NeuronKind } from "../../src/network/neurons/index.ts";
import { Random } from "../../src/numeric/random.ts";

/** A layer of dense synapses. */
const dense = (inputs: number, outputs: number, weights: Float32Array) => ({
  synapses: { kind: "dense" as const, inputs, outputs },
  weights,
});

async function run(network: SpikingNetwork, observations: Observations, options?: RunOptions): Promise<RunResult> {
  return (await fixedPointTwin().load(network)).run(observations, { recordSpikes: true, ...options });
}

const encoded = (network: SpikingNetwork, encoding: Encoding): SpikingNetwork => ({
  ...network,
  coding: { ...network.coding, encoding },
});

describe("s16.15", () => {
  it("rounds products to the nearest 2^-15, halves up", () => {
    expect(multiply(accum(0.5), accum(3))).toBe(accum(1.5));
    expect(multiply(1, ONE / 2)).toBe(1); // 0.5 units: up
    expect(multiply(-1, ONE / 2)).toBe(0); // -0.5 units: up
    expect(multiply(1, ONE / 2 - 1)).toBe(0);
  });

  it("is exact where float64 is not: large factors go through integers", () => {
    const [x, y] = [2 ** 31 - 1, 2 ** 31 - 3];
    expect(multiply(x, y)).toBe(Number(BigInt.asIntN(32, (BigInt(x) * BigInt(y) + 16384n) >> 15n)));
  });

  it("represents numbers within 2^-16", () => {
    for (const x of [0, 1, -1, 0.3, -17.7, 1234.5678])
      expect(Math.abs(toNumber(accum(x)) - x)).toBeLessThanOrEqual(2 ** -16);
  });
});

describe("the board's exp()", () => {
  it("cuts where it should round: one unit low for 1/1024, right for 1/512 and 1/256", () => {
    // Worked out with the integers of spinn_common's stdfix-exp.c.
    expect([1024, 512, 256, 128, 100, 64, 16, 2].map((tau) => boardExp(Math.floor(ONE / tau)))).toEqual([
      32735, 32704, 32640, 32513, 32442, 32260, 30782, 19874,
    ]);
    expect(boardExp(0)).toBe(ONE);
  });

  it("is within a unit and a bit of the exponential, everywhere", () => {
    for (let x = 0; x < ONE; x += 7) {
      const error = boardExp(x) - Math.exp(-x / ONE) * ONE;
      expect(error).toBeGreaterThan(-1.05);
      expect(error).toBeLessThan(0.05);
    }
  });
});

describe("membranes", () => {
  it("gain 1 per unit of input with the decay that the board computes", () => {
    for (const [beta, tauM] of [
      [1, 512],
      [1, 256],
      [1, 128],
      [1, 64],
      [0.9, 512],
      [0.5, 512],
    ] as const) {
      const { resistance, decay } = cellParameters(membrane({ beta }, tauM), null);
      expect((resistance / ONE) * (1 - decay / ONE)).toBeCloseTo(1, 4);
      if (beta < 1) expect(decay / ONE).toBeCloseTo(beta, 4);
    }
    expect(membrane({ beta: 1 }, 512)).toEqual({ tauM: 512, cm: 1 });
  });
});

describe("ring buffers", () => {
  it("take the power of two strictly above the bound", () => {
    expect([0, 0.3, 1, 1.5, 2, 3, 4, 1000].map(ringBufferShift)).toEqual([0, 0, 1, 1, 2, 2, 3, 10]);
  });

  const word = (w: number, shift: number): number => Math.round(Math.fround(w) * 2 ** (15 - shift));

  it("bound each sign by its largest sum over a neuron", () => {
    const weights = Float32Array.of(0.9, -0.1, 0.05, 0.2, -0.5, -0.6);
    const { shifts, words } = ringBuffers(dense(3, 2, weights), "sums");
    expect(shifts).toEqual([0, 0]); // 0.9 + 0.05; 0.1 + 0.6
    expect([...words]).toEqual([0.9, -0.1, 0.05, 0.2, -0.5, -0.6].map((w) => word(w, 0)));
    const over = ringBuffers(dense(3, 2, weights.with(2, 0.2)), "sums");
    expect(over.shifts).toEqual([1, 0]);
  });

  it("or, as sPyNNaker alone does, by its largest weight times its largest fan-in", () => {
    const layer = dense(2, 2, Float32Array.of(0.9, -0.1, 0.8, 0.2));
    const { shifts, words } = ringBuffers(layer, "spynnaker");
    expect(shifts).toEqual([1, 0]); // 0.9 x 2 = 1.8 below 2; 0.1 x 1
    expect([...words]).toEqual([word(0.9, 1), -word(0.1, 0), word(0.8, 1), word(0.2, 1)]);
  });

  it("never run full under the sum of a convolution's kernel, nor of a matrix", () => {
    const random = new Random(7);
    const image = convolution([5, 5, 2], { filters: 3, kernel: [3, 3], padding: "same" });
    const draw = (n: number): Float32Array => Float32Array.from({ length: n }, () => random.normal());
    for (const layer of [
      { synapses: { kind: "convolution", ...image }, weights: draw(54) } as const,
      dense(50, 75, draw(3750)),
    ]) {
      const sums = ringBuffers(layer, "sums");
      const products = ringBuffers(layer, "spynnaker");
      expect(sums.shifts[0]).toBeLessThan(products.shifts[0]);
      expect(sums.shifts[1]).toBeLessThan(products.shifts[1]);
      // Every source spikes: each sign's words reach no neuron beyond the buffer, and come close to it.
      const population = membranes(layer, sums);
      for (let source = 0; source < 50; source++) arrive(population, source);
      const [excitatory, inhibitory] = [population.excitatory, population.inhibitory].map((buffer) =>
        Math.max(...buffer),
      );
      expect(excitatory).toBeLessThan(65535);
      expect(inhibitory).toBeLessThan(65535);
      expect(Math.max(excitatory, inhibitory)).toBeGreaterThan(65536 / 4);
    }
  });

  it("are sPyNNaker's own in the thesis's set-up and behind Poisson sources on the chip", () => {
    const network = createSpikingNetwork([2, 4, 2], new Random(0), { encoding: "poisson" });
    expect(layerBounds(network, {})).toEqual(["sums", "sums"]);
    expect(layerBounds(network, { poissonOnChip: true })).toEqual(["spynnaker", "sums"]);
    expect(layerBounds(encoded(network, "equidistant"), { poissonOnChip: true })).toEqual(["sums", "sums"]);
    expect(layerBounds(network, { tauM: 100 })).toEqual(["spynnaker", "spynnaker"]);
  });
});

describe("the fixed-point twin", () => {
  it("integrates a constant current by hand: tau_m 512, gain 1, leak 1/512", async () => {
    const network = spikingNetwork([dense(1, 1, Float32Array.of(1)), dense(1, 1, Float32Array.of(0.5))], { steps: 6 });
    expect(timeConstant(network)).toBe(512);
    const { spikes, potentials } = await run(network, Float32Array.of(0.375));
    // V: 0.375, 0.7493, 1.1228 >= 1: spikes in step 2, then again from 0 in step 5
    expect([...spikes![0].step]).toEqual([2, 5]);
    expect([...(await run(network, Float32Array.of(0.375))).spikeCounts[0]]).toEqual([2]);
    // 0.5 arrives in step 3, leaks in step 4, and is read before step 5: 0.5 (1 - 1/512), which is an accum
    expect(potentials[0]).toBe(0.5 * (1 - 1 / 512));
  });

  it("starts from the initial potentials", async () => {
    const network = spikingNetwork([dense(1, 1, Float32Array.of(1)), dense(1, 1, Float32Array.of(0.5))], {
      neuron: neuron("lagged-lif", { initial: Float32Array.of(0.75) }),
    });
    const { spikes, potentials } = await run(network, Float32Array.of(0.375), { steps: 1 });
    expect([...spikes![0].step]).toEqual([0]); // 0.75 + 0.375 > 1
    expect(potentials[0]).toBe(0.75);
  });

  it("runs a convolution as the matrix that it stands for, bit for bit", async () => {
    const random = new Random(5);
    const draw = (n: number): Float32Array => Float32Array.from({ length: n }, () => random.normal() / 4);
    const shapes = [
      convolution([7, 6, 2], { filters: 3, kernel: [3, 2], strides: [2, 1], padding: "same" }),
      convolution([4, 6, 3], { filters: 4, kernel: [2, 3], strides: [1, 2] }),
    ];
    const layers: Weighted[] = shapes.map((shape) => ({
      synapses: { kind: "convolution", ...shape },
      weights: draw(shape.kernel[0] * shape.kernel[1] * shape.input[2] * shape.output[2]),
      biases: draw(sizeOf(shape.output)),
    }));
    const network = spikingNetwork([...layers, { ...dense(24, 3, draw(72)), biases: draw(3) }], { steps: 40 });
    const states = Float32Array.from({ length: 3 * 84 }, () => random.uniform());
    for (const encoding of ["constant", "equidistant"] as const) {
      const own = encoded(network, encoding);
      const [a, b] = [await run(own, states), await run(denseEquivalent(own), states)];
      expect(a.spikes!.map(({ step }) => step.length)[1]).toBeGreaterThan(50);
      expect(a.spikes).toEqual(b.spikes);
      expect(a.potentials).toEqual(b.potentials);
    }
  });

  it("saturates what arrives in one step at 65535 units", () => {
    const layer = dense(1, 2, Float32Array.of(1, -0.5));
    const buffers = ringBuffers(layer, "sums");
    const population = membranes(layer, buffers);
    for (let k = 0; k < 9; k++) arrive(population, 0); // as a Poisson source may
    update(population, [0, 0], { resistance: ONE, decay: 0, threshold: Infinity });
    expect([...population.v]).toEqual([65535 * 2 ** buffers.shifts[0], -65535 * 2 ** buffers.shifts[1]]);
    update(population, [0, 0], { resistance: ONE, decay: 0, threshold: Infinity });
    expect([...population.v]).toEqual([0, 0]); // the buffers are empty again
  });

  it("draws Poisson input as the chip does: a Poisson number in each step, of mean x at most 1", async () => {
    const network = createSpikingNetwork([2, 4, 2], new Random(0), { encoding: "poisson" });
    const steps = 20_000;
    const { step, neuron } = poissonSpikes(network, [0.3, 7], { steps, seed: 1 });
    const counts = [new Int32Array(steps), new Int32Array(steps)];
    neuron.forEach((n, k) => counts[n][step[k]]++);
    [0.3, 1].forEach((mean, n) => {
      const measured = counts[n].reduce((a, b) => a + b, 0) / steps;
      const variance = counts[n].reduce((a, b) => a + (b - measured) ** 2, 0) / steps;
      expect(Math.abs(measured - mean)).toBeLessThan(5 * Math.sqrt(mean / steps));
      expect(Math.abs(variance - mean)).toBeLessThan(0.06 * mean);
    });
  });

  it("refuses what a board can't read out", async () => {
    const network = createSpikingNetwork([2, 4, 2], new Random(0), { decoding: "spikes" });
    await expect(run(network, new Float32Array(2))).rejects.toMatchObject({ code: "MAPPING_IMPOSSIBLE" });
  });

  it.each(Object.keys(neuronModels) as NeuronKind[])("runs %s, or names the layer and why it can't", async (kind) => {
    const reasons: Readonly<Record<NeuronKind, string | null>> = { "lagged-lif": null, "lif": "not mapped yet" };
    const network = createSpikingNetwork([2, 4, 2], new Random(0), { neuron: neuron(kind) });
    const result = run(network, new Float32Array(2));
    if (reasons[kind] === null) expect((await result).actions).toHaveLength(1);
    else
      await expect(result).rejects.toMatchObject({
        code: "MAPPING_IMPOSSIBLE",
        message: expect.stringMatching(new RegExp(`Layer 0 .*${reasons[kind]}`)),
      });
  });

  it("refuses synaptic currents", async () => {
    const network = createSpikingNetwork([2, 4, 2], new Random(0), { neuron: neuron("lagged-lif", { alpha: 0.5 }) });
    await expect(run(network, new Float32Array(2))).rejects.toMatchObject({
      code: "MAPPING_IMPOSSIBLE",
      message: expect.stringContaining("Layer 0"),
    });
  });
});
