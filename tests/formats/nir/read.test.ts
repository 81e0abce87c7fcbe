import { describe, expect, it } from "@jest/globals";
import { referenceEngine } from "../../../src/engines/reference/index.ts";
import { readNir } from "../../../src/formats/nir/read.ts";
import type { NirOptions } from "../../../src/formats/nir/options.ts";
import type { Lif } from "../../../src/network/neurons/index.ts";
import { validateNetwork } from "../../../src/network/validate.ts";
import { runOn } from "../../engines/run-on.ts";
import { array, fileOf, type Graph, inARow, type Node, read } from "./graphs.ts";

const affine = (outputs: number, inputs: number): Node => [
  "Affine",
  { weight: array([outputs, inputs]), bias: array([outputs]) },
];
const lif: Node = ["LIF", { tau: 0.5, r: 2, v_leak: 0.25, v_threshold: 1, v_reset: -0.5 }];
const integrate: Node = ["IF", { r: 10, v_threshold: 1 }];
const neuronOf = (graph: Graph, options?: NirOptions): Lif => {
  const { network } = read(graph, options);
  validateNetwork(network);
  return network.layers.at(-1)!.activation as Lif;
};
const refused = (code: string, message: RegExp, graph: Graph, options?: NirOptions): void => {
  expect(() => read(graph, options)).toThrow(expect.objectContaining({ code }));
  expect(() => read(graph, options)).toThrow(message);
};

describe("nodes of neurons, by NIR's own equations", () => {
  const behind = (node: Node): Graph => inARow([3], affine(2, 3), node);

  it("LIF: forward Euler, above, a reset to v_reset in the same step", () => {
    const expected = {
      fires: "above",
      reset: "value",
      resetTo: -0.5,
      threshold: 1,
      leakTo: 0.25,
      beta: 0.8,
      current: "none",
    };
    const found = neuronOf(behind(lif));
    expect(found).toMatchObject(expected);
    expect(found.gain).toBeCloseTo(0.4, 12);
  });

  it("IF without v_reset, as files of NIR 0.1 have it", () => {
    expect(neuronOf(behind(integrate))).toMatchObject({ beta: 1, gain: 1, resetTo: 0, threshold: 1 });
  });

  it("CubaLIF: the current first, then the potential with this step's current", () => {
    const cuba: Node = [
      "CubaLIF",
      { tau_syn: 0.25, tau_mem: 0.5, r: 2, v_leak: 0, v_threshold: 1, v_reset: 0, w_in: 3 },
    ];
    const found = neuronOf(behind(cuba));
    expect(found).toMatchObject({ current: "decay-first", alpha: 0.6, beta: 0.8 });
    expect(found.gain).toBeCloseTo(0.4 * 1.2, 7);
  });

  it.each([
    ["I", { r: 10 }, { beta: 1, gain: 1 }],
    ["LI", { tau: 0.5, r: 5, v_leak: 0 }, { beta: 0.8, gain: 1 }],
    ["CubaLI", { tau_syn: 0.2, tau_mem: 0.5, r: 5, v_leak: 0, w_in: 2 }, { beta: 0.8, alpha: 0.5, gain: 1 }],
  ])("%s, as the last: read by its potential", (type, fields, expected) => {
    const { network } = read(behind([type, fields]));
    expect(network.coding.decoding).toBe("potential");
    const found = network.layers[0].activation as unknown as Record<string, number>;
    for (const [name, value] of Object.entries(expected)) expect(found[name]).toBeCloseTo(value, 6);
  });

  it("Threshold: fires by this step's sum alone", () => {
    const { network } = read(
      inARow(
        [2],
        ["Linear", { weight: array([2, 2], (k) => [1, 0, 0, 1][k]) }],
        ["Threshold", { threshold: [0.5, 1] }],
      ),
      {
        dialect: "nir",
        dt: 1,
        coding: { steps: 3 },
      },
    );
    const { outputs } = runOn(referenceEngine, network, Float32Array.of(0.6, 0.6));
    expect([...outputs]).toEqual([3, 0]);
  });

  it.each([
    ["one value", 0.5],
    ["[1]", [0.5]],
    ["[neurons]", [0.5, 0.5]],
    ["[1, neurons]", array([1, 2], () => 0.5)],
  ])("take parameters of shape %s", (_, tau) => {
    expect(neuronOf(behind(["LIF", { ...(lif[1 as never] as object), tau }]))).toMatchObject({ beta: 0.8 });
  });

  it("take parameters of each neuron", () => {
    const found = neuronOf(behind(["LIF", { ...(lif as readonly [string, object])[1], tau: [0.5, 0.25] }]));
    expect([...(found.beta as Float32Array)]).toEqual([0.8, 0.6].map(Math.fround));
  });

  it("refuse parameters of another shape, missing ones, and time constants of none", () => {
    const [, fields] = lif as readonly [string, Record<string, number>];
    refused(
      "NIR_INVALID",
      /node "node1": its tau has the shape \[3\] for \[2\] neurons/,
      behind(["LIF", { ...fields, tau: [1, 2, 3] }]),
    );
    refused("NIR_INVALID", /its LIF has no tau/, behind(["LIF", { r: 1, v_leak: 0, v_threshold: 1 }]));
    refused("NIR_INVALID", /its tau is 0: it must be above 0/, behind(["LIF", { ...fields, tau: 0 }]));
    refused("NIR_INVALID", /holds NaN/, behind(["LIF", { ...fields, r: NaN }]));
  });
});

