import { columnsOf, type Layer, outputsOf, weightShape } from "../../network/layer.ts";
import { actionsOf, type SpikingNetwork, spikingLayers } from "../../network/network.ts";
import { isPlainLif, type Lif, type Values } from "../../network/neurons/index.ts";
import type { SurrogateOptions } from "../../network/surrogate.ts";
import type { Differentiable } from "./differentiable.ts";
import type { Handle } from "./eager.ts";
import { createSynapses, type Operations } from "./synapses.ts";

const float = { T: { type: "float" } } as const;
const cast = { SrcT: { type: "uint8" }, DstT: { type: "float" } } as const;
const reshaping = { ...float, Tshape: { type: "int32" } } as const;
const summing = { ...float, Tidx: { type: "int32" }, keep_dims: false } as const;
const masks = { begin_mask: 0, end_mask: 0, ellipsis_mask: 0, new_axis_mask: 0, shrink_axis_mask: 1 } as const;
const slicing = { ...float, Index: { type: "int32" }, ...masks } as const;

/** How spikes are learned through; no gradient flows through the reset. */
export interface SpikingGraphOptions {
  readonly surrogate: SurrogateOptions;
  /** What bytes are multiplied by. */
  readonly byteScale: number;
}

/**
 * Whether `spikingDifferentiable` knows this network: hidden layers, plain lif that resets by subtraction, analog input, read by the potential, no pooling.
 * `spiking-learner.ts` knows more, one step of one state after the other, for several times the time.
 */
export function isGraphable({ layers, coding }: SpikingNetwork, { name }: SurrogateOptions): boolean {
  const outputs = layers.at(-1)!.activation;
  return (
    name === "fast-sigmoid" &&
    coding.encoding === "constant" &&
    coding.decoding === "potential" &&
    !coding.biasInput &&
    !coding.signedInputs &&
    typeof (outputs as Lif).beta === "number" &&
    layers.length > 1 &&
    layers.every(
      ({ activation, pooling, recurrent }) =>
        !pooling &&
        !recurrent &&
        activation.kind === "lif" &&
        isPlainLif(activation) &&
        activation.reset === "subtraction" &&
        activation.fires === "above",
    )
  );
}

/** What the steps of a hidden layer leave: distances from the threshold and spikes, [steps, batch, neurons]. */
interface Trace {
  readonly x: Handle;
  readonly distances: Handle;
  readonly spikes: Handle;
}

/**
 * A network of lif neurons as operations of `graph`, all its steps unrolled: in step t, for each neuron,
 *
 *   m[t] = beta v[t-1] + h[t];  s[t] = m[t] > threshold;  v[t] = m[t] - resetBy s[t]
 *
 * and backwards dE/dm[t] = sigma(m[t] - threshold) dE/ds[t] + beta dE/dm[t+1], sigma the surrogate. Synapses take all steps in one operation; the first
 * layer, whose input is the same in all of them, takes one. The output layer integrates, so that it takes the weighted sum of the spikes before it.
 */
