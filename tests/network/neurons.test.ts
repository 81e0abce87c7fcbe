import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { referenceEngine } from "../../src/engines/reference/index.ts";
import { createSpikingNetwork, spikingNetwork } from "../../src/network/create.ts";
import { type SpikingNetwork } from "../../src/network/network.ts";
import {
  float32,
  float64,
  type LaggedLif,
  type Lif,
  type Neuron,
  neuron,
  type NeuronModel,
  neuronModels,
  stepNeurons,
} from "../../src/network/neurons/index.ts";
import { validateNetwork } from "../../src/network/validate.ts";
import { Random } from "../../src/numeric/random.ts";
import { everyNeuron, randomNeuron } from "../engines/random-networks.ts";
import { runOn } from "../engines/run-on.ts";

describe.each(everyNeuron)("the record of %s is what validation holds", (kind) => {
  const { parameters, choices }: NeuronModel = neuronModels[kind];
  const network = (changes: object): SpikingNetwork => {
    const plain = createSpikingNetwork([3, 2], new Random(1));
    return { ...plain, layers: [{ ...plain.layers[0], activation: { ...neuron(kind), ...changes } }] };
  };
  const refused = (changes: object, message: string): void =>
    expect(() => validateNetwork(network(changes))).toThrow(
      expect.objectContaining({ code: "NETWORK_INVALID", message: expect.stringContaining(message) }),
    );

  it("of its defaults and of the ends of every range", () => {
    expect(neuronModels[kind].kind).toBe(kind);
    validateNetwork(network({}));
    for (const [name, { range, default: value }] of Object.entries(parameters))
      for (const good of [value, ...range.filter(Number.isFinite)]) validateNetwork(network({ [name]: good }));
    for (const [name, { values }] of Object.entries(choices))
      for (const good of values) validateNetwork(network({ [name]: good }));
  });

  it.each(Object.entries(parameters))("of %s outside of its range, and one by one", (name, parameter) => {
    const { range, each, infinite = false } = parameter;
    for (const bad of [NaN, -Infinity, Infinity, "1", undefined])
      if (!infinite || !range.includes(bad as number)) refused({ [name]: bad }, `Layer 0 has ${name} ${bad}`);
    if (Number.isFinite(range[0])) refused({ [name]: range[0] - 0.01 }, `it must lie in [${range.join(", ")}]`);
    if (Number.isFinite(range[1])) refused({ [name]: range[1] + 0.01 }, `it must lie in [${range.join(", ")}]`);
    const values = Float32Array.of(0.5, 0.25);
    if (!each) return refused({ [name]: values }, `one ${name} per neuron, but ${kind} takes one for all`);
    validateNetwork(network({ [name]: values }));
    refused({ [name]: values.slice(1) }, `layers.0.${name} has 1 values instead of 2`);
    refused({ [name]: Float32Array.of(0.5, NaN) }, `layers.0.${name} holds NaN at index 1`);
  });

  it.each(Object.entries(choices))("of what is no %s", (name, { values }) => {
    refused({ [name]: "elsewhere" }, `The ${name} of layer 0 "elsewhere" is none of ${values.join(", ")}`);
  });
});

describe("the reference steps are their equations, written down once more", () => {
  const at = (values: number | Float32Array, j: number): number => (typeof values === "number" ? values : values[j]);

  /** One neuron after `t` steps in the textbook's words; v and i are those before the step. */
  const again = {
    "lagged-lif": (p: LaggedLif, _j: number, v: number, i: number, h: number, f: (x: number) => number) => {
      const s = v > f(p.threshold);
      const next = f(f(f(p.beta) * v) + i);
      const lost = p.reset === "zero" ? 0 : f(next - f(p.resetBy));
      return { s, v: s ? lost : next, i: f(f(f(p.alpha) * i) + h) };
    },
    "lif": (p: Lif, j: number, v: number, i: number, h: number, f: (x: number) => number) => {
      const [beta, alpha, gain, offset, rest, threshold, by, to, lowest] = [
        p.beta, p.alpha, p.gain, p.offset, p.leakTo, p.threshold, p.resetBy, p.resetTo, p.lowest,
      ].map((of) => f(at(of, j))); // prettier-ignore
      const kept = p.current === "input-first" ? f(alpha * f(i + h)) : f(f(alpha * i) + h);
      const now = p.current === "none" ? h : kept;
      const u = f(f(f(beta * v) + f(f(1 - beta) * rest)) + f(gain * f(now + offset)));
      const fires = (x: number): boolean => (p.fires === "at" ? x >= threshold : x > threshold);
      const late = p.reset !== "subtraction" && p.reset !== "value" && fires(v);
      const m = late ? (p.reset === "delayed-lost" ? 0 : f(u - by)) : u;
      const most = threshold === Infinity ? 1 : p.maxSpikes;
      const s = most > 1 ? Math.min(most, Math.max(0, Math.floor(f(m / threshold)))) : Number(fires(m));
      const left = {
        "subtraction": f(m - f(s * by)),
        "value": s > 0 ? to : m,
        "delayed-subtraction": m,
        "delayed-lost": m,
        "subtraction-late": f(m - (s - Number(late)) * by),
      };
      return { s, v: Math.max(left[p.reset], lowest) + 0, i: (p.current === "none" ? i : kept) + 0 };
    },
  } as const satisfies { [K in Neuron["kind"]]: unknown };

  it.each(
    everyNeuron.flatMap((kind) =>
      [float32, float64].map((arithmetic) => ({ kind, arithmetic, precision: arithmetic.precision })),
    ),
  )("$kind in $precision", ({ kind, arithmetic }) => {
    let spikes = 0;
    fc.assert(
      fc.property(fc.nat(), fc.boolean(), fc.boolean(), (seed, dyadic, fires) => {
        const random = new Random(seed);
        const value = (scale: number): number =>
          dyadic ? Math.round(random.normal() * scale * 4) / 4 : random.normal() * scale;
        const own = randomNeuron(kind, 3, random, value, "several");
        const state = { v: Float64Array.from(own.initial ?? [0, 0, 0]), i: new Float64Array(3) };
        const s = new Float64Array(3);
        const expected: { v: number; i: number; s: number | boolean }[] = Array.from(state.v, (v) => ({
          v,
          i: 0,
          s: 0,
        }));
        for (let t = 0; t < 20; t++) {
          const h = Float64Array.from({ length: 3 }, () => arithmetic.round(0.5 + value(0.8)));
          stepNeurons(own, state, h, s, arithmetic, undefined, fires);
          for (let j = 0; j < 3; j++) {
            const p = fires ? own : ({ ...own, threshold: Infinity } as Neuron);
            expected[j] = again[kind](p as never, j, expected[j].v, expected[j].i, h[j], arithmetic.round);
            spikes += s[j];
          }
          expect(Array.from(state.v, (v) => v + 0)).toEqual(expected.map(({ v }) => v));
          expect(Array.from(state.i, (i) => i + 0)).toEqual(expected.map(({ i }) => i));
          expect([...s]).toEqual(expected.map((of) => Number(of.s)));
        }
      }),
    );
    expect(spikes).toBeGreaterThan(300);
  });
});

