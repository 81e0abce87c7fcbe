import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { referenceEngine } from "../../src/engines/reference/index.ts";
import { decode, decodeRecorded } from "../../src/network/decoding.ts";
import { actionsOf, decodings } from "../../src/network/network.ts";
import { spikeCollector } from "../../src/network/spikes.ts";
import { samples } from "../engines/random-networks.ts";
import { runOn } from "../engines/run-on.ts";

describe("what was recorded of the output layer is decoded as the engine decodes it", () => {
  it.each(decodings)("%s", (decoding) => {
    fc.assert(
      fc.property(samples({ size: 6, steps: 10, only: { decoding } }), ({ network, batch, observations }) => {
        const options = { recordSpikes: true, recordPotentials: true };
        const { outputs, actions, potentials, membranes, spikes } = runOn(
          referenceEngine,
          network,
          observations,
          options,
        );
        const n = actionsOf(network);
        const { steps } = network.coding;
        const maxima = new Float64Array(batch * n).fill(-Infinity);
        membranes!.at(-1)!.forEach((v, k) => {
          const at = Math.floor(k / (steps * n)) * n + (k % n);
          maxima[at] = Math.max(maxima[at], v);
        });
        const last = decoding === "spikes" || decoding === "first-spike" ? spikes!.at(-1) : undefined;
        const overSteps = decoding === "mean-potential" ? outputs : maxima;
        const read = decodeRecorded(network, { states: batch, potentials, maxima: overSteps, spikes: last });
        expect(read.outputs).toEqual(outputs);
        expect(read.actions).toEqual(actions);
      }),
      { numRuns: 50 },
    );
  });
});

it("tells the step that each value stems from", () => {
  const v = [1, 5, 5, 2, -1, -3];
  const s = [0, 0, 0, 1, 1, 1];
  const trace = {
    steps: 3,
    potential: (t: number, a: number) => v[2 * t + a],
    spike: (t: number, a: number) => s[2 * t + a],
  };
  const read = (decoding: (typeof decodings)[number]) => {
    const [values, steps] = [new Float64Array(2), new Int32Array(2)];
    decode(decoding, trace, values, steps);
    return [[...values], [...steps]];
  };
  expect(read("potential")).toEqual([
    [-1, -3],
    [2, 2],
  ]);
  expect(read("max-potential")).toEqual([
    [5, 5],
    [1, 0],
  ]);
  expect(read("mean-potential")).toEqual([
    [[0, 1, 2].reduce((sum, t) => sum + v[2 * t], 0) / 3, [0, 1, 2].reduce((sum, t) => sum + v[2 * t + 1], 0) / 3],
    [2, 2],
  ]);
  expect(read("spikes")).toEqual([
    [1, 2],
    [2, 2],
  ]);
  expect(read("first-spike")).toEqual([
    [0, 1],
    [1, 1],
  ]);
  const silent = { ...trace, spike: () => 0 };
  const [values, steps] = [Float64Array.of(7, 7), new Int32Array(2)];
  decode("first-spike", silent, values, steps);
  expect([[...values], [...steps]]).toEqual([
    [0, 0],
    [-1, -1],
  ]);
});

it("spikes are collected in the order in which they come", () => {
  const { push, events } = spikeCollector();
  expect(events().state).toHaveLength(0);
  push(0, 3, 7);
  push(2, 0, 1);
  const { state, step, neuron } = events();
  expect([state, step, neuron].map((of) => [...of])).toEqual([
    [0, 2],
    [3, 0],
    [7, 1],
  ]);
});
