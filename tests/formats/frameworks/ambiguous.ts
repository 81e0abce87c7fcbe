import { type Tensor, tensor } from "../../../src/files/tensor.ts";
import type { StateDictOptions } from "../../../src/formats/frameworks/state-dict.ts";

/** A file that does not say which network it is, how it is to be refused, and a word that the way out must name. */
export interface Ambiguous {
  readonly what: string;
  readonly tensors: Record<string, Tensor>;
  /** Undefined: --framework is not given. */
  readonly options?: StateDictOptions;
  /** Whether the file has an order. */
  readonly ordered?: boolean;
  readonly code: string;
  readonly says: RegExp;
}

/** A tensor of that shape, filled with `value`. */
const filled = (shape: readonly number[], value = 0.5): Tensor =>
  tensor(new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(value), [...shape]);

export const one = (value = 0.9): Tensor => filled([], value);

/** Linear modules: `{ fc1: [4, 4] }` is [outputs, inputs]. */
export function linears(
  layers: Readonly<Record<string, readonly [number, number]>>,
  bias = true,
): Record<string, Tensor> {
  return Object.fromEntries(
    Object.entries(layers).flatMap(([name, shape]) => [
      [`${name}.weight`, filled(shape)] as const,
      ...(bias ? [[`${name}.bias`, filled([shape[0]])] as const] : []),
    ]),
  );
}

/** snnTorch's buffers of a Leaky. */
export function leaky(name: string, beta = 0.9, more: Record<string, Tensor> = {}): Record<string, Tensor> {
  const own = {
    beta: one(beta),
    threshold: one(1),
    graded_spikes_factor: one(1),
    reset_mechanism_val: one(0),
    ...more,
  };
  return Object.fromEntries(Object.entries(own).map(([part, value]) => [`${name}.${part}`, value]));
}

const conv = (name: string, shape: readonly [number, number, number, number]): Record<string, Tensor> => ({
  [`${name}.weight`]: filled(shape),
  [`${name}.bias`]: filled([shape[0]]),
});

type Named = Record<string, readonly [number, number]>;
const two: Named = { fc1: [16, 4], fc2: [2, 16] };
const square: Named = { fc1: [4, 4], fc2: [4, 4] };
const turned: Named = { first: [4, 4], second: [4, 4] };

const of = (
  what: string,
  tensors: Record<string, Tensor>,
  options: StateDictOptions | undefined,
  code: string,
  says: RegExp,
  ordered = true,
): Ambiguous => ({ what, tensors, options, code, says, ordered });

/** Without --framework: a spiking network is no dense one. */
const unsaid: Ambiguous[] = [
  ["snnTorch, Leaky", { ...linears(two), ...leaky("lif1"), ...leaky("lif2") }, /snntorch/],
  ["snnTorch, square", { ...linears(square), ...leaky("lif1") }, /snntorch/],
  ["snnTorch, beta alone", { ...linears(two), "lif1.beta": one() }, /snntorch/],
  ["snnTorch, threshold alone", { ...linears(two), "lif1.threshold": one() }, /snntorch/],
  ["snnTorch, beta per neuron", { ...linears(square), "lif.beta": filled([4]) }, /snntorch/],
  ["snnTorch, Synaptic", { ...linears(two), ...leaky("lif1", 0.9, { alpha: one() }) }, /snntorch/],
  ["SpikingJelly, ParametricLIFNode", { ...linears(two), "sn1.w": one(0) }, /spikingjelly/],
  [
    "SpikingJelly, in a Sequential",
    { ...linears({ "0": [4, 4] }), "1.w": one(0), ...linears({ "2": [4, 4] }) },
    /spikingjelly/,
  ],
  ["sinabs, IAF", { ...linears(two), "iaf.spike_threshold": one(1) }, /sinabs/],
  ["sinabs, LIF", { ...linears(square), "lif.tau_mem": one(5) }, /sinabs/],
  ["sinabs, alphas", { ...linears(square), "lif.alpha_mem": one() }, /sinabs/],
  ["sinabs, a lower bound", { ...linears(square), "lif.min_v_mem": one(-1) }, /sinabs/],
].map(([what, tensors, says]) =>
  of(what as string, tensors as Record<string, Tensor>, undefined, "FRAMEWORK_MISSING", says as RegExp),
);

