import { DsqnError, UsageError } from "../errors.ts";
import { biasPerOutput, columnsOf, type Layer, outputsOf, type Pooling, type Synapses } from "../network/layer.ts";
import { isSpiking, type Network } from "../network/network.ts";
import { validateNetwork } from "../network/validate.ts";
import { averagedBefore } from "./average.ts";

/**
 * What one spiking layer will compute: max pooling or none, a linear map, and a ReLU in all stages but the last. A layer of the source in
 * float64, so that what conversion does to it is rounded once, at the end.
 */
export interface Stage {
  readonly pooling?: Pooling;
  readonly synapses: Synapses;
  /** In the order that `synapses` says. */
  readonly weights: Float64Array;
  /** [outputs] */
  readonly biases: Float64Array;
  /** Of the image that it puts out (a dense layer has one for each neuron): output j belongs to channel j % channels. */
  readonly channels: number;
}

/**
 * The network as stages, one for each layer: `inputScale` goes into the first weights, average pooling into those behind it.
 *
 * @throws DsqnError LAYER_UNCONVERTIBLE, which names the layer and the reason; MODEL_KIND for a network that spikes already
 */
export function stagesOf(source: Network): Stage[] {
  if (isSpiking(source))
    throw new UsageError("MODEL_KIND", "The network is spiking already.", {
      hint: "Convert what it was made from: a DQN, a classifier, a policy.",
    });
  validateNetwork(source);
  return source.layers.map((layer, l) => {
    const { synapses, pooling, activation } = layer;
    const scale = l === 0 ? source.inputScale : 1;
    const refuse = (why: string, hint: string): never => unconvertible(layer, l, why, hint);
    if (activation.kind !== "relu" && l < source.layers.length - 1)
      refuse("nothing rectifies what it puts out, and a firing rate can't be negative", "Give it a ReLU.");
    const stage: Stage = {
      synapses,
      weights: new Float64Array(layer.weights).map((w) => w * scale),
      biases: new Float64Array(biasPerOutput(layer) ?? new Float32Array(outputsOf(layer))),
      channels: columnsOf(layer),
    };
    if (!pooling) return stage;
    if (pooling.kind === "average")
      return (
        averagedBefore(stage, pooling.window) ??
        refuse(
          "its padding doesn't fit the windows of its average pooling, and as a matrix both would be too large",
          'Train with padding "valid", or with strides instead of pooling.',
        )
      );
    if (pooling.kind !== "max")
      refuse(
        `it has ${pooling.kind} pooling`,
        "Use average pooling, and weights behind it that are as many times larger.",
      );
    // Maximum and a growing function change places; a falling one would make it a minimum.
    if (scale < 0)
      refuse(
        `its max pooling follows an inputScale of ${scale}, so that it would have to take the smallest`,
        "Turn the first weights over instead.",
      );
    return { ...stage, pooling };
  });
}

/** Refuses layer `l`. */
export function unconvertible(
  { synapses: { kind } }: Pick<Layer, "synapses">,
  l: number,
  why: string,
  hint: string,
): never {
  throw new DsqnError("LAYER_UNCONVERTIBLE", `Layer ${l} (${kind}) can't be made spiking: ${why}.`, {
    hint,
    facts: { layer: l, kind },
  });
}
