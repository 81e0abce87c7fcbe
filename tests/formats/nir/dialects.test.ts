import { describe, expect, it } from "@jest/globals";
import type { NirDialect, NirOptions } from "../../../src/formats/nir/options.ts";
import type { Lif } from "../../../src/network/neurons/index.ts";
import { array, type Fields, type Graph, inARow, read } from "./graphs.ts";

const graph = (type: string, fields: Fields): Graph =>
  inARow([3], ["Linear", { weight: array([2, 3]) }], [type, { v_threshold: 1, v_reset: 0, v_leak: 0, ...fields }]);
const neuronOf = (type: string, fields: Fields, options: NirOptions): Lif =>
  read(graph(type, fields), options).network.layers[0].activation as Lif;

describe("what a file of NIR leaves open", () => {
  it("has to be said: the dialect, and for NIR's own equations the time step", () => {
    const file = graph("LIF", { tau: 1e-3, r: 10 });
    expect(() => read(file, {})).toThrow(
      expect.objectContaining({
        code: "NIR_DIALECT",
        hint: expect.stringContaining("--dialect nir|snntorch"),
      }),
    );
    expect(() => read(file, { dialect: "nir" })).toThrow(
      expect.objectContaining({ code: "NIR_DIALECT", hint: expect.stringContaining("--dt") }),
    );
  });

  it("is told in words, what an exporter leaves out too", () => {
    expect(read(graph("LIF", { tau: 1e-5, r: 1 }), { dialect: "norse" }).assumed[0]).toMatch(
      /another v_reset is not in the file/,
    );
    expect(read(graph("LIF", { tau: 10, r: 1 }), { dialect: "sinabs" }).assumed[0]).toMatch(/tau_syn or min_v_mem/);
    const { assumed } = read(graph("LIF", { tau: 1e-3, r: 10 }), { dialect: "snntorch" });
    expect(assumed[0]).toMatch(/^dialect snntorch: .*in the next step/);
    expect(assumed[1]).toBe("dt 0.0001, its default");
    expect(assumed.join()).toMatch(/100 time steps.*number of spikes/);
  });

  it.each<[NirDialect, string, Fields, Partial<Lif>]>([
    [
      "snntorch",
      "LIF",
      { tau: 1e-3, r: 10 },
      { beta: Math.fround(0.9), gain: 1, fires: "above", reset: "delayed-subtraction", resetBy: 1 },
    ],
    [
      "snntorch",
      "CubaLIF",
      { tau_mem: 1e-3, tau_syn: 2e-4, r: 10, w_in: 2 },
      { beta: Math.fround(0.9), alpha: 0.5, gain: 1, current: "decay-first" },
    ],
    [
      "norse",
      "LIF",
      { tau: 1e-5, r: 1 },
      { beta: 1 - Math.fround(0.1), gain: Math.fround(0.1), fires: "above", reset: "value" },
    ],
    // snnTorch's beta = 0: dt / (1 - beta) in float32 is a little less than dt.
    ["snntorch", "LIF", { tau: Math.fround(1e-4), r: 1 }, { beta: 0, gain: 1 }],
    ["norse", "IF", { r: 1 }, { beta: 1, gain: 1, fires: "above", reset: "value" }],
    ["spikingjelly", "IF", { r: 1e4 }, { beta: 1, gain: 1, fires: "at", reset: "value" }],
    ["spikingjelly", "LIF", { tau: 4e-4, r: 1 }, { beta: 0.75, gain: 0.25, fires: "at", reset: "value" }],
    ["spikingjelly", "LIF", { tau: 4e-4, r: 4 }, { beta: 0.75, gain: 1 }],
    ["sinabs", "IF", { r: 1 }, { beta: 1, gain: 1, fires: "at", reset: "subtraction", maxSpikes: Infinity }],
    ["sinabs", "LIF", { tau: 10, r: 1 }, { beta: Math.fround(Math.exp(-0.1)) }],
  ])("is in %s's files, of %s %j, as that framework has it", (dialect, type, fields, expected) => {
    const found = neuronOf(type, fields, { dialect }) as unknown as Record<string, unknown>;
    for (const [name, value] of Object.entries(expected))
      if (typeof value === "number" && Number.isFinite(value)) expect(found[name]).toBeCloseTo(value, 6);
      else expect(found[name]).toBe(value);
  });

  it("can be told otherwise", () => {
    const leaky = { tau: 1e-3, r: 10 };
    expect(neuronOf("LIF", leaky, { dialect: "snntorch", reset: "zero" })).toMatchObject({
      reset: "value",
      resetTo: 0,
    });
    expect(neuronOf("LIF", leaky, { dialect: "snntorch", reset: "subtraction" })).toMatchObject({
      reset: "delayed-subtraction",
    });
    const cuba = { tau_mem: 1e-3, tau_syn: 2e-4, r: 10, w_in: 2 };
    expect(neuronOf("CubaLIF", cuba, { dialect: "snntorch", reset: "zero" })).toMatchObject({ reset: "delayed-lost" });
    expect(neuronOf("IF", { r: 1 }, { dialect: "sinabs", maxSpikes: 1 })).toMatchObject({ maxSpikes: 1, fires: "at" });
    expect(neuronOf("LIF", { tau: 10, r: 1 }, { dialect: "sinabs", normInput: false })).toMatchObject({ gain: 1 });
  });

  it("where potentials begin: at v_reset (SpikingJelly), at v_leak (Norse)", () => {
    const away = { v_reset: -0.5, v_leak: -0.5 };
    expect(neuronOf("LIF", { tau: 4e-4, r: 1, ...away }, { dialect: "spikingjelly" }).initial).toEqual(
      Float32Array.of(-0.5, -0.5),
    );
    expect(neuronOf("LIF", { tau: 1e-5, r: 1, v_leak: 0.25 }, { dialect: "norse" }).initial).toEqual(
      Float32Array.of(0.25, 0.25),
    );
  });
});

