import { Random } from "../../numeric/random.ts";
import { inputValues } from "../../network/encoding.ts";
import type { SpikeEvents } from "../../network/engine.ts";
import { observationSize, type SpikingNetwork } from "../../network/network.ts";
import { spikeCollector } from "../../network/spikes.ts";
import { exp } from "../../numeric/elementary.ts";

/**
 * Spikes as SpikeSourcePoisson draws them on the machine: in every step a Poisson number of mean x, clamped to [0, 1],
 * so that one neuron may spike several times in a step (its event then comes as often), where our encoder draws one
 * spike or none. The machine has a generator of its own: alike in distribution only.
 */
export function poissonSpikes(
  network: SpikingNetwork,
  observations: ArrayLike<number>,
  { steps, seed }: { steps: number; seed: number },
): SpikeEvents {
  const states = observations.length / observationSize(network);
  const spikes = spikeCollector();
  for (let s = 0; s < states; s++) {
    const random = Random.stream(seed, `poisson source ${s}`);
    const none = inputValues(network, observations, s).map((x) => exp(-Math.min(Math.max(x, 0), 1)));
    for (let t = 0; t < steps; t++)
      for (let i = 0; i < none.length; i++)
        for (let p = random.uniform(); p > none[i]; p *= random.uniform()) spikes.push(s, t, i);
  }
  return spikes.events();
}
