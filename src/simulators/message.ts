import { ndarray, type NdArray } from "../bridge/index.ts";
import { outputsOf, weightShape } from "../network/layer.ts";
import type { SpikingNetwork } from "../network/network.ts";
import { statedFields } from "../network/neurons/index.ts";

/**
 * A network as the Python side takes it (network.py): its description, and arrays by the names that model files have.
 */
export function networkMessage({ layers, coding }: SpikingNetwork): {
  network: Record<string, unknown>;
  arrays: Record<string, NdArray>;
} {
  const arrays: Record<string, NdArray> = {};
  const described = layers.map((layer, l) => {
    const { synapses, pooling = null, weights, biases, recurrent = null, activation } = layer;
    const add = (name: string, data: Float32Array | null, shape?: readonly number[]): void => {
      if (data) arrays[`layers.${l}.${name}`] = ndarray(data, shape);
    };
    add("weight", weights, weightShape(layer));
    add("bias", biases);
    add("recurrent", recurrent, [outputsOf(layer), outputsOf(layer)]);
    add("initial_potential", activation.initial);
    const fields = Object.entries(statedFields(activation));
    for (const [name, value] of fields) if (value instanceof Float32Array) add(name, value);
    const shared = fields.filter(([, value]) => !(value instanceof Float32Array));
    return { synapses, pooling, activation: { kind: activation.kind, ...Object.fromEntries(shared) } };
  });
  return { network: { layers: described, coding }, arrays };
}