describe("a dialect that contradicts the file", () => {
  it.each<[NirDialect, string, Fields, RegExp]>([
    ["snntorch", "IF", { r: 1 }, /snntorch writes no IF/],
    ["snntorch", "LIF", { tau: 1e-3, r: 1 }, /goes into the potential as it is; here it is 0.0999/],
    ["snntorch", "LIF", { tau: 1e-3, r: 10, v_leak: 0.5 }, /no v_leak/],
    ["snntorch", "LIF", { tau: 1e-3, r: 10, v_reset: 0.5 }, /no v_reset/],
    ["spikingjelly", "IF", { r: 1 }, /r dt/],
    ["spikingjelly", "LIF", { tau: 4e-4, r: 3 }, /r = 1 \(decay_input\)/],
    ["spikingjelly", "LIF", { tau: 4e-4, r: 1, v_leak: 1 }, /v_leak is v_reset/],
    ["norse", "IF", { r: 1e4 }, /Norse writes r = 1/],
    ["norse", "LIF", { tau: 10, r: 1 }, /would be .* steps/],
    ["norse", "LIF", { tau: 0.0025, r: 1 }, /before it tau itself/],
    ["sinabs", "LIF", { tau: 1e-5, r: 1 }, /counts tau in steps/],
    ["sinabs", "CubaLIF", { tau_mem: 10, tau_syn: 10, r: 1, w_in: 1 }, /writes no CubaLIF/],
  ])("%s: %s %j", (dialect, type, fields, message) => {
    expect(() => neuronOf(type, fields, { dialect })).toThrow(expect.objectContaining({ code: "NIR_DIALECT" }));
    expect(() => neuronOf(type, fields, { dialect })).toThrow(message);
  });

  it.each([
    [{ dt: 1e-3 }, /with dt 0.001 and tau .* a step would leave -/],
    [{ dt: 0 }, /a time step of 0/],
    [{ dt: -1 }, /a time step of -1/],
  ])("a time step that leaves less than nothing: %j", (options, message) => {
    const run = (): Lif => neuronOf("LIF", { tau: 1e-4, r: 1 }, { dialect: "nir", ...options });
    expect(run).toThrow(expect.objectContaining({ code: "NIR_DT" }));
    expect(run).toThrow(message);
  });
});
