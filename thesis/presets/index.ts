import type { Preset } from "../../src/learning/presets/index.ts";

/** The thesis's settings, as presets of `dsqn train`. */
export const thesisPresets: Readonly<Record<string, Preset>> = {
  "cartpole-dqn-original": {
    summary: "CartPole DQN with the thesis's settings",
    load: async () => (await import("./dqn.ts")).cartpoleDqnOriginal,
  },
  "cartpole-dsqn-original": {
    summary: "CartPole DSQN with the thesis's settings",
    load: async () => (await import("./dqn.ts")).cartpoleDsqnOriginal,
  },
  "mountaincar-dqn-original": {
    summary: "MountainCar DQN with the thesis's settings",
    load: async () => (await import("./dqn.ts")).mountaincarDqnOriginal,
  },
  "mountaincar-dsqn-original": {
    summary: "MountainCar DSQN with the thesis's settings",
    load: async () => (await import("./dqn.ts")).mountaincarDsqnOriginal,
  },
  "cartpole-classifier-original": {
    summary: "CartPole, dense classifier with the thesis's settings",
    load: async () => (await import("./imitation.ts")).cartpoleClassifierOriginal,
  },
  "cartpole-snn-classifier-original": {
    summary: "CartPole, spiking classifier with the thesis's settings",
    load: async () => (await import("./imitation.ts")).cartpoleSnnClassifierOriginal,
  },
  "mountaincar-classifier-original": {
    summary: "MountainCar, dense classifier with the thesis's settings",
    load: async () => (await import("./imitation.ts")).mountaincarClassifierOriginal,
  },
  "mountaincar-snn-classifier-original": {
    summary: "MountainCar, spiking classifier with the thesis's settings",
    load: async () => (await import("./imitation.ts")).mountaincarSnnClassifierOriginal,
  },
  "cartpole-reinforce-original": {
    summary: "CartPole, policy gradient with the thesis's settings",
    load: async () => (await import("./reinforce.ts")).cartpoleReinforceOriginal,
  },
  "breakout-patel-original": {
    summary: "Breakout, dense DQN with the thesis's settings",
    load: async () => (await import("./breakout.ts")).breakoutPatelOriginal,
  },
  "breakout-patel-dsqn-original": {
    summary: "Breakout, DSQN with the thesis's settings",
    load: async () => (await import("./breakout.ts")).breakoutPatelDsqnOriginal,
  },
  "breakout-mnih-original": {
    summary: "Breakout, convolutional DQN on binary frames with the thesis's settings",
    load: async () => (await import("./breakout.ts")).breakoutMnihOriginal,
  },
};
