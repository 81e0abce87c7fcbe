import { biasPerOutput, outputsOf, type SpikingLayer, synapticInputs, weightShape } from "../../network/layer.ts";
import type { LayerParameters } from "../../network/parameters.ts";
import { poolValues } from "../../network/pooling.ts";
import type { SurrogateOptions } from "../../network/surrogate.ts";
import { type BackwardOptions, differentiateAll, integrateAll, type LayerTrace } from "./dynamics.ts";
import type { Eager, Handle } from "./eager.ts";
import { poolAll, unpoolAll } from "./pool.ts";
import { createSynapses } from "./synapses.ts";
import type { Window } from "./windows.ts";

/** What a layer did: the values that its synapses saw, and what its neurons made of them. */
export interface LayerPass {
  readonly x: Float32Array | Uint8Array;
  readonly trace: LayerTrace;
}

export interface SpikingLayerOptions {
  readonly surrogate: SurrogateOptions;
  readonly detachReset: boolean;
  /** Views of the flat arrays. */
  readonly parameters: LayerParameters;
  readonly gradients: LayerParameters;
  /**
   * The steps in which its neurons are computed, and in which its synapses bring something; undefined: the same in all.
   */
  readonly window: Window;
  readonly input?: Window;
  readonly spiking: boolean;
  /** What bytes are multiplied by. */
  readonly byteScale: number;
}

/** A layer's two passes over a batch. */
export interface LearningLayer {
  /** From what comes in: an observation's values or spikes, or the spikes of the layer before in its window. */
  forward(before: Float32Array | Uint8Array, states: number): LayerPass;
  /** From dE/d(spike) `g`: fills the gradients, and gives dE/d(spike) of the layer before, whose spikes were `before`. */
  backward(
    pass: LayerPass,
    g: Float32Array,
    states: number,
    before: Uint8Array | undefined,
    atPotentials: BackwardOptions["atPotentials"],
  ): Float32Array | undefined;
}

const float = { T: { type: "float" } } as const;
const cast = { SrcT: { type: "uint8" }, DstT: { type: "float" } } as const;

/**
 * A layer of a spiking network that learns: pooling and neurons in plain loops, the synapses of all states and steps in
 * one operation of TensorFlow.
 */
export function tensorflowLayer(eager: Eager, layer: SpikingLayer, options: SpikingLayerOptions): LearningLayer {
  const { window, input: brought, parameters, gradients, spiking, byteScale } = options;
  const { pooling, activation } = layer;
  const neurons = outputsOf(layer);
  const { synapses: of } = layer;
  const [inputShape, outputShape] = of.kind === "dense" ? [[of.inputs], [of.outputs]] : [of.input, of.output];
  const steps = brought ? brought.to - brought.from : 1;
  const keepCurrents = !options.detachReset && activation.kind === "lagged-lif" && activation.reset === "zero";

  /** What synapses see: values, spikes of another layer, or an observation's bytes. */
  const upload = (x: Float32Array | Uint8Array, rows: number): Handle => {
    const handle = eager.upload(x, [rows, ...inputShape]);
    if (x instanceof Float32Array) return handle;
    const values = eager.run("Cast", [handle], cast);
    return byteScale === 1 ? values : eager.run("Mul", [values, eager.upload(Float32Array.of(byteScale), [])], float);
  };
  const pooled = (x: Float32Array | Uint8Array, states: number): Float32Array | Uint8Array => {
    if (!pooling) return x;
    if (brought) return poolAll(pooling, x, states, steps);
    const [inputs, windows] = [x.length / states, synapticInputs(layer)];
    const y = new Float32Array(states * windows);
    for (let b = 0; b < states; b++)
      poolValues(pooling, x.subarray(b * inputs, (b + 1) * inputs), y.subarray(b * windows, (b + 1) * windows));
    return y;
  };

  return {
    forward(before, states) {
      const x = pooled(before, states);
      const rows = states * steps;
      const input = eager.scope(() => {
        const weights = eager.upload(parameters.weights, weightShape(layer));
        return eager.download(createSynapses(eager, layer).forward(upload(x, rows), weights));
      });
      const biases = biasPerOutput({ ...layer, biases: parameters.biases });
      const trace = integrateAll(activation, biases, input, {
        states,
        neurons,
        window,
        input: brought,
        spiking,
        keepCurrents,
      });
      return { x, trace };
    },
    backward({ x, trace }, g, states, before, atPotentials) {
      const all = { ...options, states, atPotentials };
      const { atInput, atBiases } = differentiateAll(activation, trace, g, all);
      const { biases } = gradients;
      if (biases) {
        const sums = new Float64Array(biases.length);
        atBiases.forEach((gradient, j) => (sums[j % sums.length] += gradient));
        biases.set(sums);
      }
      const rows = states * steps;
      const back = eager.scope(() => {
        const synapses = createSynapses(eager, layer);
        const [seen, gradient] = [upload(x, rows), eager.upload(atInput, [rows, ...outputShape])];
        gradients.weights.set(eager.download(synapses.weightGradient(seen, gradient)));
        if (!before) return undefined;
        const weights = eager.upload(parameters.weights, weightShape(layer));
        return Float32Array.from(eager.download(synapses.inputGradient(seen, weights, gradient)));
      });
      return back && pooling && before ? unpoolAll(pooling, before, back, states, steps) : back;
    },
  };
}
