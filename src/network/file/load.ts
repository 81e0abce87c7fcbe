import type { DenseNetwork } from "../old/dense-network.ts";
import { UsageError } from "../../errors.ts";
import type { SpikingNetwork } from "../old/spiking-network.ts";
import { loadModel, type Network } from "./model.ts";

/**
 * The dense network in a model file.
 *
 * @example
 * const dqn = await loadDenseNetwork("models/cartpole-dqn.safetensors");
 *
 * Errors: those of `loadModel`, and MODEL_KIND for a file that holds another kind.
 */
export async function loadDenseNetwork(path: string): Promise<DenseNetwork> {
  return ofKind(path, (await loadModel(path)).network, "dense");
}

/**
 * The spiking network in a model file.
 *
 * @example
 * const snn = await loadSpikingNetwork("models/cartpole-dqn-converted.safetensors");
 *
 * Errors: those of `loadModel`, and MODEL_KIND for a file that holds another kind.
 */
export async function loadSpikingNetwork(path: string): Promise<SpikingNetwork> {
  return ofKind(path, (await loadModel(path)).network, "spiking");
}

function ofKind<K extends Network["kind"]>(path: string, network: Network, kind: K): Extract<Network, { kind: K }> {
  if (network.kind === kind) return network as Extract<Network, { kind: K }>;
  throw new UsageError("MODEL_KIND", `"${path}" holds a ${network.kind} network, not a ${kind} one.`, {
    hint: kind === "spiking" ? `dsqn convert ${path}` : "Name the network that it was converted from.",
  });
}
