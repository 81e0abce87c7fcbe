import { DsqnError } from "../../errors.ts";
import { isNeuron, type Layer, type Pooling, weightShape } from "../../network/layer.ts";
import { actionsOf, type Network } from "../../network/network.ts";
import type { Handle } from "./eager.ts";
import { createSynapses, type Operations, paddingOf } from "./synapses.ts";

interface Parameter {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/**
 * A layer's values on the way forward: what went in, what its synapses saw, what came out, and its weights and biases
 * at that time.
 */
interface Pass {
  readonly x: Handle;
  readonly p: Handle;
  readonly y: Handle;
  readonly parameters: readonly Handle[];
}

interface Windows {
  forward(x: Handle): Handle;
  backward(x: Handle, p: Handle, gradient: Handle): Handle;
}

/** A network's forward and backward pass over batches. */
export interface Differentiable {
  readonly parameters: readonly Parameter[];
  readonly actions: number;
  /** Values of each action, [batch, actions], for `frames`: bytes, [batch, height, width, channels]. */
  values(frames: Handle, parameters: readonly Handle[]): Handle;
  /**
   * The same, what is computed on the way (the last one are the values), and how the gradient at the values goes back
   * to all parameters.
   */
  record(
    frames: Handle,
    parameters: readonly Handle[],
  ): {
    values: Handle;
    activations: readonly Handle[];
    gradients: (atValues: Handle) => readonly Handle[];
  };
}

const float = { T: { type: "float" } } as const;
const shapeAttributes = { T: { type: "float" }, out_type: { type: "int32" } } as const;
const cast = { SrcT: { type: "uint8" }, DstT: { type: "float" } } as const;

/**
 * A network without spikes as operations of `graph`. inputScale is multiplied into the first layer's weights instead of
 * every pixel.
 *
 * @throws DsqnError LAYER_UNTRAINABLE for a layer that cannot be learned.
 */
export function differentiable(graph: Operations, network: Network): Differentiable {
  const { run } = graph;
  const layers = network.layers.map((layer, l) => layerOf(graph, layer, l));
  const scale = graph.upload(Float32Array.of(network.inputScale), []);
  const forward = (frames: Handle, given: readonly Handle[]): Pass[] => {
    let [x, from] = [run("Cast", [frames], cast), 0];
    return layers.map(({ parameters, forward }, l) => {
      const own = given.slice(from, (from += parameters.length));
      if (l === 0) own[0] = run("Mul", [own[0], scale], float);
      const pass = forward(x, own);
      x = pass.y;
      return pass;
    });
  };
  return {
    parameters: layers.flatMap(({ parameters }) => parameters),
    actions: actionsOf(network),
    values: (frames, parameters) => forward(frames, parameters).at(-1)!.y,
    record(frames, parameters) {
      const passes = forward(frames, parameters);
      return {
        values: passes.at(-1)!.y,
        activations: passes.flatMap(({ x, p, y }) => (p === x ? [y] : [p, y])),
        gradients(gradient) {
          const all: Handle[] = [];
          for (let l = layers.length - 1; l >= 0; l--) {
            const back = layers[l].backward(passes[l], gradient, l > 0);
            all.unshift(...back.parameters);
            gradient = back.input ?? gradient;
          }
          all[0] = run("Mul", [all[0], scale], float);
          return all;
        },
      };
    },
  };
}

function layerOf(graph: Operations, layer: Layer, l: number) {
  const { run } = graph;
  const { weights, biases, activation, pooling } = layer;
  if (isNeuron(activation)) untrainable(layer, l, "spikes");
  if (biases && biases.length !== weightShape(layer).at(-1)) untrainable(layer, l, "has a bias for each place");
  const synapses = createSynapses(graph, layer);
  const windows = pooling && windowsOf(graph, layer, pooling, l);
  const rectifies = activation.kind === "relu";
  const parameters: Parameter[] = [{ name: `layers.${l}.weight`, shape: weightShape(layer), values: weights }];
  if (biases) parameters.push({ name: `layers.${l}.bias`, shape: [biases.length], values: biases });
  return {
    parameters,
    forward(x: Handle, parameters: readonly Handle[]): Pass {
      const p = windows ? windows.forward(x) : x;
      let y = synapses.forward(p, parameters[0]);
      if (biases) y = run("BiasAdd", [y, parameters[1]], float);
      if (rectifies) y = run("Relu", [y], float);
      return { x, p, y, parameters };
    },
    /** From the gradient at its output: that of its parameters, and that of its input unless nobody asks. */
    backward({ x, p, y, parameters: [weights] }: Pass, gradient: Handle, inputToo: boolean) {
      const g = rectifies ? run("ReluGrad", [gradient, y], float) : gradient;
      const parameters = [synapses.weightGradient(p, g), ...(biases ? [run("BiasAddGrad", [g], float)] : [])];
      if (!inputToo) return { parameters };
      const input = synapses.inputGradient(p, weights, g);
      return { parameters, input: windows ? windows.backward(x, p, input) : input };
    },
  };
}

function windowsOf({ run }: Operations, layer: Layer, { kind, window }: Pooling, l: number): Windows {
  if (kind !== "average" && kind !== "max") untrainable(layer, l, `has ${kind} pooling`);
  const { padding } = paddingOf(window);
  if (padding === "EXPLICIT") untrainable(layer, l, 'has windows padded neither as "valid" nor as "same"');
  const attributes = { ...float, ksize: [1, ...window.kernel, 1], strides: [1, ...window.strides, 1], padding };
  return kind === "average"
    ? {
        forward: (x) => run("AvgPool", [x], attributes),
        backward: (x, _p, g) => run("AvgPoolGrad", [run("Shape", [x], shapeAttributes), g], attributes),
      }
    : {
        forward: (x) => run("MaxPool", [x], attributes),
        backward: (x, p, g) => run("MaxPoolGrad", [x, p, g], attributes),
      };
}

function untrainable({ synapses: { kind } }: Layer, l: number, why: string): never {
  throw new DsqnError("LAYER_UNTRAINABLE", `Layer ${l} (${kind}) cannot be learned: it ${why}.`, {
    hint: "Learn a network of convolutions, pooling and dense layers with ReLUs.",
    facts: { layer: l, kind },
  });
}
