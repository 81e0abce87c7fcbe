import { createTrainable } from "../../src/engines/create.ts";
import { fastEngine } from "../../src/engines/fast/index.ts";
import { referenceEngine, referenceEngine32, referenceGradients } from "../../src/engines/reference/index.ts";
import type { LocalEngine, RunOptions, RunResult } from "../../src/network/engine.ts";
import type { Layer } from "../../src/network/layer.ts";
import { isSpiking, type Network, observationSize } from "../../src/network/network.ts";
import type { SurrogateOptions } from "../../src/network/surrogate.ts";
import type { Weights } from "./golden.ts";

export interface Gradients {
  readonly outputs: ArrayLike<number>;
  readonly layers: readonly Weights[];
}

/** The two ways in which this project computes the same things. */
export interface Way {
  readonly name: string;
  run(network: Network, observations: Float32Array, options?: RunOptions): RunResult;
  gradients(
    network: Network,
    observations: Float32Array,
    outputGradients: (outputs: ArrayLike<number>) => Float64Array,
    surrogate?: SurrogateOptions,
  ): Gradients;
}

/** One run of a network that is loaded for it. */
function once(engine: LocalEngine, network: Network, observations: Float32Array, options?: RunOptions): RunResult {
  const loaded = engine.load(network);
  const result = loaded.run(observations, options);
  loaded.close();
  return result;
}

const reference: Way = {
  name: "reference",
  // The original computed in float32, which decides where a spike falls; values without spikes are compared with the exact ones.
  run: (network, ...rest) => once(isSpiking(network) ? referenceEngine32 : referenceEngine, network, ...rest),
  gradients(network, observations, outputGradients, surrogate) {
    const precision = isSpiking(network) ? "float32" : "float64";
    const result = referenceGradients(network, observations, outputGradients, { surrogate, precision });
    const layers = network.layers.map((layer: Layer, l) => ({
      ...layer,
      weights: result.layers[l].weights,
      biases: layer.biases && result.layers[l].biases,
    }));
    return { outputs: result.outputs, layers };
  },
};

const fast: Way = {
  name: "fast",
  run: (...given) => once(fastEngine("float32"), ...given),
  gradients(network, observations, outputGradients, surrogate) {
    const batch = observations.length / observationSize(network);
    const trainable = createTrainable(network, { maxBatch: batch, surrogate });
    try {
      const outputs = trainable.forward(observations, batch).slice();
      trainable.backward(Float32Array.from(outputGradients(outputs)));
      trainable.parameters.set(trainable.gradients); // toNetwork then lays the gradients out as layers
      return { outputs, layers: trainable.toNetwork().layers };
    } finally {
      trainable.close();
    }
  },
};

export const ways: readonly Way[] = [reference, fast];
