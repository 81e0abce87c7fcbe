import { UsageError } from "../errors.ts";
import { sizeOf } from "../network/convolution.ts";
import { convolutionalRunner, type ConvolutionalRunner } from "./fast/convolutional.ts";
import type { ConvolutionalNetwork } from "../network/old/convolutional-network.ts";
import { denseForward } from "./reference/dense-forward.ts";
import type { DenseNetwork } from "../network/old/dense-network.ts";

/** A network without spikes as a function of observations. */
export interface Values {
  readonly actions: number;
  /** Length of an observation; an image's is height x width x channels. */
  readonly observationSize: number;
  /**
   * Values of each action, [batch, actions], for `observations` [batch, observationSize], in float32; and the effective
   * multiply-accumulates that they took, summed over the batch.
   */
  forward(observations: Float32Array, batch: number): { outputs: Float32Array; multiplyAccumulates: number };
}

/** The kernels' memory of a runner is given back when nobody can call it any more. */
const unused = new FinalizationRegistry<ConvolutionalRunner>((runner) => runner.close());

/** What `network` thinks of its actions; a convolutional one runs on the WASM kernels. */
export function valuesOf(network: DenseNetwork | ConvolutionalNetwork): Values {
  const { outputs: actions } = network.layers.at(-1) as { outputs: number };
  if (network.kind === "dense")
    return {
      actions,
      observationSize: network.layers[0].inputs,
      forward: (observations, batch) => denseForward(network, observations, batch),
    };
  const observationSize = sizeOf(network.input);
  const runner = convolutionalRunner(network);
  const forward: Values["forward"] = (observations, batch) => {
    checkImages(network, observations, batch);
    return runner.forward(observations, batch);
  };
  unused.register(forward, runner);
  return { actions, observationSize, forward };
}

/** OBSERVATION_MISMATCH unless `observations` are `batch` images of the network's shape. */
export function checkImages({ input }: ConvolutionalNetwork, observations: ArrayLike<number>, batch: number): void {
  if (observations.length === batch * sizeOf(input) && Number.isInteger(batch) && batch > 0) return;
  throw new UsageError(
    "OBSERVATION_MISMATCH",
    `${observations.length} values are not ${batch} observation(s) of ${input.join(" x ")} = ${sizeOf(input)} values each, which the network takes.`,
    {
      hint: "Was the network made for another game, or for frames that were prepared in another way?",
      facts: { values: observations.length, batch, input },
    },
  );
}
