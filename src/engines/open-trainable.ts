import { UsageError } from "../errors.ts";
import { isSpiking, type Network } from "../network/network.ts";
import { isPlainLif } from "../network/neurons/index.ts";
import type { TrainableNetwork } from "../network/trainable.ts";
import { validateNetwork } from "../network/validate.ts";
import { createTrainable, layerWithWindows, spikingOptions, type TrainableOptions } from "./create.ts";
import { refuseSeveral } from "./reference/gradients.ts";
import { referenceLearner } from "./reference/learner.ts";
import { tensorflowLearner } from "./tensorflow/spiking-learner.ts";
import { loadTfjs } from "./tensorflow/tfjs.ts";

/**
 * As `createTrainable`; a spiking network with convolutions learns inside TensorFlow, which is loaded, and set up if
 * need be. One whose neurons TensorFlow's loops don't know (lif with more than a leak and a reset in the same step)
 * learns by the reference gradients, slowly.
 */
export async function openTrainable(network: Network, options: TrainableOptions): Promise<TrainableNetwork> {
  if (!isSpiking(network) || layerWithWindows(network) < 0) return createTrainable(network, options);
  if (options.learn?.length)
    throw new UsageError("BAD_ARGUMENT", "Neurons' parameters are learned in networks of dense layers only.");
  if (needsReference(network)) {
    validateNetwork(network);
    refuseSeveral(network);
    return referenceLearner(network, { ...options, ...spikingOptions(options) });
  }
  return tensorflowLearner(await loadTfjs(), network, { ...options, ...spikingOptions(options) });
}

/** Whether TensorFlow's neurons lack something that the reference gradients have. */
function needsReference({ layers }: Network): boolean {
  return layers.some(
    ({ activation, recurrent }) => recurrent || (activation.kind === "lif" && !isPlainLif(activation)),
  );
}
