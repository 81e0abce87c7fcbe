import type { Activation } from "../../../network/layer.ts";
import type { SpikingNetwork } from "../../../network/network.ts";
import { isPlainLif, type Lif, type Neuron, type Values } from "../../../network/neurons/index.ts";
import { pow } from "../../../numeric/elementary.ts";
import type { LayerFields, neuronFields } from "./layout.ts";

/** How the kernels express a layer's neurons. */
export interface Expressed {
  readonly fields: Pick<LayerFields, "lagged" | "replaces" | "plain" | "each" | "full" | "current" | "late">;
  readonly parameters: Readonly<Partial<Record<(typeof neuronFields)[number], Values>>>;
  /** Whether there is a synaptic current. */
  readonly current: boolean;
  /** The kernels compare with > alone: v >= threshold is v > the largest number below it. */
  readonly firesAt: boolean;
}

/** Why the kernels can't run a network, in words: the first layer that has something they lack; undefined where they can. */
export function lacking({ layers }: Pick<SpikingNetwork, "layers">): string | undefined {
  const l = layers.findIndex(
    ({ pooling }, l) => pooling?.kind === "max" && l > 0 && sendsSeveral(layers[l - 1].activation),
  );
  return l < 0 ? undefined : `layer ${l} has max pooling of neurons that send several spikes per step`;
}

/** Whether a neuron may send several spikes in a step. */
export function sendsSeveral(neuron: Activation): boolean {
  return neuron.kind === "lif" && neuron.maxSpikes > 1;
}

/** Every neuron model in the kernels' terms; one that is missing is a compile error. `recurrent`: of a layer with recurrent weights. */
export function express(neuron: Neuron, recurrent = false): Expressed {
  switch (neuron.kind) {
    case "lagged-lif": {
      const { alpha, beta, threshold, resetBy } = neuron;
      const replaces = Number(neuron.reset === "zero");
      const plain = Number(alpha === 0 && beta === 1 && !replaces);
      return {
        fields: { lagged: 1, replaces, plain, each: 0, full: 0, current: 0, late: 0 },
        parameters: { alpha, beta, threshold, resetBy },
        current: true,
        firesAt: false,
      };
    }
    case "lif": {
      const { beta, threshold, resetBy, resetTo } = neuron;
      const replaces = Number(neuron.reset === "value");
      if (!isPlainLif(neuron) || recurrent) return expressFull(neuron, replaces);
      const each = [beta, threshold, resetBy, resetTo].some((values) => typeof values !== "number");
      const plain = !each && beta === 1 && !replaces;
      return {
        fields: { lagged: 0, replaces, plain: Number(plain), each: Number(each), full: 0, current: 0, late: 0 },
        parameters: { beta, threshold, resetBy, resetTo },
        current: false,
        firesAt: neuron.fires === "at",
      };
    }
  }
}

const currents = { "none": 0, "decay-first": 1, "input-first": 2 } as const;
const lateResets = {
  "subtraction": 0,
  "value": 0,
  "delayed-subtraction": 1,
  "delayed-lost": 2,
  "subtraction-late": 3,
} as const;

/** lif with all its options. */
function expressFull(neuron: Lif, replaces: number): Expressed {
  const { alpha, beta, threshold, resetBy, resetTo, gain, offset, leakTo, lowest, maxSpikes } = neuron;
  const fields = {
    lagged: 0,
    plain: 0,
    each: 1,
    full: 1,
    current: currents[neuron.current],
    late: lateResets[neuron.reset],
  };
  return {
    fields: { ...fields, replaces },
    parameters: { alpha, beta, threshold, resetBy, resetTo, gain, offset, leakTo, lowest, maxSpikes },
    current: neuron.current !== "none",
    firesAt: neuron.fires === "at" && maxSpikes === 1, // a number of spikes needs the threshold itself
  };
}

/**
 * c[t] = dv[T-1] / dh[t] of a layer that neither spikes nor resets. lif: gain beta^(T-1-t), with a current gi[t] = gain beta^(T-1-t) + alpha gi[t+1],
 * or alpha times that. lagged-lif, where a current comes between: gi[t+1] with gv[t] = beta^(T-t), gi[t] = gv[t+1] + alpha gi[t+1].
 */
export function outputCoefficients(neuron: Neuron, steps: number): Float32Array {
  const beta = neuron.beta as number;
  const coefficients = new Float32Array(steps);
  if (neuron.kind === "lif") {
    const { alpha, current, gain } = neuron as Lif & Record<"alpha" | "gain", number>;
    for (let t = steps - 1, kept = 0; t >= 0; t--) {
      const gi = gain * pow(beta, steps - 1 - t) + kept;
      kept = current === "none" ? 0 : alpha * gi;
      coefficients[t] = current === "input-first" ? kept : gi;
    }
    return coefficients;
  }
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