const snn = (more: Partial<StateDictOptions> = {}): StateDictOptions => ({ framework: "snntorch", ...more });
const sj = (more: Partial<StateDictOptions> = {}): StateDictOptions => ({ framework: "spikingjelly", ...more });
const file = (framework: StateDictOptions["framework"], layers: readonly object[]): Partial<StateDictOptions> => ({
  neurons: { framework, layers } as unknown as StateDictOptions["neurons"],
});

/** With it: what the file holds nothing of. */
const missing: Ambiguous[] = [
  of("weights alone, snnTorch", linears(two), snn(), "NEURONS_MISSING", /--neuron "Leaky/),
  of("weights alone, square", linears(square), snn(), "NEURONS_MISSING", /--neuron/),
  of("weights alone, SpikingJelly", linears(two), sj(), "NEURONS_MISSING", /--neuron "LIFNode/),
  of("weights alone, Norse", linears(two), { framework: "norse" }, "NEURONS_MISSING", /--neuron "LIFBoxCell/),
  of("weights alone, sinabs", linears(two), { framework: "sinabs" }, "NEURONS_MISSING", /--neuron "IAF/),
  of("Leaky without its beta", linears(two), snn({ neuron: "Leaky()" }), "NEURONS_MISSING", /--neuron/),
  of(
    "Synaptic where the file has a Leaky's tensors",
    { ...linears({ fc: [2, 4] }), ...leaky("lif") },
    snn({ neuron: "Synaptic(alpha=0.5)" }),
    "NEURONS_INVALID",
    /"alpha", which the file does not hold/,
  ),
  of(
    "a step of Norse that leaks more than there is",
    linears(two),
    { framework: "norse", neuron: "LIFBoxCell(dt=0.1)" },
    "NEURONS_INVALID",
    /dt 0\.1 times tau_mem_inv 100.*in seconds/,
  ),
  of("Synaptic without its alpha", linears(two), snn({ neuron: "Synaptic(beta=0.9)" }), "NEURONS_MISSING", /--neuron/),
  of("Leaky of which one is left open", linears(two), snn({ neuron: "Leaky(beta=?)" }), "NEURONS_MISSING", /--neuron/),
  of("a class that is left open", linears(two), snn({ neuron: "?" }), "NEURONS_MISSING", /--neuron/),
  of("ParametricLIFNode without w", linears(two), sj({ neuron: "ParametricLIFNode()" }), "NEURONS_MISSING", /--neuron/),
  of(
    "sinabs' LIF without tau_mem",
    linears(two),
    { framework: "sinabs", neuron: "LIF()" },
    "NEURONS_MISSING",
    /--neuron/,
  ),
  of(
    "alpha: Synaptic or Alpha",
    { ...linears({ fc: [4, 4] }), ...leaky("lif", 0.9, { alpha: one() }) },
    snn(),
    "NEURONS_MISSING",
    /--explain/,
  ),
  of(
    "neurons behind the first layer alone",
    { ...linears({ fc1: [4, 4] }), ...leaky("lif1"), ...linears({ fc2: [4, 4] }) },
    snn(),
    "NEURONS_MISSING",
    /fc2|--neuron/,
  ),
];

const [l1, l2] = [leaky("a", 0.9), leaky("b", 0.5)];

/** Orders, and which neurons stand where. */
const orders: Ambiguous[] = [
  of(
    "square layers in no order",
    linears(turned),
    snn({ neuron: "Leaky(beta=0.9)" }),
    "ORDER_UNKNOWN",
    /--layers/,
    false,
  ),
  of(
    "three square layers in no order",
    linears({ x: [8, 8], y: [8, 8], z: [8, 8] }),
    sj({ neuron: "IFNode()" }),
    "ORDER_UNKNOWN",
    /--layers/,
    false,
  ),
  of(
    "two orders that chain",
    linears({ a: [4, 8], b: [8, 4] }),
    sj({ neuron: "IFNode()" }),
    "ORDER_UNKNOWN",
    /--layers/,
    false,
  ),
  of(
    "numbers against the file's order",
    linears({ fc2: [4, 4], fc1: [4, 4] }),
    sj({ neuron: "IFNode()" }),
    "ORDER_UNKNOWN",
    /--layers/,
  ),
  of(
    "encoder and head with numbers of their own",
    linears({ "head.2": [4, 4], "head.0": [4, 4], "enc.0": [4, 4] }),
    sj({ neuron: "IFNode()" }),
    "ORDER_UNKNOWN",
    /--layers/,
  ),
  of(
    "no chain at all",
    linears({ fc1: [16, 4], fc2: [2, 8] }),
    sj({ neuron: "IFNode()" }),
    "IMPORT_INVALID",
    /--layers/,
  ),
  of(
    "different neurons behind weights, in no order",
    { ...linears(turned), ...l1, ...l2 },
    snn({ order: ["first", "second"] }),
    "NEURONS_MISSING",
    /--neurons/,
    false,
  ),
  of(
    "all weights, then all neurons, which differ",
    { ...linears(turned), ...l1, ...l2 },
    snn({ order: ["first", "second"] }),
    "NEURONS_MISSING",
    /--neurons/,
  ),
  of(
    "neurons before weights",
    { ...l1, ...linears({ first: [4, 4] }), ...l2, ...linears({ second: [4, 4] }) },
    snn({ order: ["first", "second"] }),
    "NEURONS_MISSING",
    /--neurons/,
  ),
  of(
    "three layers of neurons for two of weights",
    { ...linears(square), ...leaky("x"), ...leaky("y"), ...leaky("z") },
    snn(),
    "NEURONS_MISSING",
    /--neurons/,
  ),
  of(
    "two layers of neurons behind one of weights",
    { ...linears({ fc: [4, 4] }), ...l1, ...l2 },
    snn(),
    "NEURONS_MISSING",
    /--neurons/,
  ),
  of(
    "neighbours in a Sequential",
    linears({ "0": [4, 4], "1": [4, 4] }),
    sj({ neuron: "IFNode()" }),
    "IMPORT_INVALID",
    /spiking|weights/,
  ),
  of(
    "neighbours within a module",
    linears({ "net.0": [8, 4], "net.1": [2, 8] }),
    sj({ neuron: "IFNode()" }),
    "IMPORT_INVALID",
    /spiking|weights/,
  ),
  of(
    "--layers leaves one out",
    linears(square),
    sj({ neuron: "IFNode()", order: ["fc1"] }),
    "NEURONS_INVALID",
    /fc2|every/,
  ),
  of(
    "--layers names another",
    linears(square),
    sj({ neuron: "IFNode()", order: ["fc1", "fc3"] }),
    "NEURONS_INVALID",
    /fc2/,
  ),
];

/** Convolutions: geometry and pooling are in no tensor. */
const images: Ambiguous[] = [
  of(
    "a convolution over an unknown image",
    conv("0", [8, 2, 3, 3]),
    sj({ neuron: "IFNode()", strides: [1], padding: [1] }),
    "ARCHITECTURE_MISSING",
    /--input/,
  ),
  of(
    "a convolution of unknown stride",
    conv("0", [8, 2, 3, 3]),
    sj({ neuron: "IFNode()", image: [8, 8, 2] }),
    "ARCHITECTURE_MISSING",
    /--strides/,
  ),
  of(
    "a convolution of unknown padding",
    conv("0", [8, 2, 3, 3]),
    sj({ neuron: "IFNode()", image: [8, 8, 2], strides: [1] }),
    "ARCHITECTURE_MISSING",
    /--padding/,
  ),
  of(
    "pooling that nobody says",
    { ...conv("0", [8, 2, 3, 3]), ...linears({ "4": [10, 128] }) },
    sj({ neuron: "IFNode()", image: [8, 8, 2], strides: [1], padding: [1] }),
    "NETWORK_INVALID",
    /./,
  ),
  of(
    "channels that the image has not",
    conv("0", [8, 3, 3, 3]),
    sj({ neuron: "IFNode()", image: [8, 8, 2], strides: [1], padding: [1] }),
    "FRAMEWORK_FILE_INVALID",
    /frameworks/,
  ),
  of(
    "a convolution over sequences",
    { "0.weight": filled([4, 2, 3]) },
    sj({ neuron: "IFNode()" }),
    "LAYER_UNSUPPORTED",
    /./,
  ),
];

/** What is said against what is there. */
const contradictions: Ambiguous[] = [
  of(
    "another framework than the tensors'",
    { ...linears(two), ...leaky("lif1"), ...leaky("lif2") },
    sj({ neuron: "IFNode()" }),
    "NEURONS_INVALID",
    /--framework snntorch/,
  ),
  of(
    "sinabs' tensors as snnTorch's",
    { ...linears(two), "a.tau_mem": one(5) },
    snn({ neuron: "Leaky(beta=0.9)" }),
    "NEURONS_INVALID",
    /--framework sinabs/,
  ),
  of(
    "another beta than the file's",
    { ...linears({ fc: [4, 4] }), ...leaky("lif") },
    snn({ neuron: "Leaky(beta=0.5)" }),
    "NEURONS_INVALID",
    /trained/,
  ),
  of(
    "another reset than the file's",
    { ...linears({ fc: [4, 4] }), ...leaky("lif") },
    snn({ neuron: 'Leaky(reset_mechanism="zero")' }),
    "NEURONS_INVALID",
    /trained/,
  ),
  of(
    "another threshold than the file's",
    { ...linears({ fc: [4, 4] }), ...leaky("lif") },
    snn({ neuron: "Leaky(threshold=2)" }),
    "NEURONS_INVALID",
    /trained/,
  ),
  of("a class of another framework", linears(two), snn({ neuron: "LIFNode(tau=2.0)" }), "NEURONS_INVALID", /Leaky/),
  of("a class that nobody knows", linears(two), sj({ neuron: "IzhikevichNode()" }), "NEURONS_INVALID", /IFNode/),
  of("a parameter that the class has not", linears(two), sj({ neuron: "LIFNode(tua=2.0)" }), "NEURONS_INVALID", /tau/),
  of("a word for a number", linears(two), sj({ neuron: 'LIFNode(tau="fast")' }), "NEURONS_INVALID", /trained|tau/),
  of("a tau below 1", linears(two), sj({ neuron: "LIFNode(tau=0.5)" }), "NEURONS_INVALID", /trained|tau/),
  of(
    "a reset that nobody knows",
    linears(two),
    snn({ neuron: 'Leaky(beta=0.9, reset_mechanism="half")' }),
    "NEURONS_INVALID",
    /trained|reset/,
  ),
  of("arguments without names", linears(two), snn({ neuron: "Leaky(0.9)" }), "NEURONS_INVALID", /names/),
  of(
    "graded spikes",
    { ...linears({ fc: [4, 4] }), ...leaky("lif", 0.9, { graded_spikes_factor: one(2) }) },
    snn(),
    "NEURONS_INVALID",
    /./,
  ),
  of(
    "a reset's number that stands for nothing",
    { ...linears({ fc: [4, 4] }), ...leaky("lif", 0.9, { reset_mechanism_val: one(7) }) },
    snn(),
    "NEURONS_INVALID",
    /./,
  ),
  of(
    "betas of another layer",
    { ...linears({ fc: [4, 4] }), ...leaky("lif", 0.9, { beta: tensor(Float32Array.of(0.1, 0.2, 0.3), [3]) }) },
    snn(),
    "IMPORT_INVALID",
    /./,
  ),
  of(
    "RLeaky without its recurrent weights",
    { ...linears({ fc: [4, 4] }), ...leaky("lif") },
    snn({ neuron: "RLeaky()" }),
    "NEURONS_INVALID",
    /./,
  ),
  of(
    "Leaky with recurrent weights",
    { ...linears({ fc: [4, 4] }), ...leaky("lif", 0.9, { "recurrent.weight": filled([4, 4]) }) },
    snn({ neuron: "Leaky()" }),
    "NEURONS_INVALID",
    /./,
  ),
  of(
    "tensors that belong to nothing",
    { ...linears(two), "head.gain": one() },
    sj({ neuron: "IFNode()" }),
    "IMPORT_INVALID",
    /frameworks/,
  ),
  of(
    "both ways of telling",
    linears(two),
    sj({ neuron: "IFNode()", ...file("spikingjelly", [{ weights: "fc1" }]) }),
    "BAD_ARGUMENT",
    /one/,
  ),
  of(
    "a neurons' file of another framework",
    linears(two),
    sj(file("norse", [{ weights: "fc1" }])),
    "NEURONS_INVALID",
    /./,
  ),
  of(
    "a neurons' file that leaves a layer out",
    linears(square),
    sj(file("spikingjelly", [{ weights: "fc1", neuron: "IFNode()" }])),
    "NEURONS_INVALID",
    /once/,
  ),
  of(
    "a neurons' file with a layer twice",
    linears(square),
    sj(
      file("spikingjelly", [
        { weights: "fc1", neuron: "IFNode()" },
        { weights: "fc1", neuron: "IFNode()" },
      ]),
    ),
    "NEURONS_INVALID",
    /fc2/,
  ),
  of(
    "a layer without neurons in the middle",
    linears(square),
    sj(
      file("spikingjelly", [
        { weights: "fc1", neuron: null },
        { weights: "fc2", neuron: "IFNode()" },
      ]),
    ),
    "IMPORT_INVALID",
    /./,
  ),
];

export const ambiguous: readonly Ambiguous[] = [...unsaid, ...missing, ...orders, ...images, ...contradictions];
