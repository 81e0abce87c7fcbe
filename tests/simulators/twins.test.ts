import { accum, multiply, ONE, toNumber } from "../../src/simulators/twins/accum.ts";
import { fixedPointTwin, timeConstant } from "../../src/simulators/twins/fixed-point.ts";
import { leakyTwin } from "../../src/simulators/twins/leaky.ts";
import { ringBuffers, ringBufferShift } from "../../src/simulators/twins/ring-buffers.ts";
import { createSpikingNetwork, spikingNetwork } from "../../src/snn/network.ts";
import { Random } from "../../src/random.ts";

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

describe("ring buffers", () => {
  it("take the power of two strictly above the bound", () => {
    expect([0, 0.3, 1, 1.5, 2, 3, 4, 1000].map(ringBufferShift)).toEqual([0, 0, 1, 1, 2, 2, 3, 10]);
  });

  it("bound each sign by its largest weight times its largest fan-in", () => {
    const { shifts, weights } = ringBuffers({ inputs: 2, outputs: 2, weights: Float32Array.of(0.9, -0.1, 0.8, 0.2) });
    expect(shifts).toEqual([1, 0]); // 0.9 x 2 = 1.8 below 2; 0.1 x 1
    expect([...weights[0]]).toEqual([0.9, 0, 0.8, 0.2].map((w) => Math.round(Math.fround(w) * 2 ** 14)));
    expect([...weights[1]]).toEqual([0, Math.round(Math.fround(0.1) * 2 ** 15), 0, 0]);
  });
});

describe("the fixed-point twin", () => {
  it("integrates a constant current by hand: tau_m 1024, gain 1, leak 1/1024", async () => {
    const network = spikingNetwork(
      [
        { inputs: 1, outputs: 1, weights: Float32Array.of(1) },
        { inputs: 1, outputs: 1, weights: Float32Array.of(0.5) },
      ],
      { steps: 6 },
    );
    expect(timeConstant(network)).toBe(1024);
    const twin = fixedPointTwin();
    await twin.load(network);
    const { spikes, potentials } = await twin.run(Float32Array.of(0.375));
    // V: 0.375, 0.7496..., 1.1239... >= 1: spikes in step 2, then again from 0 in step 5
    expect([...spikes[0].step]).toEqual([2, 5]);
    // 0.5 arrives in step 3, leaks in step 4, and is read before step 5: 0.5 (1 - 1/1024), rounded to 2^-15
    expect(potentials[0]).toBe(Math.round(0.5 * (1 - 1 / 1024) * ONE) / ONE);
  });

  it("saturates what arrives in one step at 65535 units", async () => {
    const inputs = 64;
    const wide = createSpikingNetwork([1, inputs, 1], new Random(0), { steps: 4 });
    wide.layers[0].weights.fill(2);
    wide.layers[1].weights.fill(1);
    const { shifts } = ringBuffers(wide.layers[1]);
    expect(shifts[0]).toBe(7); // strictly above 64: nothing saturates by sPyNNaker's own bound
    const twin = fixedPointTwin();
    await twin.load(wide);
    const { potentials } = await twin.run(Float32Array.of(1));
    expect(potentials[0]).toBeCloseTo(64 + 64, 0);
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
  });
});
