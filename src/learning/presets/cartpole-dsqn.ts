import type { DqnConfigInput } from "../dqn/config.ts";
import { cartpoleDqn } from "./cartpole-dqn.ts";

/** The spiking Q-network learns as the dense one does; rewards are scaled down to what potentials reach within T steps. */
export const cartpoleDsqn: DqnConfigInput = {
  ...cartpoleDqn,
  method: "dsqn",
  network: { kind: "spiking", hidden: [32, 32], steps: 20, surrogateScale: 10 },
  rewardScale: 0.1,
  evaluation: {
    every: 2000,
    episodes: 20,
    of: "target",
    stop: { mean: 497, episodes: 100 },
    settle: { mean: 497, factor: 0.7 },
  },
};
