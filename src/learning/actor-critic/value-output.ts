import { DsqnError } from "../../errors.ts";
import { columnsOf, type Layer } from "../../network/layer.ts";
import type { Network } from "../../network/network.ts";

/**
 * The network with one more output, the last: what is still to come. Its trunk is then shared by policy and critic, in one pass.
 *
 * `policyScale` multiplies the outputs that there are. `values`: what they meant so far. Of "logits" the new output starts at 0; of "action-values" at their
 * mean, which is what a critic would say of a policy that acts at random.
 */
export function withValueOutput<N extends Network>(
  network: N,
  policyScale: number,
  values: "logits" | "action-values",
): N {
  return withOutputs(network, 1, (rows, columns, scaled) => {
    const all = new Float32Array((rows.length / columns) * (columns + 1));
    for (let from = 0, to = 0; from < rows.length; from += columns) {
      let sum = 0;
      for (let k = 0; k < columns; k++) {
        sum += rows[from + k];
        all[to++] = scaled ? rows[from + k] * policyScale : rows[from + k];
      }
      all[to++] = scaled && values === "logits" ? 0 : sum / columns;
    }
    return all;
  });
}

/** The network without its last output: the policy. */
export function withoutValueOutput<N extends Network>(network: N): N {
  return withOutputs(network, -1, (rows, columns) => rows.filter((_, k) => k % columns < columns - 1));
}

/** The network with so many outputs more; `change`: of rows of one value per output, [rows, columns], which are in the unit of the outputs (`scaled`) or not. */
function withOutputs<N extends Network>(
  network: N,
  more: number,
  change: (rows: Float32Array, columns: number, scaled: boolean) => Float32Array,
): N {
  const last = network.layers.at(-1)!;
  const { synapses, weights, biases, activation, recurrent } = last;
  if (synapses.kind !== "dense" || recurrent)
    throw new DsqnError(
      "MODEL_DOES_NOT_FIT",
      "A critic's output needs a dense output layer without recurrent weights.",
      {
        hint: "Name a model that ends with a dense layer.",
        facts: { layer: network.layers.length - 1 },
      },
    );
  const columns = columnsOf(last);
  const each = ([name, value]: [string, unknown]): [string, unknown] => [
    name,
    value instanceof Float32Array ? change(value, columns, name === "initial") : value,
  ];
  const layer: Layer = {
    ...last,
    synapses: { ...synapses, outputs: columns + more },
    weights: change(weights, columns, true),
    biases: biases && change(biases, columns, true),
    activation: Object.fromEntries(Object.entries(activation).map(each)) as unknown as Layer["activation"],
  };
  return { ...network, layers: [...network.layers.slice(0, -1), layer] };
}