export function spikingDifferentiable(
  graph: Operations,
  network: SpikingNetwork,
  { surrogate: { scale }, byteScale }: SpikingGraphOptions,
): Differentiable {
  const { steps } = network.coding;
  const { run, upload } = graph;
  const last = spikingLayers(network);
  const tools = toolsOf(graph);
  const { number, shape, reshape, sum, at } = tools;
  const bytes = number(byteScale);

  const layers = network.layers.map((layer, l) => layerOf(tools, layer, l, steps));
  const output = layers[last];
  const decay = output.neuron.beta as number;
  /** What is left in the end of what comes in step t. */
  const shares = new Float32Array(steps).fill(1);
  for (let t = steps - 2; t >= 0; t--) shares[t] = shares[t + 1] * decay;
  const share = upload(shares, [steps, 1, 1]);
  const biasShare = number(shares.reduce((a, b) => a + b, 0));
  /** The output layer's biases come in every step. */
  const outputParameters = ([weights, bias]: readonly Handle[]): Handle[] =>
    bias === undefined ? [weights] : [weights, run("Mul", [bias, biasShare], float)];
  const start = output.neuron.initial?.map((v) => v * shares[0] * decay);

  const parametersOf = (given: readonly Handle[]): Handle[][] => {
    let from = 0;
    const own = layers.map(({ parameters }) => given.slice(from, (from += parameters.length)));
    own[0][0] = run("Mul", [own[0][0], bytes], float);
    return own;
  };
  const forward = (frames: Handle, own: readonly (readonly Handle[])[]) => {
    let x = run("Cast", [frames], cast);
    const traces = layers.slice(0, last).map((layer, l): Trace => {
      const currents = layer.currents(x, own[l]);
      const inSteps = l === 0 ? currents : reshape(currents, layer.stack);
      const trace = { x, ...integrate(tools, layer, steps, (t) => (l === 0 ? inSteps : at(inSteps, t))) };
      x = reshape(trace.spikes, shape(-1, ...insideOf(network.layers[l])));
      return trace;
    });
    const heard = sum(run("Mul", [traces.at(-1)!.spikes, share], float));
    const values = output.currents(heard, outputParameters(own[last]));
    return { traces, heard, values: start ? run("AddV2", [values, upload(start, [start.length])], float) : values };
  };
  return {
    parameters: layers.flatMap(({ parameters }) => parameters),
    actions: actionsOf(network),
    values: (frames, given) => forward(frames, parametersOf(given)).values,
    record(frames, given) {
      const own = parametersOf(given);
      const { traces, heard, values } = forward(frames, own);
      return {
        values,
        activations: [...traces.flatMap(({ distances, spikes }) => [distances, spikes]), values],
        gradients(atValues) {
          const top = output.gradients(heard, own[last], atValues, true);
          const [weights, ...bias] = top.parameters;
          const all = [weights, ...bias.map((g) => run("Mul", [g, biasShare], float))];
          // Of each step its share: [1, batch, n] times [steps, 1, 1].
          const once = reshape(top.input!, shape(1, -1, outputsOf(network.layers[last - 1])));
          let atSpikes = run("Mul", [once, share], float);
          for (let l = last - 1; l >= 0; l--) {
            const atCurrents = backwards(tools, layers[l], traces[l], atSpikes, { scale, steps });
            const back = layers[l].gradients(traces[l].x, own[l], l === 0 ? sum(atCurrents) : atCurrents, l > 0);
            all.unshift(...back.parameters);
            if (l > 0) atSpikes = reshape(back.input!, layers[l - 1].stack);
          }
          all[0] = run("Mul", [all[0], bytes], float);
          return all;
        },
      };
    },
  };
}

/** Short names of a graph's operations. */
type Tools = ReturnType<typeof toolsOf>;

function toolsOf(graph: Operations) {
  const { run, upload } = graph;
  const number = (value: number): Handle => upload(Float32Array.of(value), []);
  const each = (values: Values): Handle =>
    typeof values === "number" ? number(values) : upload(values, [values.length]);
  const shape = (...sizes: number[]): Handle => upload(Int32Array.from(sizes), [sizes.length]);
  const reshape = (x: Handle, to: Handle): Handle => run("Reshape", [x, to], reshaping);
  const sum = (x: Handle): Handle => run("Sum", [x, upload(Int32Array.of(0), [1])], summing);
  const pack = (parts: readonly Handle[]): Handle => run("Pack", parts, { ...float, N: parts.length, axis: 0 });
  const at = (x: Handle, t: number): Handle => run("StridedSlice", [x, shape(t), shape(t + 1), shape(1)], slicing);
  return { graph, run, upload, number, each, shape, reshape, sum, pack, at };
}

/** A layer's parameters, and what its synapses do forwards and backwards. */
type GraphLayer = ReturnType<typeof layerOf>;

