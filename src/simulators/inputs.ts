import type { Random } from "../numeric/random.ts";
import { encoder, inputValues } from "../network/encoding.ts";
import type { SpikeEvents } from "../network/engine.ts";
import { convolutionOf } from "../network/layer.ts";
import { observationSize, type SpikingNetwork } from "../network/network.ts";
import { valueOf } from "../network/neurons/index.ts";
import { spikeCollector } from "../network/spikes.ts";
import { createState, inputNeurons } from "../network/state.ts";

/** The spikes that our encoders make of `observations` [states, observationSize], to be played by a simulator. */
export function inputSpikes(
  network: SpikingNetwork,
  observations: ArrayLike<number>,
  { steps, seed }: { steps: number; seed: number },
): SpikeEvents {
  const states = observations.length / observationSize(network);
  const memory = createState(network, states, seed);
  const input = new Float64Array(inputNeurons(network));
  const spikes = spikeCollector();
  for (let s = 0; s < states; s++) {
    const encode = encoder(network, inputValues(network, observations, s), s, memory);
    for (let t = 0; t < steps; t++) {
      encode(t, input);
      for (let i = 0; i < input.length; i++) if (input[i] !== 0) spikes.push(s, t, i);
    }
  }
  return spikes.events();
}

/**
 * Observations [states, observationSize] for a network whose environment isn't at hand: standard normal, and for a
 * network that begins with a convolution so large that the first layer's currents spread as far as its threshold, since
 * weights for bytes are small ones.
 */
export function exampleObservations(network: SpikingNetwork, states: number, random: Random): Float32Array {
  const [{ weights, activation }] = network.layers;
  const convolution = convolutionOf(network.layers[0]);
  const threshold = valueOf(activation.threshold, 0);
  const squares = convolution ? weights.reduce((sum, w) => sum + w * w, 0) / convolution.output[2] : 0;
  const amplitude = squares > 0 ? threshold / Math.sqrt(squares) : 1;
  return Float32Array.from({ length: states * observationSize(network) }, () => amplitude * random.normal());
}
