import { UsageError } from "../errors.ts";
import { spikingTrainable } from "../snn/bptt.ts";
import type { SpikingNetwork } from "../snn/network.ts";
import { surrogateDefaults, type SurrogateOptions } from "../snn/surrogate.ts";
import { denseTrainable } from "./dense-trainable.ts";
import type { DenseNetwork } from "./network.ts";
import type { TrainableNetwork } from "./trainable.ts";

export interface TrainableOptions {
  /** The largest batch of any call. */
  readonly maxBatch: number;
  /** Threads over the batch; results are the same bits with any number. */
  readonly threads?: number;
  /** Spiking networks: the derivative that stands in for the spike's (fast sigmoid of scale 100 unless given). */
  readonly surrogate?: Partial<SurrogateOptions>;
  /** Spiking networks: whether no gradient flows through the reset (the original's; default true). */
  readonly detachReset?: boolean;
}

/** A network that learns, from the portable form. Call `close` when done. */
export function createTrainable(network: DenseNetwork | SpikingNetwork, options: TrainableOptions): TrainableNetwork {
  const { maxBatch, surrogate, detachReset = true } = options;
  if (!Number.isInteger(maxBatch) || maxBatch < 1) throw new UsageError("BATCH_EMPTY", `maxBatch must be a positive integer, not ${maxBatch}.`);
  if (network.kind === "dense") return denseTrainable(network, maxBatch);
  return spikingTrainable(network, { maxBatch, surrogate: { ...surrogateDefaults, ...surrogate }, detachReset });
}