function layerOf(tools: Tools, layer: Layer, l: number, steps: number) {
  const { run, each, shape, reshape, sum } = tools;
  const synapses = createSynapses(tools.graph, layer);
  const neuron = layer.activation as Lif;
  const { biases } = layer;
  const [n, columns] = [outputsOf(layer), columnsOf(layer)];
  const perColumn = biases?.length === columns;
  const rows = shape(-1, n);
  const [stack, own] = [shape(steps, -1, n), shape(-1, ...insideOf(layer))];
  const leak = (v: Handle): Handle => (neuron.beta === 1 ? v : run("Mul", [v, each(neuron.beta)], float));
  return {
    neuron,
    stack,
    leak,
    parameters: [
      { name: `layers.${l}.weight`, shape: weightShape(layer), values: layer.weights },
      ...(biases ? [{ name: `layers.${l}.bias`, shape: [biases.length], values: biases }] : []),
    ],
    /** Sums of the synapses, biases included, [rows, n]. */
    currents(x: Handle, [weights, bias]: readonly Handle[]): Handle {
      const sums = synapses.forward(x, weights);
      if (bias === undefined) return reshape(sums, rows);
      if (perColumn) return reshape(run("BiasAdd", [sums, bias], float), rows);
      return run("AddV2", [reshape(sums, rows), bias], float);
    },
    /** From the gradient at those sums, [rows, n]: that of the parameters, and where asked for of x. */
    gradients(x: Handle, [weights, bias]: readonly Handle[], gradient: Handle, inputToo: boolean) {
      const g = reshape(gradient, own);
      const atBias = perColumn ? run("BiasAddGrad", [g], float) : sum(reshape(gradient, rows));
      return {
        parameters: [synapses.weightGradient(x, g), ...(bias === undefined ? [] : [atBias])],
        ...(inputToo && { input: synapses.inputGradient(x, weights, g) }),
      };
    },
  };
}

/** One layer's steps; `h`: of step t, [batch, n]. */
function integrate(
  { run, upload, each, pack }: Tools,
  { neuron, leak }: GraphLayer,
  steps: number,
  h: (t: number) => Handle,
): Omit<Trace, "x"> {
  const [threshold, resetBy] = [each(neuron.threshold), each(neuron.resetBy)];
  const [distances, spikes]: Handle[][] = [[], []];
  let v: Handle | undefined = neuron.initial ? upload(neuron.initial, [neuron.initial.length]) : undefined;
  for (let t = 0; t < steps; t++) {
    const m: Handle = v === undefined ? h(t) : run("AddV2", [leak(v), h(t)], float);
    distances.push(run("Sub", [m, threshold], float));
    // 1 above, 0 at or below.
    spikes.push(run("Relu", [run("Sign", [distances[t]], float)], float));
    v = run("Sub", [m, neuron.resetBy === 1 ? spikes[t] : run("Mul", [spikes[t], resetBy], float)], float);
  }
  return { distances: pack(distances), spikes: pack(spikes) };
}

/** dE/dh of all steps, [steps, batch, n], from dE/ds. */
function backwards(
  { run, number, pack, at }: Tools,
  { leak }: GraphLayer,
  { distances }: Trace,
  atSpikes: Handle,
  { scale, steps }: { readonly scale: number; readonly steps: number },
): Handle {
  const wide = run("Mul", [run("Abs", [distances], float), number(scale)], float);
  const slope = run("Reciprocal", [run("Square", [run("AddV2", [wide, number(1)], float)], float)], float);
  const direct = run("Mul", [slope, atSpikes], float);
  const all: Handle[] = [];
  for (let t = steps - 1; t >= 0; t--)
    all.unshift(t === steps - 1 ? at(direct, t) : run("AddV2", [at(direct, t), leak(all[0])], float));
  return pack(all);
}

/** What one state's outputs look like to the next layer's synapses. */
function insideOf({ synapses }: Layer): number[] {
  return synapses.kind === "dense" ? [synapses.outputs] : [...synapses.output];
}