describe("nodes that connect", () => {
  it("Scale becomes part of weights behind it, and of the charge before neurons", () => {
    const scale: Node = ["Scale", { scale: [2, 4, 8] }];
    const before = read(inARow([3], scale, ["Linear", { weight: array([2, 3]) }], integrate)).network;
    expect([...before.layers[0].weights]).toEqual([2, 8, 8, 20, 24, 48]);
    const after = read(
      inARow([3], affine(2, 3), ["Scale", { scale: 2 }], ["Scale", { scale: [1, 3] }], integrate),
    ).network;
    expect((after.layers[0].activation as Lif).gain).toEqual(Float32Array.of(2, 6));
  });

  it("neurons without weights before them get an identity", () => {
    const { network } = read(inARow([2], integrate, integrate));
    expect(network.layers.map(({ weights }) => [...weights])).toEqual([
      [1, 0, 0, 1],
      [1, 0, 0, 1],
    ]);
  });

  it("a last layer without neurons is read by its sums", () => {
    const { network, assumed } = read(inARow([3], affine(2, 3), integrate, affine(2, 2)));
    expect(network.layers[1].activation).toMatchObject({ beta: 0 });
    expect(network.coding.decoding).toBe("potential");
    expect(assumed.join("\n")).toMatch(/node "node2" is the last and has no neurons/);
  });

  const image = array([2, 3, 2, 2], (k) => ((k * 7) % 11) - 5);
  const conv = (fields: object = {}): Node => [
    "Conv2d",
    { weight: image, bias: [1, 2], stride: 1, padding: 0, dilation: 1, groups: 1, ...fields },
  ];

  it("Conv2d, pooling, Flatten: values in our order, weights with them", () => {
    const graph = inARow(
      [3, 5, 6],
      conv({ input_shape: [5, 6] }),
      integrate,
      ["AvgPool2d", { kernel_size: 2, stride: [2, 2], padding: [0, 0] }],
      ["Flatten", { start_dim: 0, end_dim: -1 }],
      affine(2, 8),
      integrate,
    );
    const { network } = read(graph);
    validateNetwork(network);
    expect(network.input).toEqual([5, 6, 3]);
    expect(network.layers[0].synapses).toMatchObject({ output: [4, 5, 2], kernel: [2, 2], padding: [0, 0] });
    // Weight (i, j, c, f) of ours is (f, c, i, j) of theirs.
    expect(network.layers[0].weights[((1 * 2 + 0) * 3 + 2) * 2 + 1]).toBe(image.data[((1 * 3 + 2) * 2 + 1) * 2 + 0]);
    expect(network.layers[1].pooling).toMatchObject({ kind: "average", window: { output: [2, 2, 2] } });
    // Row (y, x, c) of ours is column (c, y, x) of theirs: 1 + output * 8 + ...
    expect([...network.layers[1].weights.subarray(0, 4)]).toEqual([1, 9, 5, 13]);
  });

  it.each([
    ["same", [4, 4, 2], [0, 0]],
    ["valid", [3, 3, 2], [0, 0]],
    [
      [1, 0],
      [5, 3, 2],
      [1, 0],
    ],
  ])("Conv2d with padding %j", (padding, output, offset) => {
    const { synapses } = read(inARow([1, 3, 4, 4], conv({ padding }), integrate)).network.layers[0];
    expect(synapses).toMatchObject({ output, padding: offset });
  });

  it("Conv1d is a convolution over an image of height 1", () => {
    const node: Node = [
      "Conv1d",
      { weight: array([2, 3, 4]), bias: [0, 0], stride: 2, padding: 1, dilation: 1, groups: 1, input_shape: 9 },
    ];
    const { network } = read(inARow([3, 9], node, integrate));
    expect(network.input).toEqual([1, 9, 3]);
    expect(network.layers[0].synapses).toMatchObject({
      kernel: [1, 4],
      output: [1, 4, 2],
      strides: [1, 2],
      padding: [0, 1],
    });
  });

  it("an average over a padded window counts zeros outside, as torch's does", () => {
    const graph = inARow([3, 4, 4], ["AvgPool2d", { kernel_size: 2, stride: 2, padding: 1 }], integrate);
    const [layer] = read(graph).network.layers;
    expect(layer.pooling).toMatchObject({ kind: "sum", window: { output: [3, 3, 3], padding: [1, 1] } });
    expect([...layer.weights]).toEqual([0.25, 0, 0, 0, 0.25, 0, 0, 0, 0.25]);
  });

  it("parameters of neurons behind a convolution come in our order, or one for each channel", () => {
    const each = neuronOf(inARow([3, 3, 3], conv(), ["IF", { r: 10, v_threshold: array([2, 2, 2]) }]));
    expect([...(each.threshold as Float32Array)]).toEqual([1, 5, 2, 6, 3, 7, 4, 8]);
    for (const shape of [[2], [2, 1, 1]]) {
      const own = inARow([3, 4, 4], conv(), ["IF", { r: 10, v_threshold: array(shape) }]);
      expect([...(neuronOf(own).threshold as Float32Array)].slice(0, 4)).toEqual([1, 2, 1, 2]);
    }
    refused(
      "NIR_INVALID",
      /shape \[2\] for \[2, 2, 2\] neurons/,
      inARow([3, 3, 3], conv(), ["IF", { r: 10, v_threshold: [1, 2] }]),
    );
  });

  it("Flatten from dimension 1 on counts a batch that is not there, and says so", () => {
    const { network, assumed } = read(
      inARow([3, 2, 2], ["Flatten", { start_dim: 1, end_dim: -1 }], affine(2, 12), integrate),
    );
    expect(network.input).toEqual([12]);
    expect(assumed.join()).toMatch(/flattens \[3, 2, 2\] from dimension 1 on/);
    refused(
      "NIR_UNSUPPORTED",
      /leaves \[6, 2\]/,
      inARow([3, 2, 2], ["Flatten", { start_dim: 0, end_dim: 1 }], affine(2, 12), integrate),
    );
  });

  it.each([
    ["NIR_UNSUPPORTED", /"node0": it has 3 groups/, conv({ groups: 3 })],
    ["NIR_UNSUPPORTED", /"node0": its dilation is \[2, 1\]/, conv({ dilation: [2, 1] })],
    ["NIR_UNSUPPORTED", /"same" with strides/, conv({ padding: "same", stride: 2 })],
    ["NIR_INVALID", /its padding is "circular"/, conv({ padding: "circular" })],
    ["NIR_INVALID", /its input_shape is \[9, 9\]/, conv({ input_shape: [9, 9] })],
    ["NIR_INVALID", /its bias has the shape \[3\]/, conv({ bias: [1, 2, 3] })],
    ["NIR_UNSUPPORTED", /"node0": it delays by 0.5/, ["Delay", { delay: [0, 0.5] }] as Node],
    ["NIR_UNSUPPORTED", /no node of type "Convolution3d"/, ["Convolution3d", {}] as Node],
    ["NIR_INVALID", /a Flatten is missing|comes in/, affine(2, 4)],
  ])("%s: %s", (code, message, node) => {
    refused(code, message, inARow([3, 4, 4], node, integrate));
  });
});

