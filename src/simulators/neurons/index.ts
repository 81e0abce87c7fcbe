import type { Neuron, NeuronKind } from "../../network/neurons/index.ts";
import { simulatedLaggedLif } from "./lagged-lif.ts";
import { simulatedLif } from "./lif.ts";
import type { SimulatedNeuron } from "./neuron.ts";

const neurons: { readonly [K in NeuronKind]: SimulatedNeuron<Extract<Neuron, { kind: K }>> } = {
  "lagged-lif": simulatedLaggedLif,
  "lif": simulatedLif,
};

/** What simulators make of neurons of a kind. Python's half is dsqn_bridge/simulators/kinds.py. */
export function simulated(kind: NeuronKind): SimulatedNeuron<Neuron> {
  return neurons[kind];
}
