import { adam, clipNorm, type Optimizer } from "../../engines/optimizers/index.ts";
import type { Network } from "../../network/network.ts";
import type { TrainableNetwork } from "../../network/trainable.ts";
import type { Shown, Weights } from "../algorithm.ts";
import type { ActorCritic, ActorCriticOptions, ActorCriticState, Judgement } from "./actor-critic.ts";

interface Part {
  readonly network: TrainableNetwork;
  readonly optimizer: Optimizer;
}

/**
 * Policy and critic as two networks that share nothing: the policy may spike while the critic, which is thrown away after training, is dense.
 * `saved`: the policy as it is saved, of that which learns.
 */
export function separateActorCritic(
  policy: TrainableNetwork,
  critic: TrainableNetwork,
  options: ActorCriticOptions & { readonly saved?: (network: Network) => Network },
): ActorCritic {
  const parts: readonly Part[] = [policy, critic].map((network) => ({
    network,
    optimizer: adam(network.parameters.length, { epsilon: options.epsilon }),
  }));
  const weights = (): Weights => parts.map(({ network }) => network.parameters.slice());
  return {
    actions: policy.actions,
    judge: (observations, batch) => ({
      logits: inParts(policy, observations as Float32Array, batch),
      values: inParts(critic, observations as Float32Array, batch),
    }),
    update(observations, batch, slopes, learningRate) {
      const [logits, values] = parts.map(({ network }) => network.forward(observations as Float32Array, batch));
      const slope: Judgement = slopes({ logits, values });
      for (const [k, { network, optimizer }] of parts.entries()) {
        network.backward(k === 0 ? slope.logits : slope.values);
        if (options.clip !== undefined) clipNorm(network.gradients, options.clip);
        optimizer.step(network.parameters, network.gradients, learningRate);
      }
    },
    weights,
    save(): ActorCriticState {
      const states = parts.map(({ optimizer }) => optimizer.save());
      return { weights: weights(), moments: states.map(({ moments }) => moments), steps: states[0].steps };
    },
    restore({ weights: kept, moments, steps }) {
      parts.forEach(({ network, optimizer }, k) => {
        network.parameters.set(kept[k]);
        optimizer.restore({ steps, moments: [...moments[k]] });
      });
    },
    network(given) {
      const kept = policy.parameters.slice();
      if (given) policy.parameters.set(given[0]);
      const network = policy.toNetwork();
      policy.parameters.set(kept);
      return options.saved?.(network) ?? network;
    },
    close() {
      policy.close();
      critic.close();
    },
  };
}

/** Outputs of any number of states, as many at a time as fit; valid until the next call. */
export function inParts<O extends Shown>(
  network: Pick<TrainableNetwork, "maxBatch" | "observationSize" | "actions"> & {
    forward(observations: O, batch: number): Float32Array;
  },
  observations: O,
  batch: number,
): Float32Array {
  const { maxBatch, observationSize: n, actions } = network;
  if (batch <= maxBatch) return network.forward(observations, batch);
  const all = new Float32Array(batch * actions);
  for (let first = 0; first < batch; first += maxBatch) {
    const rows = Math.min(maxBatch, batch - first);
    all.set(network.forward(observations.subarray(first * n, (first + rows) * n) as O, rows), first * actions);
  }
  return all;
}
