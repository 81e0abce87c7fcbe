import { DsqnError } from "../errors.ts";

/** Notices NaN and infinity in what environments give, and says where: before a network learns from it, or scores it without a word. */
export interface Watched {
  /** `observations` [count, size] of a reset, of those where `mask` is 1. */
  begun(seeds: readonly number[], observations: Float32Array, mask?: Uint8Array): void;
  /** What a step gave. Throws OBSERVATION_NOT_FINITE and REWARD_NOT_FINITE. */
  stepped(observations: Float32Array, rewards: Float64Array): void;
}

export function watchNumbers(id: string, count: number, size: number): Watched {
  const seeds = new Array<number>(count).fill(0);
  const steps = new Int32Array(count);
  const look = (observations: Float32Array): void => {
    for (let k = 0; k < observations.length; k++)
      if (observations[k] - observations[k] !== 0) throw strange(Math.floor(k / size), k % size, observations[k]);
  };
  const place = (copy: number): { episode: string; facts: Record<string, unknown> } => ({
    episode: `in the episode from seed ${seeds[copy]}, after ${steps[copy]} step(s)`,
    facts: { environment: id, seed: seeds[copy], step: steps[copy] },
  });
  const strange = (copy: number, element: number, value: number): DsqnError => {
    const { episode, facts } = place(copy);
    return new DsqnError(
      "OBSERVATION_NOT_FINITE",
      `Value ${element} of the observation of "${id}" is ${value}, ${episode}.`,
      {
        hint: "No network can tell anything from it: look at the environment, which repeats that episode from its seed and its actions.",
        facts: { ...facts, element },
      },
    );
  };
  return {
    begun(given, observations, mask) {
      given.forEach((seed, copy) => {
        if (mask && mask[copy] !== 1) return;
        seeds[copy] = seed;
        steps[copy] = 0;
      });
      look(observations);
    },
    stepped(observations, rewards) {
      for (let copy = 0; copy < count; copy++) {
        steps[copy]++;
        if (Number.isFinite(rewards[copy])) continue;
        const { episode, facts } = place(copy);
        throw new DsqnError("REWARD_NOT_FINITE", `The reward of "${id}" is ${rewards[copy]}, ${episode}.`, {
          hint: "Nothing can be learned or scored with it: look at the environment, which repeats that episode from its seed and its actions.",
          facts,
        });
      }
      look(observations);
    },
  };
}
