import { argmax } from "../network/decide.ts";
import type { SpikeEvents } from "../network/engine.ts";
import type { SpikingNetwork } from "../network/old/spiking-network.ts";

/** What a simulator recorded of the output layer. */
export interface Readout {
  readonly states: number;
  /** [states, actions], after the last step. */
  readonly potentials: Float64Array;
  /** [states, actions], over all steps; only the decoding max-potential needs it. */
  readonly maxima?: Float64Array;
  /** Of the output layer; only spike decodings need it. */
  readonly spikes?: SpikeEvents;
}

/** Values [states, actions] and actions [states] from what was recorded, by the network's decoding and tie rule. */
export function decode(network: SpikingNetwork, readout: Readout): { outputs: Float64Array; actions: Int32Array } {
  const actions = network.layers.at(-1)!.outputs;
  const outputs = values(network, readout, actions);
  const chosen = Int32Array.from({ length: readout.states }, (_, s) =>
    argmax(outputs, s * actions, actions, network.ties, readout.potentials),
  );
  return { outputs, actions: chosen };
}

function values(network: SpikingNetwork, readout: Readout, actions: number): Float64Array {
  if (network.decoding === "potential") return readout.potentials.slice();
  if (network.decoding === "max-potential") return (readout.maxima ?? readout.potentials).slice();
  const outputs = new Float64Array(readout.states * actions);
  const spikes = readout.spikes ?? { state: new Int32Array(), step: new Int32Array(), neuron: new Int32Array() };
  const first = new Int32Array(readout.states).fill(-1);
  for (let k = 0; k < spikes.state.length; k++) {
    const s = spikes.state[k];
    if (first[s] < 0) first[s] = spikes.step[k]; // sorted by step within a state
    if (network.decoding === "spikes") outputs[s * actions + spikes.neuron[k]] += 1;
    else if (spikes.step[k] === first[s]) outputs[s * actions + spikes.neuron[k]] = 1;
  }
  return outputs;
}
