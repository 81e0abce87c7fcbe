import { accum, multiply, ONE, toNumber } from "../../src/simulators/twins/accum.ts";
import { denseEquivalent } from "../../src/network/synapses.ts";
import { convolution } from "../../src/network/convolution.ts";
import { boardExp } from "../../src/simulators/twins/exp.ts";
import { poissonSpikes } from "../../src/simulators/spinnaker/poisson.ts";
import { cellParameters, membrane, timeConstant } from "../../src/simulators/twins/cells.ts";
import { fixedPointTwin } from "../../src/simulators/twins/fixed-point.ts";
import { leakyTwin } from "../../src/simulators/twins/leaky.ts";
import { arrive, membranes, update } from "../../src/simulators/twins/membranes.ts";
import { layerBounds, ringBuffers, ringBufferShift } from "../../src/simulators/twins/ring-buffers.ts";
import { createSpikingNetwork, spikingNetwork } from "../../src/network/old/spiking-network.ts";
import { Random } from "../../src/numeric/random.ts";

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
    const { shifts, words } = ringBuffers({ inputs: 3, outputs: 2, weights }, "sums");
    expect(shifts).toEqual([0, 0]); // 0.9 + 0.05; 0.1 + 0.6
    expect([...words]).toEqual([0.9, -0.1, 0.05, 0.2, -0.5, -0.6].map((w) => word(w, 0)));
    const over = ringBuffers({ inputs: 3, outputs: 2, weights: weights.with(2, 0.2) }, "sums");
    expect(over.shifts).toEqual([1, 0]);
  });

  it("or, as sPyNNaker alone does, by its largest weight times its largest fan-in", () => {
    const layer = { inputs: 2, outputs: 2, weights: Float32Array.of(0.9, -0.1, 0.8, 0.2) };
    const { shifts, words } = ringBuffers(layer, "spynnaker");
    expect(shifts).toEqual([1, 0]); // 0.9 x 2 = 1.8 below 2; 0.1 x 1
    expect([...words]).toEqual([word(0.9, 1), -word(0.1, 0), word(0.8, 1), word(0.2, 1)]);
  });

  it("never run full under the sum of a convolution's kernel, nor of a matrix", () => {
    const random = new Random(7);
    const image = convolution([5, 5, 2], { filters: 3, kernel: [3, 3], padding: "same" });
    const draw = (n: number): Float32Array => Float32Array.from({ length: n }, () => random.normal());
    for (const layer of [
      { inputs: 50, outputs: 75, weights: draw(54), convolution: image },
      { inputs: 50, outputs: 75, weights: draw(3750) },
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
    expect(layerBounds({ ...network, encoding: "equidistant" }, { poissonOnChip: true })).toEqual(["sums", "sums"]);
    expect(layerBounds(network, { tauM: 100 })).toEqual(["spynnaker", "spynnaker"]);
  });
});

describe("the fixed-point twin", () => {
  it("integrates a constant current by hand: tau_m 512, gain 1, leak 1/512", async () => {
    const network = spikingNetwork(
      [
        { inputs: 1, outputs: 1, weights: Float32Array.of(1) },
        { inputs: 1, outputs: 1, weights: Float32Array.of(0.5) },
      ],
      { steps: 6 },
    );
    expect(timeConstant(network)).toBe(512);
    const twin = fixedPointTwin();
    await twin.load(network);
    const { spikes, potentials } = await twin.run(Float32Array.of(0.375));
    // V: 0.375, 0.7493, 1.1228 >= 1: spikes in step 2, then again from 0 in step 5
    expect([...spikes[0].step]).toEqual([2, 5]);
    // 0.5 arrives in step 3, leaks in step 4, and is read before step 5: 0.5 (1 - 1/512), which is an accum
    expect(potentials[0]).toBe(0.5 * (1 - 1 / 512));
  });

  it("starts from the initial potentials", async () => {
    const network = spikingNetwork([
      { inputs: 1, outputs: 1, weights: Float32Array.of(1) },
      { inputs: 1, outputs: 1, weights: Float32Array.of(0.5) },
    ]);
    const started = {
      ...network,
      layers: network.layers.map((layer) => ({ ...layer, initialPotential: Float32Array.of(0.75) })),
    };
    const twin = fixedPointTwin();
    await twin.load(started);
    const { spikes, potentials } = await twin.run(Float32Array.of(0.375), { steps: 1 });
    expect([...spikes[0].step]).toEqual([0]); // 0.75 + 0.375 > 1
    expect(potentials[0]).toBe(0.75);
  });

  it("runs a convolution as the matrix that it stands for, bit for bit", async () => {
    const random = new Random(5);
    const draw = (n: number): Float32Array => Float32Array.from({ length: n }, () => random.normal() / 4);
    const shapes = [
      convolution([7, 6, 2], { filters: 3, kernel: [3, 2], strides: [2, 1], padding: "same" }),
      convolution([4, 6, 3], { filters: 4, kernel: [2, 3], strides: [1, 2] }),
    ];
    const dense = spikingNetwork([{ inputs: 24, outputs: 3, weights: draw(72), biases: draw(3) }]).layers[0];
    const network = {
      ...spikingNetwork([], { steps: 40 }),
      layers: [
        ...shapes.map((shape) => {
          const [inputs, outputs] = [shape.input, shape.output].map((image) => image[0] * image[1] * image[2]);
          const weights = draw(shape.kernel[0] * shape.kernel[1] * shape.input[2] * shape.output[2]);
          return { ...dense, inputs, outputs, weights, biases: draw(outputs), convolution: shape };
        }),
        dense,
      ],
    };
    const states = Float32Array.from({ length: 3 * 84 }, () => random.uniform());
    for (const encoding of ["constant", "equidistant"] as const) {
      const [conv, matrix] = [fixedPointTwin(), fixedPointTwin()];
      await conv.load({ ...network, encoding });
      await matrix.load(denseEquivalent({ ...network, encoding }));
      const [a, b] = [await conv.run(states), await matrix.run(states)];
      expect(a.spikes.map(({ step }) => step.length)[1]).toBeGreaterThan(50);
      expect(a.spikes).toEqual(b.spikes);
      expect(a.potentials).toEqual(b.potentials);
    }
  });

  it("saturates what arrives in one step at 65535 units", () => {
    const layer = { inputs: 1, outputs: 2, weights: Float32Array.of(1, -0.5) };
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

  it("comes close to the closed form at the thesis's tau_m", async () => {
    const network = createSpikingNetwork([4, 20, 3], new Random(2), { steps: 30 });
    const states = Float32Array.from({ length: 40 }, (_, i) => Math.sin(i));
    const twin = fixedPointTwin({ tauM: 100 });
    const leaky = leakyTwin();
    await twin.load(network);
    await leaky.load(network);
    const [a, b] = [await twin.run(states), await leaky.run(states)];
    const equal = a.actions.filter((action, s) => action === b.actions[s]).length;
    expect(equal).toBeGreaterThanOrEqual(9);
  });

  it("refuses what a board can't read out", async () => {
    await expect(
      fixedPointTwin().load(createSpikingNetwork([2, 4, 2], new Random(0), { decoding: "spikes" })),
    ).rejects.toMatchObject({ code: "MAPPING_IMPOSSIBLE" });
    await expect(
      fixedPointTwin().load(createSpikingNetwork([2, 4, 2], new Random(0), { alpha: 0.5 })),
    ).rejects.toMatchObject({ code: "MAPPING_IMPOSSIBLE", message: expect.stringContaining("Layer 0") });
  });
});
