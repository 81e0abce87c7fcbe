import type { RunResult } from "../network/engine.ts";
import { outputsOf } from "../network/layer.ts";
import type { SpikingNetwork } from "../network/network.ts";

/**
 * The membrane potential of one neuron after each step, [steps], of a run with `recordPotentials`; of the first state unless another is
 * named.
 *
 * @example
 * const run = referenceEngine.load(network).run(state, { recordPotentials: true });
 * const values = membraneTrace(network, run, { layer: 0, neuron: 5 });
 */
export function membraneTrace(
  network: SpikingNetwork,
  { membranes, actions }: RunResult,
  { layer, neuron, state = 0 }: { layer: number; neuron: number; state?: number },
): Float64Array {
  const recorded = membranes![layer];
  const width = outputsOf(network.layers[layer]);
  const steps = recorded.length / (actions.length * width);
  return Float64Array.from({ length: steps }, (_, t) => recorded[(state * steps + t) * width + neuron]);
}
