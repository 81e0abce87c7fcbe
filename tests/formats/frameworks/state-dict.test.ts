import { describe, expect, it } from "@jest/globals";
import { DsqnError } from "../../../src/errors.ts";
import { tensor, type Tensor } from "../../../src/files/tensor.ts";
import { parseNeuronsFile } from "../../../src/formats/frameworks/neurons-file.ts";
import { refuseSpiking } from "../../../src/formats/frameworks/refusals.ts";
import { spikingFromStateDict, type StateDictOptions } from "../../../src/formats/frameworks/state-dict.ts";
import { templateOf } from "../../../src/formats/frameworks/template.ts";
import { validateNetwork } from "../../../src/network/validate.ts";
import { ambiguous, leaky, linears, one } from "./ambiguous.ts";

function caught(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  return undefined;
}

/** As `dsqn import` takes it. */
function taken(tensors: Record<string, Tensor>, options: StateDictOptions | undefined, ordered = true) {
  if (!options) return refuseSpiking(tensors, "net.pt");
  const read = spikingFromStateDict(tensors, ordered, options, "net.pt");
  validateNetwork(read.network);
  return read;
}

describe("files that do not say which network they are", () => {
  it(`are ${ambiguous.length}, at least 60`, () => expect(ambiguous.length).toBeGreaterThanOrEqual(60));

  it.each(ambiguous)("$what: refused with what to say", ({ tensors, options, ordered, code, says }) => {
    const error = caught(() => taken(tensors, options, ordered)) as DsqnError;
    expect(error).toBeInstanceOf(DsqnError);
    expect([error.code, error.message]).toEqual([code, expect.stringContaining("")]);
    expect(`${error.message} ${error.hint ?? ""}`).toMatch(says);
    if (code !== "NETWORK_INVALID" && options) expect(error.hint).toBeTruthy();
  });
});

