import { quantise } from "../conversion/quantise.ts";
import type { Network } from "../network/network.ts";
import { packParameters, withParameters } from "../network/parameters.ts";
import type { TrainableNetwork } from "../network/trainable.ts";
import { foldScaling, type Scaling } from "./scaling.ts";

/**
 * A network that learns with weights of `bits` bits: it acts, and gradients are taken, with the weights rounded as `quantise` rounds them; what the
 * optimiser moves is a copy that keeps its fractions (the straight-through estimator: Hubara et al. 2018). The grid is that of the saved network, which has
 * `scaling` folded into its first layer.
 */
export function fewBits(inner: TrainableNetwork, bits: number, scaling?: Scaling): TrainableNetwork {
  const shape = inner.toNetwork();
  const parameters = inner.parameters.slice();
  const entered = new Float32Array(parameters.length).fill(NaN);
  const enter = (): void => {
    if (parameters.every((value, k) => value === entered[k])) return;
    entered.set(parameters);
    inner.parameters.set(packParameters(rounded(withParameters(shape, parameters), bits, scaling)));
  };
  const { observationSize, actions, maxBatch } = inner;
  return {
    observationSize,
    actions,
    maxBatch,
    parameters,
    get gradients() {
      return inner.gradients;
    },
    forward(observations, batch) {
      enter();
      return inner.forward(observations, batch);
    },
    backward: (derivatives) => inner.backward(derivatives),
    toNetwork() {
      enter();
      return inner.toNetwork();
    },
    close: () => inner.close(),
  };
}

/** On scaled observations, with the weights that the network on raw ones has when it is rounded. */
function rounded(network: Network, bits: number, scaling: Scaling | undefined): Network {
  if (!scaling) return quantise(network, bits);
  return foldScaling(quantise(foldScaling(network, scaling), bits), inverse(scaling));
}

/** x = (x' - center') scale' for x' = (x - center) scale. */
function inverse({ center, scale }: Scaling): Scaling {
  return { center: center.map((c, i) => -c * scale[i]), scale: scale.map((s) => 1 / s) };
}

/** The network as it is saved: scaling folded in, weights on the grid. */
export function savedAs(network: Network, { bits, scaling }: { bits?: number; scaling?: Scaling }): Network {
  const folded = scaling ? foldScaling(network, scaling) : network;
  return bits === undefined ? folded : quantise(folded, bits);
}
