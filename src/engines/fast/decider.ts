import { argmax } from "../../network/decide.ts";
import { observationSize, type SpikingNetwork } from "../../network/old/spiking-network.ts";
import { UsageError } from "../../errors.ts";
import { validateNetwork } from "../../network/validate.ts";
import { compile } from "./compiled.ts";
import { fastEngine } from "./engine.ts";

/** One decision after another with as little as possible around the kernel. */
export interface Decider {
  /** The action for one observation, [observationSize]. */
  act(observation: ArrayLike<number>): number;
  /** [actions], the values that the last action was chosen by; valid until the next call. */
  readonly values: ArrayLike<number>;
  close(): void;
}

/** A decider in float32 with a copy of the network's weights; each decision starts at rest. */
export function createDecider(network: SpikingNetwork): Decider {
  validateNetwork(network);
  const size = observationSize(network);
  const check = (observation: ArrayLike<number>): void => {
    if (observation.length !== size)
      throw new UsageError(
        "OBSERVATION_MISMATCH",
        `An observation has ${observation.length} values instead of ${size}.`,
      );
  };
  if (network.encoding !== "constant" || network.decoding !== "potential" || network.signedInputs) {
    // What needs more than the kernel goes through the engine.
    let values = new Float64Array(network.layers.at(-1)!.outputs);
    let seed = 0;
    return {
      act(observation) {
        check(observation);
        const result = fastEngine().run(network, Float64Array.from(observation), { seed: seed++ });
        values = result.outputs as Float64Array<ArrayBuffer>;
        return result.actions[0];
      },
      get values() {
        return values;
      },
      close() {},
    };
  }
  const { layers, observations: input, load, run, free } = compile(network, 4, network.steps);
  load(network);
  if (network.biasInput) input[size] = 1;
  const actions = network.layers.at(-1)!.outputs;
  const values = layers.at(-1)!.final.subarray(0, actions);
  const { ties } = network;
  return {
    act(observation) {
      check(observation);
      for (let i = 0; i < size; i++) input[i] = observation[i];
      for (const { poolCounts } of layers) poolCounts.fill(0);
      run();
      return argmax(values, 0, actions, ties);
    },
    values,
    close: free,
  };
}
