import type { DqnConfigInput } from "../agents/dqn/config.ts";
import { cartpoleDqn } from "./cartpole-dqn.ts";

/** The spiking Q-network learns as the dense one does; its potentials reach values of order 1 to 10 quickest. */
export const cartpoleDsqn: DqnConfigInput = {
  ...cartpoleDqn,
  method: "dsqn",
  network: { kind: "spiking", hidden: [32, 32], steps: 20, surrogateScale: 10 },
  rewardScale: 0.1,
};
