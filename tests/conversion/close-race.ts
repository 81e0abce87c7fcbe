import { layerActivations } from "../../src/engines/fast/activations.ts";
import { fastEngine } from "../../src/engines/fast/index.ts";
import { createDenseNetwork } from "../../src/network/create.ts";
import { argmax } from "../../src/network/decide.ts";
import type { Network, SpikingNetwork } from "../../src/network/network.ts";
import { Random } from "../../src/numeric/random.ts";

const random = new Random(11);
export const states = Float32Array.from({ length: 3 * 3000 }, () => 2 * random.normal());

/** A network whose outputs are as a Q-network's: each action the best now and then, by little, at values of about 20. */
export const dense = closeRace(createDenseNetwork([3, 24, 24, 3], random));

/** Its outputs, [3000, 3]. */
export const values = layerActivations(dense, states).at(-1)!;

function closeRace(network: Network): Network {
  const outputs = layerActivations(network, states).at(-1)!;
  const last = network.layers.at(-1)!;
  const biases = last.biases!.map(
    (bias, a) =>
      20 + bias - outputs.reduce((sum, value, k) => sum + (k % 3 === a ? value : 0), 0) / (outputs.length / 3),
  );
  return { ...network, layers: network.layers.with(-1, { ...last, biases }) };
}

/** Share of states in which the spiking network does as `dense`. */
export function agreement(network: SpikingNetwork): number {
  const { actions } = fastEngine().load(network).run(states);
  return actions.reduce((sum, action, k) => sum + Number(action === argmax(values, 3 * k, 3)), 0) / actions.length;
}