describe("a state_dict of a spiking network", () => {
  const dense = (name: string, weights: number[][]): Record<string, Tensor> => ({
    [`${name}.weight`]: tensor(Float32Array.from(weights.flat()), [weights.length, weights[0].length]),
  });

  it("has weights [outputs, inputs], square ones too", () => {
    const { network } = spikingFromStateDict(
      { ...dense("fc", [[1, 2], [3, 4]]), ...leaky("lif") }, // prettier-ignore
      true,
      { framework: "snntorch", steps: 5 },
      "net.pt",
    );
    expect([...network.layers[0].weights]).toEqual([1, 3, 2, 4]);
    expect(network.layers[0].activation).toMatchObject({ kind: "lif", reset: "delayed-subtraction", resetBy: 1 });
    expect(network.coding).toMatchObject({ steps: 5, decoding: "spikes" });
  });

  it("is read with the neurons that its own tensors tell of, and the rest is said to be assumed", () => {
    const tensors = {
      ...linears({ fc1: [4, 4] }),
      ...leaky("lif1", 0.75),
      ...linears({ fc2: [4, 4] }),
      ...leaky("lif2", 0.25),
    };
    const { network, assumed } = spikingFromStateDict(tensors, true, { framework: "snntorch" }, "net.pt");
    expect(network.layers.map(({ activation }) => activation)).toMatchObject([{ beta: 0.75 }, { beta: 0.25 }]);
    expect(assumed.join("\n")).toMatch(/reset_delay True/);
    expect(assumed.join("\n")).toMatch(/100 time steps/);
  });

  it("takes a recurrent layer's weights and biases", () => {
    const recurrent = { ...dense("lif.recurrent", [[0, 1], [2, 3]]), "lif.recurrent.bias": tensor(Float32Array.of(1, 2), [2]) }; // prettier-ignore
    const tensors = { ...linears({ fc: [2, 3] }), ...leaky("lif"), ...recurrent };
    const { network } = spikingFromStateDict(tensors, true, { framework: "snntorch" }, "net.pt");
    // Ours has a row for each source.
    expect([...network.layers[0].recurrent!]).toEqual([0, 2, 1, 3]);
    expect([...network.layers[0].biases!]).toEqual([1.5, 2.5]);
  });

  it.each([
    ["spikingjelly", "IFNode(v_reset=None)", { beta: 1, reset: "subtraction", fires: "at" }],
    [
      "spikingjelly",
      "neuron.LIFNode(tau=4.0, v_reset=-0.5)",
      { beta: 0.75, gain: 0.25, leakTo: -0.5, resetTo: -0.5, reset: "value" },
    ],
    ["spikingjelly", "LIFNode(tau=4, decay_input=False, surrogate_function=surrogate.ATan())", { beta: 0.75, gain: 1 }],
    ["norse", "LIFBoxCell(reset_method=reset_subtract)", { reset: "subtraction", fires: "above" }],
    ["norse", "LIFCell()", { current: "decay-first", reset: "value" }],
    ["sinabs", "IAF()", { maxSpikes: Infinity, reset: "subtraction" }],
    [
      "sinabs",
      "LIF(tau_mem=5.0, tau_syn=3, spike_fn=SingleSpike, reset_fn=MembraneReset())",
      { maxSpikes: 1, fires: "at", reset: "value", current: "input-first" },
    ],
    ["sinabs", "IAF(spike_fn=MaxSpike(3), min_v_mem=-1)", { maxSpikes: 3, lowest: -1 }],
    ["snntorch", "snn.Leaky(beta=0.5, reset_delay=False)", { reset: "subtraction-late" }],
    ["snntorch", 'Leaky(beta=0.5, reset_mechanism="zero", learn_beta=True)', { reset: "value", resetTo: 0 }],
    ["snntorch", 'Synaptic(alpha=0.5, beta=0.5, reset_mechanism="zero")', { reset: "delayed-lost", alpha: 0.5 }],
  ] as const)("%s: %s", (framework, neuron, expected) => {
    const { network } = spikingFromStateDict(linears({ fc: [2, 3] }), true, { framework, neuron }, "net.pt");
    validateNetwork(network);
    expect(network.layers[0].activation).toMatchObject(expected);
  });

  it("a template, filled in, is all that is asked for", () => {
    const tensors = { ...linears({ fc1: [4, 4] }), "plif1.w": one(0), ...linears({ fc2: [4, 4] }) };
    const template = templateOf(tensors, undefined, "net.pt");
    expect(template).toMatchObject({
      framework: "spikingjelly",
      steps: "?",
      layers: [
        { weights: "fc1", neurons: "plif1", neuron: "ParametricLIFNode(decay_input=True, v_threshold=1, v_reset=0)" },
        { weights: "fc2", neurons: null, neuron: "?" },
      ],
    });
    const open = caught(() => parseNeuronsFile(JSON.stringify(template), "neurons.json")) as DsqnError;
    expect([open.code, open.facts.field]).toEqual(["NEURONS_MISSING", "steps"]);
    const filled = {
      ...template,
      steps: 8,
      decoding: "spikes",
      layers: [template.layers[0], { ...template.layers[1], neuron: null }],
    };
    const neurons = parseNeuronsFile(JSON.stringify({ ...filled, decoding: undefined }), "neurons.json");
    const { network } = spikingFromStateDict(tensors, true, { framework: "spikingjelly", neurons }, "net.pt");
    // The last layer has no neurons: what it sums is added up.
    expect(network.coding).toMatchObject({ steps: 8, decoding: "potential" });
    expect(network.layers[1].activation).toMatchObject({ beta: 1 });
  });

  it("a neurons' file with what is no field of it is refused by its path", () => {
    const error = caught(() =>
      parseNeuronsFile(JSON.stringify({ framework: "norse", layers: [{ weights: "a", strid: 2 }] }), "neurons.json"),
    ) as DsqnError;
    expect(error.message).toMatch(/layers\.0.*strid/);
  });
});
