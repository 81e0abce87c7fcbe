import type { DqnConfigInput } from "../dqn/config.ts";
import { mountaincarDqn } from "./mountaincar-dqn.ts";

export const mountaincarDsqn: DqnConfigInput = {
  ...mountaincarDqn,
  method: "dsqn",
  network: { kind: "spiking", hidden: [32, 32], steps: 20, surrogateScale: 10 },
  rewardScale: 0.1,
};
