import { createDenseNetwork, createSpikingNetwork } from "../network/create.ts";
import type { Network, SpikingNetwork } from "../network/network.ts";
import type { SpikeRegulariser } from "../network/regulariser.ts";
import type { SurrogateOptions } from "../network/surrogate.ts";
import type { TrainableNetwork } from "../network/trainable.ts";
import { Random } from "../numeric/random.ts";
import { createTrainable, type TrainableOptions } from "../engines/create.ts";
import type { DqnConfig } from "./algorithms/dqn-config.ts";
import { fewBits } from "./few-bits.ts";
import type { Scaling } from "./scaling.ts";
import { neuronOf } from "./schema.ts";

/** Makes a network learn; `createTrainable` unless a caller brings kernels of its own. */
export type MakeTrainable = (
  network: Network,
  options: TrainableOptions,
) => TrainableNetwork | Promise<TrainableNetwork>;

type VectorNetwork = Omit<DqnConfig["network"] & { kind: "dense" }, "dueling"> | SpikingNetworkConfig;
type SpikingNetworkConfig = Omit<DqnConfig["network"] & { kind: "spiking" }, "dueling">;
export type SpikingFields = Omit<SpikingNetworkConfig, "kind" | "hidden">;

/** The network over lists of values that a config describes, with the run's own random weights. */
export function initialNetwork(
  network: VectorNetwork,
  inputs: number,
  outputs: number,
  seed: number,
  stream = "network",
): Network | SpikingNetwork {
  const random = Random.stream(seed, stream);
  const shape = [inputs, ...network.hidden, outputs];
  return network.kind === "dense" ? createDenseNetwork(shape, random) : denseSpiking(shape, network, random);
}

/** Makes it learn, spikes and bits as the config says; `scaling`: of what it sees. */
export async function trainable(
  network: Network,
  config: VectorNetwork,
  maxBatch: number,
  { makeTrainable = createTrainable, scaling }: { makeTrainable?: MakeTrainable; scaling?: Scaling } = {},
): Promise<TrainableNetwork> {
  const learns = await makeTrainable(network, { maxBatch, ...(config.kind === "spiking" && spikeOptions(config)) });
  return config.bits === undefined ? learns : fewBits(learns, config.bits, scaling);
}

/** How spikes are learned through. */
export function spikeOptions({ surrogate, surrogateScale, detachReset, regulariser, learn }: SpikingFields): {
  readonly surrogate: SurrogateOptions;
  readonly detachReset: boolean;
  readonly regulariser?: SpikeRegulariser;
  readonly learn: TrainableOptions["learn"];
} {
  return { surrogate: { name: surrogate, scale: surrogateScale }, detachReset, regulariser, learn };
}

/** A spiking network of dense layers as a config describes it. */
export function denseSpiking(shape: readonly number[], config: SpikingFields, random: Random): SpikingNetwork {
  const { steps, biasInput, weightScale, outputScale } = config;
  return createSpikingNetwork(shape, random, { neuron: neuronOf(config), steps, biasInput, weightScale, outputScale });
}
