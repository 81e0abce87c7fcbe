import { createTrainable } from "../../src/engines/create.ts";
import { denseForward } from "../../src/engines/reference/dense-forward.ts";
import type { DenseNetwork } from "../../src/network/old/dense-network.ts";
import { referenceDenseForward, referenceDenseGradients } from "../../src/engines/reference/dense.ts";
import type { SpikingEngine } from "../../src/network/engine.ts";
import { fastEngine } from "../../src/engines/fast/engine.ts";
import type { SpikingNetwork } from "../../src/network/old/spiking-network.ts";
import { referenceEngine32, referenceGradients } from "../../src/engines/reference/index.ts";
import type { SurrogateOptions } from "../../src/network/surrogate.ts";

export interface Gradients {
  readonly outputs: ArrayLike<number>;
  readonly layers: readonly {
    readonly inputs: number;
    readonly outputs: number;
    readonly weights: ArrayLike<number>;
    readonly biases: ArrayLike<number> | null;
  }[];
}

/** The two ways in which this project computes the same things. */
export interface Engine {
  readonly name: string;
  readonly spiking: SpikingEngine;
  dense(network: DenseNetwork, observations: Float32Array): ArrayLike<number>;
  gradients(
    network: DenseNetwork | SpikingNetwork,
    observations: Float32Array,
    outputGradients: (outputs: ArrayLike<number>) => Float64Array,
    surrogate?: SurrogateOptions,
  ): Gradients;
}

const reference: Engine = {
  name: "reference",
  spiking: referenceEngine32, // the original computed in float32
  dense: referenceDenseForward,
  gradients(network, observations, outputGradients, surrogate) {
    const result =
      network.kind === "dense"
        ? referenceDenseGradients(network, observations, outputGradients)
        : referenceGradients(network, observations, outputGradients, { surrogate, precision: "float32" });
    const layers = network.layers.map((layer, l) => ({
      ...layer,
      weights: result.layers[l].weights,
      biases: layer.biases && result.layers[l].biases,
    }));
    return { outputs: result.outputs, layers };
  },
};

const fast: Engine = {
  name: "fast",
  spiking: fastEngine("float32"),
  dense: (network, observations) =>
    denseForward(network, observations, observations.length / network.layers[0].inputs).outputs,
  gradients(network, observations, outputGradients, surrogate) {
    const size = network.layers[0].inputs - (network.kind === "spiking" && network.biasInput ? 1 : 0);
    const batch = observations.length / size;
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

export const engines: readonly Engine[] = [reference, fast];
