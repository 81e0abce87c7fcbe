import { accum, multiply, ONE, toNumber } from "../../src/simulators/twins/accum.ts";
import { denseEquivalent } from "../../src/network/synapses.ts";
import { convolution, sizeOf } from "../../src/network/convolution.ts";
import { boardExp } from "../../src/simulators/twins/exp.ts";
import { poissonSpikes } from "../../src/simulators/spinnaker/poisson.ts";
import { cellParameters, membrane } from "../../src/simulators/twins/cells.ts";
import { fixedPointTwin } from "../../src/simulators/twins/fixed-point.ts";
import { arrive, membranes, update } from "../../src/simulators/twins/membranes.ts";
import { layerBounds, ringBuffers, ringBufferShift } from "../../src/simulators/twins/ring-buffers.ts";
import { createSpikingNetwork, spikingNetwork, type Weighted } from "../../src/network/create.ts";
import type { Observations, RunOptions, RunResult, SpikeEvents } from "../../src/network/engine.ts";
import type { Encoding, SpikingNetwork } from "../../src/network/network.ts";
import { neuron, neuronModels, type NeuronKind } from "../../src/network/neurons/index.ts";
import { outputsOf } from "../../src/network/layer.ts";
import { referenceEngine } from "../../src/engines/reference/index.ts";
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
  it("cuts products towards minus infinity, as the released binaries do", () => {
    expect(multiply(accum(0.5), accum(3))).toBe(accum(1.5));
    expect(multiply(1, ONE - 1)).toBe(0);
    expect(multiply(-1, 1)).toBe(-1);
  });

  it("is exact where float64 is not: large factors go through integers", () => {
    const [x, y] = [2 ** 31 - 1, 2 ** 31 - 3];
    expect(multiply(x, y)).toBe(Number(BigInt.asIntN(32, (BigInt(x) * BigInt(y)) >> 15n)));
  });

  it("rounds parameters as sPyNNaker's host side does, halves to even", () => {
    expect([0.5, 1.5, 2.5, -0.5, -1.5].map((units) => accum(units / ONE))).toEqual([0, 2, 2, 0, -2]);
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
  const parameters = (beta: number, limit: number, gain = 1) => {
    const own = membrane(beta, limit, gain);
    const none = Float64Array.of(0);
    const [tauM, cm] = [Float64Array.of(own.tauM), Float64Array.of(own.cm)];
    const shared = { rest: none, threshold: none, resetTo: none, offset: none, above: none, scale: Float64Array.of(1) };
    const { resistance, decay } = cellParameters({ model: "IFCurDelta", tauM, cm, ...shared });
    return { charge: (resistance[0] / ONE) * (1 - decay[0] / ONE), decay: decay[0] / ONE };
  };

  it("gain 1 per unit of input with the decay that the board computes", () => {
    for (const [beta, limit] of [
      [1, 60000],
      [1, 300],
      [1, 128],
      [1, 64],
      [0.9, 60000],
      [0.5, 60000],
      [0.1, 60000],
      [0.01, 60000],
      [0, 60000],
      [0.999, 60000],
      [0.99999, 60000],
    ] as const) {
      const { charge, decay } = parameters(beta, limit);
      expect(Math.abs(charge - 1)).toBeLessThan(2e-3);
      if (beta < 1) expect(Math.abs(decay - beta)).toBeLessThan(2e-4);
    }
    expect(membrane(1, 600)).toEqual({ tauM: 512, cm: 1 });
    expect(parameters(0.5, 60000, 3).charge).toBeCloseTo(3, 2);
  });

  it("leak faster than beta where tau_m times the largest input would leave s16.15", () => {
    expect(membrane(0.9999, 100).tauM).toBe(100);
    expect(membrane(0.9, 100).tauM).toBeCloseTo(9.49, 2);
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
  it("integrates a constant current by hand: tau_m 512, gain 1, leak 1/512, reset to zero", async () => {
    const network = spikingNetwork([dense(1, 1, Float32Array.of(1)), dense(1, 1, Float32Array.of(0.5))], { steps: 6 });
    const twin = await fixedPointTwin({ tauM: 512 }).load(network);
    const { spikes, spikeCounts, potentials } = await twin.run(Float32Array.of(0.375), { recordSpikes: true });
    // V: 0.375, 0.7492, 1.1228 >= 1: spikes in step 2, then again from 0 in step 5
    expect([...spikes![0].step]).toEqual([2, 5]);
    expect([...spikeCounts[0]]).toEqual([2]);
    // 0.5 arrives in step 3, leaks in step 4, and is read before step 5: 0.5 (1 - 1/512), which is an accum
    expect(potentials[0]).toBe(0.5 * (1 - 1 / 512));
  });

  it.each([
    ["lagged-lif", { reset: "subtraction" }],
    ["lagged-lif", { reset: "subtraction", beta: 0.9, resetBy: 0.75 }],
    ["lif", { reset: "subtraction", fires: "above" }],
    ["lif", { reset: "subtraction", fires: "at", beta: 0.9, resetBy: 0.75, gain: 1.5, offset: 0.05, leakTo: 0.1 }],
    ["lif", { reset: "value", resetTo: -0.25, beta: 0.8 }],
    ["lif", { reset: "delayed-subtraction", beta: 0.9 }],
  ] as const)("spikes as our engine does, but for rounding: %s %j", async (kind, fields) => {
    let [different, all, sameActions] = [0, 0, 0];
    for (const encoding of ["constant", "equidistant"] as const)
      for (let seed = 0; seed < 6; seed++) {
        const random = new Random(seed);
        const plain = createSpikingNetwork([3, 24, 24, 3], random, {
          steps: 40,
          encoding,
          neuron: neuron(kind, fields),
        });
        const layers = plain.layers.map((layer) => {
          const draw = (scale: number) =>
            Float32Array.from({ length: outputsOf(layer) }, () => random.uniform() * scale);
          return { ...layer, biases: draw(0.1), activation: { ...layer.activation, initial: draw(0.4) } };
        });
        const network: SpikingNetwork = { ...plain, layers };
        const x = Float32Array.of(random.uniform(), random.uniform(), random.uniform());
        const ours = referenceEngine.load(network).run(x, { recordSpikes: true });
        const theirs = await run(network, x);
        sameActions += Number(theirs.actions[0] === ours.actions[0]);
        ours.spikes!.slice(0, 2).forEach((events, l) => {
          const keys = ({ step, neuron }: SpikeEvents) => new Set(step.map((t, k) => 1000 * t + neuron[k]));
          const [mine, its] = [keys(events), keys(theirs.spikes![l])];
          all += mine.size;
          for (const key of new Set([...mine, ...its])) different += Number(mine.has(key) !== its.has(key));
        });
      }
    expect(all).toBeGreaterThan(500);
    expect(different).toBeLessThan(0.03 * all);
    expect(sameActions).toBeGreaterThanOrEqual(11); // of 12
  });

  it("starts from the initial potentials", async () => {
    const network = spikingNetwork([dense(1, 1, Float32Array.of(1)), dense(1, 1, Float32Array.of(0.5))], {
      neuron: neuron("lagged-lif", { initial: Float32Array.of(0.75) }),
    });
    const { spikes, potentials } = await run(network, Float32Array.of(0.375), { steps: 3 });
    expect([...spikes![0].step]).toEqual([2]); // 0.75 + 0.375 > 1, a step after which ours spikes
    expect(potentials[0]).toBeCloseTo(0.75, 3);
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
      // In units for each layer alike: of a convolution they are per channel, of a matrix per neuron.
      const twin = fixedPointTwin({ tauM: 512 });
      const [a, b] = await Promise.all(
        [own, denseEquivalent(own)].map(async (n) => (await twin.load(n)).run(states, { recordSpikes: true })),
      );
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
    const all = (value: number): Int32Array => Int32Array.of(value, value);
    const [none, never] = [all(0), all(2 ** 31 - 1)];
    const cell = { resistance: all(ONE), decay: none, rest: none, threshold: never, resetTo: none, subtracts: false };
    update(population, [0, 0], cell);
    expect([...population.v]).toEqual([65535 * 2 ** buffers.shifts[0], -65535 * 2 ** buffers.shifts[1]]);
    update(population, [0, 0], cell);
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

  it.each(Object.keys(neuronModels) as NeuronKind[])("runs %s", async (kind) => {
    const network = createSpikingNetwork([2, 4, 2], new Random(0), { neuron: neuron(kind) });
    expect((await run(network, new Float32Array(2))).actions).toHaveLength(1);
  });

  it("refuses synaptic currents", async () => {
    const network = createSpikingNetwork([2, 4, 2], new Random(0), { neuron: neuron("lagged-lif", { alpha: 0.5 }) });
    await expect(run(network, new Float32Array(2))).rejects.toMatchObject({
      code: "MAPPING_IMPOSSIBLE",
      message: expect.stringContaining("Layer 0"),
    });
  });
});
