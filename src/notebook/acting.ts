import type { Policy } from "../learning/policy.ts";
import type { CartPoleEpisode } from "../report/images/cartpole.ts";
import type { MountainCarEpisode } from "../report/images/mountaincar.ts";
import type { Colour } from "../report/theme.ts";
import { playEpisode } from "./episode.ts";

/** Who acts, and in which colour it is drawn. */
interface Actor {
  readonly name: string;
  readonly colour: Colour;
  readonly seed: number;
}

/**
 * An episode of CartPole-v1 to be drawn by `cartPoleAnimation` or `cartPoleStill`.
 *
 * @example
 * const episode = await cartPoleEpisode(policyOf(dqn), { name: "DQN", colour: "dqn", seed: 100000 });
 * display.svg(figure(cartPoleAnimation([episode])));
 */
export async function cartPoleEpisode(policy: Policy, { name, colour, seed }: Actor): Promise<CartPoleEpisode> {
  const { observations, steps } = await playEpisode(policy, "CartPole-v1", { seed });
  return { name, colour, steps, poses: Float32Array.from(observations.flatMap((o) => [o[0], o[2]])) };
}

/**
 * An episode of MountainCar-v0 to be drawn by `mountainCarAnimation`.
 *
 * @example
 * const network = await loadDenseNetwork("models/mountaincar-dqn.safetensors");
 * const episode = await mountainCarEpisode(policyOf(network), { name: "DQN", colour: "dqn", seed: 100000 });
 * display.svg(figure(mountainCarAnimation([episode])));
 */
export async function mountainCarEpisode(policy: Policy, { name, colour, seed }: Actor): Promise<MountainCarEpisode> {
  const { observations, actions } = await playEpisode(policy, "MountainCar-v0", { seed });
  return { name, colour, positions: Float32Array.from(observations, (o) => o[0]), actions };
}
