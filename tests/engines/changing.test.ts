import { describe, expect, it } from "@jest/globals";
import { forward } from "../../src/engines/forward.ts";
import { fastEngine } from "../../src/engines/fast/index.ts";
import { referenceEngine, referenceEngine32 } from "../../src/engines/reference/index.ts";
import { observationSize, spikingNetwork } from "../../src/index.ts";
import { isSpiking } from "../../src/network/network.ts";
import { Random } from "../../src/numeric/random.ts";
import { randomNetwork } from "../../src/simulators/fuzz.ts";
import { runOn } from "./run-on.ts";

const STATES = 3;
const STEPS = 12;

/** Random networks of both neurons whose input is no code. */
const networks = Array.from({ length: 60 }, (_, i) =>
  randomNetwork(i, { seed: 11, neuron: i % 2 ? "lif" : "lagged-lif", steps: STEPS }),
).filter(({ coding }) => coding.encoding === "constant");

const currents = (size: number, seed: number): Float32Array => {
  const random = Random.stream(seed, "currents");
  return Float32Array.from({ length: STEPS * STATES * size }, () => random.normal());
};

describe("input that changes from step to step", () => {
  it("is the same as constant input, to the last bit, where it does not", () => {
    expect(networks.length).toBeGreaterThan(10);
    for (const network of networks) {
      const size = observationSize(network);
      const x = currents(size, 1).subarray(0, STATES * size);
      const repeated = Float32Array.from({ length: STEPS * x.length }, (_, k) => x[k % x.length]);
      const options = { recordSpikes: true, recordPotentials: true, keepState: true };
      for (const engine of [referenceEngine, fastEngine()]) {
        const { work: _once, ...constant } = runOn(engine, network, x, options);
        const { work: _each, ...changing } = runOn(engine, network, repeated, { ...options, changing: true });
        expect(changing).toEqual(constant);
      }
    }
  });

  it("goes through the fast engine as through the reference", () => {
    for (const [k, network] of networks.entries()) {
      const x = currents(observationSize(network), k);
      const options = { changing: true, recordSpikes: true, recordPotentials: true };
      const { work: _fast, ...fast } = runOn(fastEngine(), network, x, options);
      const { work: _reference, ...reference } = runOn(referenceEngine32, network, x, options);
      expect(fast).toEqual(reference);
    }
  });

  it("costs additions where it is spikes, and multiplications where it is values", () => {
    const network = spikingNetwork([{ synapses: { kind: "dense", inputs: 2, outputs: 3 }, weights: new Float32Array(6).fill(0.1) }], { steps: 2 }); // prettier-ignore
    const run = (x: number[]) => forward(network, Float32Array.from(x), { changing: true }).work;
    expect(run([1, 0, 1, 1])).toMatchObject({ accumulates: 9, multiplyAccumulates: 0, synOps: 9 });
    expect(run([0.5, 0, 1, 1])).toMatchObject({ accumulates: 0, multiplyAccumulates: 9, synOps: 9 });
  });

  it("is refused where it is no whole states, and where the network codes its input", () => {
    const [network] = networks;
    const x = currents(observationSize(network), 1);
    expect(() => runOn(referenceEngine, network, x.subarray(observationSize(network)), { changing: true })).toThrow(
      expect.objectContaining({ code: "SEQUENCE_MISMATCH" }),
    );
    const coded = { ...network, coding: { ...network.coding, encoding: "poisson" as const } };
    expect(isSpiking(coded)).toBe(true);
    expect(() => runOn(fastEngine(), coded, x, { changing: true })).toThrow(
      expect.objectContaining({ code: "BAD_ARGUMENT" }),
    );
  });
});