describe("lif, by hand", () => {
  /** One input, one neuron per layer, weights 1. */
  const chain = (length: number, given: Partial<Lif>): SpikingNetwork => {
    const layer = { synapses: { kind: "dense", inputs: 1, outputs: 1 } as const, weights: Float32Array.of(1) };
    return spikingNetwork(
      Array.from({ length }, () => layer),
      { neuron: neuron("lif", given), decoding: "spikes" },
    );
  };
  const run = (network: SpikingNetwork, x: number, steps: number) =>
    runOn(referenceEngine, network, Float64Array.of(x), { steps, recordSpikes: true, recordPotentials: true });
  const potentials = (given: Partial<Lif>, x: number, steps: number): number[] =>
    Array.from(run(chain(1, given), x, steps).membranes![0]);

  it("has no lag: a spike makes the next layer spike in the same step", () => {
    const { spikes } = run(chain(3, { fires: "at" }), 1, 2);
    expect(spikes!.map(({ step }) => [...step])).toEqual([
      [0, 1],
      [0, 1],
      [0, 1],
    ]);
  });

  it("spikes above the threshold, or at it", () => {
    expect([...run(chain(1, { fires: "above" }), 0.5, 4).spikes![0].step]).toEqual([2]);
    expect([...run(chain(1, { fires: "at" }), 0.5, 4).spikes![0].step]).toEqual([1, 3]);
  });

  it("takes off resetBy, or goes to resetTo, and keeps the next step's input", () => {
    expect(potentials({ reset: "subtraction" }, 0.75, 4)).toEqual([0.75, 0.5, 0.25, 1]);
    expect(potentials({ reset: "subtraction", resetBy: 0.5 }, 0.75, 4)).toEqual([0.75, 1, 1.25, 1.5]);
    expect(potentials({ reset: "value" }, 0.75, 4)).toEqual([0.75, 0, 0.75, 0]);
    expect(potentials({ reset: "value", resetTo: -0.5 }, 0.75, 4)).toEqual([0.75, -0.5, 0.25, 1]);
  });

  it("leaks before it integrates", () => {
    expect(potentials({ beta: 0.5, threshold: 9 }, 1, 3)).toEqual([1, 1.5, 1.75]);
    expect(potentials({ beta: 0.5, threshold: 9, initial: Float32Array.of(2) }, 0, 3)).toEqual([1, 0.5, 0.25]);
  });

  it("stands beside lagged neurons, whose spikes come two steps after their input", () => {
    const both = (first: Neuron, second: Neuron): number[][] => {
      const { layers, ...rest } = chain(2, {});
      const network = { ...rest, layers: [first, second].map((activation, l) => ({ ...layers[l], activation })) };
      return run(network, 1.5, 5).spikes!.map(({ step }) => [...step]);
    };
    const [fast, late] = [neuron("lif", { fires: "at", reset: "value" }), neuron("lagged-lif", { threshold: 0.5 })];
    expect(both(fast, late)).toEqual([
      [0, 1, 2, 3, 4],
      [2, 3, 4],
    ]);
    expect(both(late, fast)).toEqual([
      [2, 3, 4],
      [2, 3, 4],
    ]);
  });
});
