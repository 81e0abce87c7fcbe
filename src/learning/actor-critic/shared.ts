import { adam, clipNorm } from "../../engines/optimizers/index.ts";
import type { Network } from "../../network/network.ts";
import type { FlatNetwork } from "../q-learner/flat.ts";
import type { ActorCritic, ActorCriticOptions, Judgement } from "./actor-critic.ts";
import { inParts } from "./separate.ts";
import { withoutValueOutput } from "./value-output.ts";

/** Logits [batch, actions] and values [batch] of outputs [batch, actions + 1], whose last column is the value. */
export function split(outputs: Float32Array, batch: number): Judgement {
  const actions = outputs.length / batch - 1;
  const [logits, values] = [new Float32Array(batch * actions), new Float32Array(batch)];
  for (let k = 0, from = 0; k < batch; k++, from += actions + 1) {
    logits.set(outputs.subarray(from, from + actions), k * actions);
    values[k] = outputs[from + actions];
  }
  return { logits, values };
}

/** The other way: slopes at the outputs. */
export function joined({ logits, values }: Judgement): Float32Array {
  const batch = values.length;
  const actions = logits.length / batch;
  const outputs = new Float32Array(batch * (actions + 1));
  for (let k = 0; k < batch; k++) {
    outputs.set(logits.subarray(k * actions, (k + 1) * actions), k * (actions + 1));
    outputs[k * (actions + 1) + actions] = values[k];
  }
  return outputs;
}

/**
 * Policy and critic as one network whose last output is the value (`withValueOutput`): a trunk that costs once. Where it spikes the critic reads the
 * same spikes. `saved`: the policy as it is saved, of that which learns.
 */
export function sharedActorCritic(
  network: FlatNetwork,
  options: ActorCriticOptions & { readonly saved?: (network: Network) => Network },
): ActorCritic {
  const { parameters, gradients } = network;
  const optimizer = adam(parameters.length, { epsilon: options.epsilon });
  const weights = (): Float32Array[] => [parameters.slice()];
  return {
    actions: network.actions - 1,
    judge: (observations, batch) => split(inParts(network, observations, batch), batch),
    update(observations, batch, slopes, learningRate) {
      network.backward(joined(slopes(split(network.forward(observations, batch), batch))));
      if (options.clip !== undefined) clipNorm(gradients, options.clip);
      optimizer.step(parameters, gradients, learningRate);
    },
    weights,
    save() {
      const { steps, moments } = optimizer.save();
      return { weights: weights(), moments: [moments], steps };
    },
    restore({ weights: [kept], moments: [moments], steps }) {
      parameters.set(kept);
      optimizer.restore({ steps, moments: [...moments] });
    },
    network(given) {
      const kept = parameters.slice();
      if (given) parameters.set(given[0]);
      const policy = withoutValueOutput(network.toNetwork());
      parameters.set(kept);
      return options.saved?.(policy) ?? policy;
    },
    close: () => network.close(),
  };
}
