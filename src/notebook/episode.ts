import type { Policy } from "../learning/policy.ts";
import { type Frame, makeEnvironment } from "../environments/index.ts";

/** One episode, as it went. */
export interface Episode {
  /** What the policy saw before each step. */
  readonly observations: readonly Float32Array[];
  readonly actions: readonly number[];
  readonly return: number;
  readonly steps: number;
  /** Pictures of the environment; none unless asked for. */
  readonly frames: readonly Frame[];
}

/**
 * Plays one episode of an environment of Gymnasium from a seed, and keeps it; with `frameEvery` also every so many steps a picture.
 *
 * @example
 * const episode = await playEpisode(policyOf(network), "CartPole-v1", { seed: 100000 });
 */
export async function playEpisode(
  policy: Policy,
  id: string,
  { seed, frameEvery }: { seed?: number; frameEvery?: number } = {},
): Promise<Episode> {
  const environment = await makeEnvironment(id, { renderMode: frameEvery ? "rgb_array" : undefined });
  const observations: Float32Array[] = [];
  const actions: number[] = [];
  const frames: Frame[] = [];
  let total = 0;
  try {
    let { observation } = await environment.reset({ seed });
    for (let running = true; running;) {
      if (frameEvery && actions.length % frameEvery === 0) frames.push(await environment.render());
      const [action] = await policy.act(observation, 1);
      const step = await environment.step(action);
      observations.push(observation);
      actions.push(action);
      total += step.reward;
      observation = step.observation;
      running = !step.terminated && !step.truncated;
    }
    return { observations, actions, return: total, steps: actions.length, frames };
  } finally {
    await environment.close();
  }
}
