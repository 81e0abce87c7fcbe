import { createDenseNetwork, type DenseNetwork } from "../../network/old/dense-network.ts";
import type { TrainableNetwork } from "../../network/trainable.ts";
import { Random } from "../../numeric/random.ts";
import { createSpikingNetwork, type SpikingNetwork } from "../../network/old/spiking-network.ts";
import { foldScaling } from "../scaling.ts";
import type { DqnConfig } from "./config.ts";
import { dueling } from "./dueling.ts";

/** Makes a network learn; `createTrainable` unless a caller brings kernels of its own. */
export type MakeTrainable = (
  network: DenseNetwork | SpikingNetwork,
  options: { maxBatch: number; surrogate?: { scale: number } },
) => TrainableNetwork | Promise<TrainableNetwork>;

/** The online and the target network of a run, equal at the start. */
export async function createNetworks(
  config: DqnConfig,
  { observationSize, actions, maxBatch }: { observationSize: number; actions: number; maxBatch: number },
  makeTrainable: MakeTrainable,
): Promise<{ policy: TrainableNetwork; target: TrainableNetwork }> {
  const random = Random.stream(config.seed, "network");
  const { network } = config;
  if (network.kind === "dense") {
    const initial = createDenseNetwork([observationSize, ...network.hidden, actions + Number(network.dueling)], random);
    const make = async (): Promise<TrainableNetwork> => {
      const trainable = await makeTrainable(initial, { maxBatch });
      return network.dueling ? dueling(trainable) : trainable;
    };
    return { policy: await make(), target: await make() };
  }
  const { kind: _, hidden, surrogateScale, ...options } = network;
  const initial = createSpikingNetwork([observationSize, ...hidden, actions], random, options);
  const make = () => makeTrainable(initial, { maxBatch, surrogate: { scale: surrogateScale } });
  return { policy: await make(), target: await make() };
}

/** `trainable` with `parameters`, as it is saved: on the environment's own observations. */
export function exportNetwork(
  trainable: TrainableNetwork,
  parameters: Float32Array,
  config: DqnConfig,
): DenseNetwork | SpikingNetwork {
  const kept = trainable.parameters.slice();
  trainable.parameters.set(parameters);
  const network = trainable.toNetwork();
  trainable.parameters.set(kept);
  return config.scaling ? foldScaling(network, config.scaling) : network;
}
