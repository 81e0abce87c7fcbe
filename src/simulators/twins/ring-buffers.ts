import type { SpikingLayer } from "../../snn/network.ts";

export type WeightMatrix = Pick<SpikingLayer, "inputs" | "outputs" | "weights">;

/**
 * How sPyNNaker fits a layer's weights into 16 bits. Ring buffers are 16 bits wide and hold what arrives at a neuron within one step;
 * excitatory (0) and inhibitory (1) inputs have buffers of their own. With delays all alike sPyNNaker bounds their sum from above by
 * (largest weight) x (largest number of synapses of one sign that reach one neuron), takes the next power of two 2^shift strictly above
 * it, and scales weights by 2^(15 - shift). Source: `get_ring_buffer_shifts` and `_Stats` of sPyNNaker 7.4, population_vertex.py.
 */
export interface RingBuffers {
  /** Excitatory, inhibitory. */
  readonly shifts: readonly [number, number];
  /** [inputs * outputs] of 0 .. 65535, for each of the two: what is written to the machine. */
  readonly weights: readonly [Uint16Array, Uint16Array];
}

export function ringBuffers({ inputs, outputs, weights }: WeightMatrix): RingBuffers {
  const [excitatory, inhibitory] = [1, -1].map((sign) => {
    const shift = ringBufferShift(largestSum(inputs, outputs, weights, sign));
    const scale = 2 ** (15 - shift);
    return { shift, words: Uint16Array.from(weights, (w) => roundHalfEven(Math.max(sign * w, 0) * scale) & 0xffff) };
  });
  return { shifts: [excitatory.shift, inhibitory.shift], weights: [excitatory.words, inhibitory.words] };
}

/** The smallest power of two, from 2^0 on, that is strictly above `bound`. */
export function ringBufferShift(bound: number): number {
  if (bound <= 0) return 0;
  const power = Math.ceil(Math.max(0, Math.log2(bound)));
  return 2 ** power <= bound ? power + 1 : power;
}

function largestSum(inputs: number, outputs: number, weights: Float32Array, sign: number): number {
  const synapses = new Uint32Array(outputs);
  let largest = 0;
  for (let i = 0; i < inputs; i++)
    for (let j = 0; j < outputs; j++) {
      const w = sign * weights[i * outputs + j];
      if (w <= 0) continue;
      synapses[j]++;
      if (w > largest) largest = w;
    }
  return largest * synapses.reduce((most, n) => Math.max(most, n), 0);
}

/** As numpy.rint. */
function roundHalfEven(x: number): number {
  const down = Math.floor(x);
  const fraction = x - down;
  return fraction < 0.5 || (fraction === 0.5 && down % 2 === 0) ? down : down + 1;
}
