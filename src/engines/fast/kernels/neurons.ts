import type { SpikingNetwork } from "../../../network/network.ts";
import { isPlainLif, type Neuron, type Values } from "../../../network/neurons/index.ts";
import { pow } from "../../../numeric/elementary.ts";
import type { LayerFields, neuronFields } from "./layout.ts";

/** How the kernels express a layer's neurons. */
export interface Expressed {
  readonly fields: Pick<LayerFields, "lagged" | "replaces" | "plain" | "each">;
  readonly parameters: Readonly<Partial<Record<(typeof neuronFields)[number], Values>>>;
  /** Whether there is a synaptic current. */
  readonly current: boolean;
  /** The kernels compare with > alone: v >= threshold is v > the largest number below it. */
  readonly firesAt: boolean;
}

/** Why the kernels can't run a network, in words: the first layer that has something they lack; undefined where they can. */
export function lacking({ layers }: Pick<SpikingNetwork, "layers">): string | undefined {
  for (const [l, { activation, pooling, recurrent }] of layers.entries()) {
    if (recurrent) return `layer ${l} has recurrent weights`;
    if (pooling && pooling.kind !== "average" && pooling.kind !== "max")
      return `layer ${l} has ${pooling.kind} pooling`;
    if (activation.kind === "lif" && !isPlainLif(activation))
      return `layer ${l} is lif with options that the kernels lack`;
  }
  return undefined;
}

/** Every neuron model in the kernels' terms; one that is missing is a compile error. */
export function express(neuron: Neuron): Expressed {
  const replaces = Number(neuron.reset !== "subtraction");
  switch (neuron.kind) {
    case "lagged-lif": {
      const { alpha, beta, threshold, resetBy } = neuron;
      const plain = Number(alpha === 0 && beta === 1 && !replaces);
      return {
        fields: { lagged: 1, replaces, plain, each: 0 },
        parameters: { alpha, beta, threshold, resetBy },
        current: true,
        firesAt: false,
      };
    }
    case "lif": {
      const { beta, threshold, resetBy, resetTo } = neuron;
      const each = [beta, threshold, resetBy, resetTo].some((values) => typeof values !== "number");
      const plain = !each && beta === 1 && !replaces;
      return {
        fields: { lagged: 0, replaces, plain: Number(plain), each: Number(each) },
        parameters: { beta, threshold, resetBy, resetTo },
        current: false,
        firesAt: neuron.fires === "at",
      };
    }
  }
}

/**
 * c[t] = dv[T-1] / dh[t] of a layer that neither spikes nor resets. lif: beta^(T-1-t). lagged-lif, where a current comes between: gi[t+1] with
 * gv[t] = beta^(T-t), gi[t] = gv[t+1] + alpha gi[t+1].
 */
export function outputCoefficients(neuron: Neuron, steps: number): Float32Array {
  const beta = neuron.beta as number;
  if (neuron.kind === "lif") return Float32Array.from({ length: steps }, (_, t) => pow(beta, steps - 1 - t));
  const coefficients = new Float32Array(steps);
  let gi = 0;
  for (let t = steps - 1; t >= 0; t--) {
    coefficients[t] = gi;
    gi = pow(beta, steps - 1 - t) + neuron.alpha * gi;
  }
  return coefficients;
}

/** Replaces each value by the largest number below it, at the precision of the array. */
export function lower(values: Float32Array | Float64Array): void {
  const { buffer, byteOffset, length } = values;
  const words =
    values.BYTES_PER_ELEMENT === 4
      ? new Int32Array(buffer, byteOffset, length)
      : new BigInt64Array(buffer, byteOffset, length);
  const smallest = values.BYTES_PER_ELEMENT === 4 ? 2 ** -149 : 2 ** -1074;
  values.forEach((value, k) => {
    // The bits of a float ascend with its magnitude.
    if (value === 0) values[k] = -smallest;
    else if (value > 0) words[k]--;
    else words[k]++;
  });
}