describe("graphs", () => {
  const weights = (n: number): Node => ["Linear", { weight: array([n, n]) }];

  it("are read in the order of their edges, whatever the nodes are called and however the edges are listed", () => {
    const nodes = {
      z: ["Input", { shape: [1, 3] }],
      m: affine(2, 3),
      a: integrate,
      q: affine(4, 2),
      b: lif,
      y: ["Output", { shape: [4] }],
    };
    const edges = [
      ["b", "y"],
      ["q", "b"],
      ["z", "m"],
      ["a", "q"],
      ["m", "a"],
    ];
    const found = read({ nodes, edges } as unknown as Graph);
    expect(found.names).toEqual(["a", "b"]);
    expect(found.network.layers.map(({ synapses }) => synapses)).toEqual([
      { kind: "dense", inputs: 3, outputs: 2 },
      { kind: "dense", inputs: 2, outputs: 4 },
    ]);
  });

  it("without an Input begin where no edge leads to", () => {
    const graph = { nodes: { a: affine(2, 3), b: integrate }, edges: [["a", "b"]] } as unknown as Graph;
    expect(read(graph).network.input).toEqual([3]);
  });

  it.each([
    [
      "a cycle",
      {
        nodes: { i: ["Input", { shape: [2] }], w: affine(2, 2), n: integrate, r: weights(2), o: ["Output", {}] },
        edges: [
          ["i", "w"],
          ["w", "n"],
          ["n", "r"],
          ["r", "n"],
          ["n", "o"],
        ],
      },
    ],
    [
      "a graph of its own, as snnTorch writes it",
      {
        nodes: {
          i: ["Input", { shape: [2] }],
          w: affine(2, 2),
          sub: {
            nodes: {
              input: ["Input", { shape: [2] }],
              lif: integrate,
              w_rec: weights(2),
              output: ["Output", { shape: [2] }],
            },
            edges: [
              ["input", "lif"],
              ["lif", "w_rec"],
              ["w_rec", "lif"],
              ["lif", "output"],
            ],
          },
          o: ["Output", {}],
        },
        edges: [
          ["i", "w"],
          ["w", "sub"],
          ["sub", "o"],
        ],
      },
    ],
  ])("with weights back to the same neurons recur: %s", (_, graph) => {
    const { network } = read(graph as unknown as Graph);
    validateNetwork(network);
    expect([...network.layers[0].recurrent!]).toEqual([1, 3, 2, 4]);
  });

  it("that branch, meet, or have lost nodes are refused by the node's name", () => {
    const nodes = { i: ["Input", { shape: [2] }], a: affine(2, 2), b: affine(2, 2), n: integrate, o: ["Output", {}] };
    const graph = (...edges: string[]): Graph =>
      ({ nodes, edges: edges.map((edge) => edge.split("")) }) as unknown as Graph;
    refused(
      "NIR_UNSUPPORTED",
      /node "i": the graph branches there, to "a" and "b"/,
      graph("ia", "ib", "an", "bn", "no"),
    );
    refused("NIR_UNSUPPORTED", /node "n": branches meet there, from "a" and "b"/, graph("ia", "an", "bn", "no"));
    refused("NIR_INVALID", /node "b": no edge leads to it/, graph("ia", "an", "no", "bb"));
    refused("NIR_INVALID", /"x", which is no node/, graph("ia", "ax"));
    refused("NIR_INVALID", /is there twice/, graph("ia", "ia", "an", "no"));
    refused("NIR_UNSUPPORTED", /"b": weights follow those of "a"/, graph("ia", "ab", "bn", "no"));
    refused("NIR_UNSUPPORTED", /node "a": branches meet there, from "i" and "n"/, graph("ia", "ab", "bn", "na", "no"));
  });

  it("whose neurons in the middle never fire are refused", () => {
    refused(
      "NIR_UNSUPPORTED",
      /node "node1": its neurons never fire/,
      inARow([2], affine(2, 2), ["LI", { tau: 1, r: 1, v_leak: 0 }], affine(2, 2), integrate),
    );
  });

  it("of versions that are not known, of other HDF5 files, and of none are refused", () => {
    expect(() => readNir(fileOf(inARow([2], integrate), "2.0.0"), "net.nir", { dialect: "nir", dt: 1 })).toThrow(
      /version 2.0.0 of NIR/,
    );
    expect(() => readNir(fileOf(inARow([2], integrate), "0.1.1"), "net.nir", { dialect: "nir", dt: 1 })).not.toThrow();
    const { assumed } = readNir(fileOf(inARow([2], integrate), null), "net.nir", { dialect: "nir", dt: 1 });
    expect(assumed).toEqual(
      expect.arrayContaining(["version 1 of NIR: the file has none", "v_reset is 0, which the file leaves out"]),
    );
    expect(() => readNir(new Uint8Array(4000), "net.nir")).toThrow(expect.objectContaining({ code: "HDF5_INVALID" }));
  });
});
