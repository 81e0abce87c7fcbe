import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { encoder, inputValues } from "../../src/network/encoding.ts";
import { spikingNetwork, type SpikingOptions } from "../../src/network/create.ts";
import type { Encoding } from "../../src/network/network.ts";
import { createState, poissonStream } from "../../src/network/state.ts";
import { Random } from "../../src/numeric/random.ts";

function network(size: number, options: SpikingOptions) {
  const inputs = size + (options.biasInput ? 1 : 0);
  const synapses = { kind: "dense", inputs, outputs: 1 } as const;
  return spikingNetwork([{ synapses, weights: new Float32Array(inputs).fill(1) }], options);
}

/** The steps in which each input neuron spikes. */
function spikeTimes(x: number[], options: SpikingOptions, steps: number, round?: (x: number) => number): number[][] {
  const net = network(x.length, options);
  const state = createState(net, 1, 3);
  const values = inputValues(net, x, 0, round);
  const encode = encoder(net, values, 0, state, round);
  const input = new Float64Array(values.length);
  const times: number[][] = Array.from(values, () => []);
  for (let t = 0; t < steps; t++) {
    encode(t, input);
    input.forEach((spike, i) => spike && times[i].push(t));
  }
  return times;
}

describe("equidistant encoding", () => {
  const encoding: Encoding = "equidistant";

  it("spikes floor(T x) times in T steps, at distances that differ by at most one", () => {
    fc.assert(
      fc.property(fc.float({ min: 0, max: 1, noNaN: true }), fc.integer({ min: 1, max: 300 }), (x, steps) => {
        const [times] = spikeTimes([x], { encoding }, steps);
        expect(times.length).toBe(Math.floor(steps * x));
        const gaps = times.slice(1).map((t, k) => t - times[k]);
        if (gaps.length > 0) expect(Math.max(...gaps) - Math.min(...gaps)).toBeLessThanOrEqual(1);
      }),
    );
  });

  it("clamps to [0, 1]", () => {
    expect(spikeTimes([1, 1.7, 0, -0.5], { encoding }, 4)).toEqual([[0, 1, 2, 3], [0, 1, 2, 3], [], []]);
  });
});

describe("the original's equidistant encoding", () => {
  const encoding: Encoding = "equidistant-original";

  it("spikes at round-half-even(k / x), the first time at round(1 / x)", () => {
    expect(spikeTimes([0.25, 0.4, 0], { encoding }, 21)).toEqual([
      [4, 8, 12, 16, 20],
      [2, 5, 8, 10, 12, 15, 18, 20],
      [],
    ]);
  });

  it("falls silent above 1", () => {
    // 1.6: round(1 / 1.6) = 1, round(2 / 1.6) = 1: that step is over
    expect(spikeTimes([1, 1.6, 3, 1.2], { encoding }, 8)).toEqual([[1, 2, 3, 4, 5, 6, 7], [1], [0, 1], [1, 2]]);
  });

  it("divides in the engine's precision", () => {
    // 1 / 0.08 is a little above 12.5 in float64, and 12.5 in float32, which rounds to the even 12
    const x = [Math.fround(0.08)];
    expect(spikeTimes(x, { encoding }, 14)).toEqual([[13]]);
    expect(spikeTimes(x, { encoding }, 14, Math.fround)).toEqual([[12]]);
  });
});

describe("Poisson encoding", () => {
  it("follows the documented draws: one of the state's stream per input and step", () => {
    const x = [0.3, -0.8, 2, 0];
    for (const signedInputs of [false, true]) {
      const times = spikeTimes(x, { encoding: "poisson", biasInput: true, signedInputs }, 50);
      const random = Random.stream(3, poissonStream(0));
      const expected: number[][] = times.map(() => []);
      for (let t = 0; t < 50; t++)
        [...x, 1].forEach((value, i) => {
          const spike = random.uint32() < Math.abs(value) * 2 ** 32;
          if (spike && (value > 0 || signedInputs)) expected[value > 0 ? i : 5 + i].push(t);
        });
      expect(times).toEqual(expected);
    }
  });

  it("has the rate of the value, saturating at 1", () => {
    const [low, high, none] = spikeTimes([0.2, 1.5, -1], { encoding: "poisson" }, 20_000).map((times) => times.length);
    expect(Math.abs(low / 20_000 - 0.2)).toBeLessThan(5 * Math.sqrt((0.2 * 0.8) / 20_000));
    expect([high, none]).toEqual([20_000, 0]);
  });

  it("gives every state of a batch its own stream, and every seed others", () => {
    const net = network(1, { encoding: "poisson" });
    const states = [createState(net, 3, 1), createState(net, 2, 2)].flatMap(({ encoder: { random } }) => [
      random.join().slice(0, 40),
      random.slice(4).join().slice(0, 40),
    ]);
    expect(new Set(states).size).toBe(4);
  });
});

describe("input values", () => {
  it("are the observation, the constant 1, and with signed inputs the parts", () => {
    expect(Array.from(inputValues(network(2, { biasInput: true }), [9, 9, 0.5, -2], 1))).toEqual([0.5, -2, 1]);
    expect(Array.from(inputValues(network(2, { biasInput: true, signedInputs: true }), [0.5, -2], 0))).toEqual([
      0.5, 0, 1, 0, 2, 0,
    ]);
  });
});
