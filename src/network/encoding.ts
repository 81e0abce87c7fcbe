import { Random, type RandomState } from "../numeric/random.ts";
import { inputsOf } from "./layer.ts";
import { observationSize, type SpikingNetwork } from "./network.ts";
import { inputNeurons, type NetworkState } from "./state.ts";

/**
 * The values of the input neurons for batch element `index` of `observations` [batch, observationSize]: the observation, then the 1 of
 * biasInput, and with signedInputs the positive parts of all these followed by the magnitudes of their negative parts.
 */
export function inputValues(
  network: SpikingNetwork,
  observations: ArrayLike<number>,
  index: number,
  round: (x: number) => number = (x) => x,
): Float64Array {
  const size = observationSize(network);
  const n = inputsOf(network.layers[0]);
  const values = new Float64Array(inputNeurons(network));
  for (let i = 0; i < n; i++) {
    const x = i < size ? round(observations[index * size + i]) : 1;
    if (network.coding.signedInputs && x < 0) values[n + i] = -x;
    else values[i] = x;
  }
  return values;
}

/** Writes the input of one step, spikes (0 or 1) or currents, to `input` [input neurons]. Steps must follow one another. */
export type Encoder = (step: number, input: Float64Array) => void;

/**
 * Encodes `values` (of `inputValues`) for batch element `index`, step t = 0, 1, ... since rest:
 * - constant: x itself
 * - poisson: one draw u of the element's stream per input of the first layer, in order, in every step; a spike where
 *   u < 2^32 x (u uniform in 0 .. 2^32 - 1). Of the two neurons of a signed input one is 0, so one draw serves both.
 * - equidistant: a spike where floor((t + 1) x) > floor(t x), x clamped to [0, 1]
 * - equidistant-original: a spike where t = round(k / x), half to even, for the k-th spike, k = 1, 2, ...; x <= 0 never.
 *   The quotient is rounded to the engine's precision. Above x = 1 the time of the next spike falls behind t, and none comes any more.
 *
 * `state` is the one being run: its encoder part is updated.
 */
export function encoder(
  network: SpikingNetwork,
  values: Float64Array,
  index: number,
  state: NetworkState,
  round: (x: number) => number = (x) => x,
): Encoder {
  const n = inputsOf(network.layers[0]);
  switch (network.coding.encoding) {
    case "constant":
      return (_step, input) => input.set(values);
    case "poisson": {
      const own = state.encoder.random.subarray(index * 4, index * 4 + 4);
      const random = new Random([...own] as unknown as RandomState);
      return (_step, input) => {
        input.fill(0);
        for (let i = 0; i < n; i++) {
          const neuron = network.coding.signedInputs && values[n + i] > 0 ? n + i : i;
          if (random.uint32() < values[neuron] * 4294967296) input[neuron] = 1;
        }
        own.set(random.state);
      };
    }
    case "equidistant":
      return (step, input) => {
        for (let i = 0; i < values.length; i++) {
          const x = Math.min(Math.max(values[i], 0), 1);
          input[i] = Number(Math.floor((step + 1) * x) > Math.floor(step * x));
        }
      };
    case "equidistant-original": {
      const next = state.encoder.next.subarray(index * values.length, (index + 1) * values.length);
      return (step, input) => {
        for (let i = 0; i < values.length; i++) {
          input[i] = Number(values[i] > 0 && step === roundHalfEven(round(next[i] / values[i])));
          next[i] += input[i];
        }
      };
    }
  }
}

function roundHalfEven(x: number): number {
  const down = Math.floor(x);
  const fraction = x - down;
  return fraction < 0.5 || (fraction === 0.5 && down % 2 === 0) ? down : down + 1;
}
