import { existsSync } from "node:fs";
import { basename, extname } from "node:path";
import { pathToFileURL } from "node:url";
import { type PlainObject } from "../config.ts";
import { readJson } from "../runs/folder.ts";
import { nearest, UsageError } from "../../errors.ts";

/** Every preset of `dsqn train` with what it is; a preset is a config as one would write it in a file. */
export const presets: Readonly<
  Record<string, { readonly summary: string; readonly load: () => Promise<PlainObject> }>
> = {
  "cartpole-dqn": {
    summary: "CartPole, dense Q-network",
    load: async () => (await import("./cartpole-dqn.ts")).cartpoleDqn,
  },
  "cartpole-dqn-original": {
    summary: "CartPole DQN with the thesis's settings",
    load: async () => (await import("../../../thesis/presets/original.ts")).cartpoleDqnOriginal,
  },
  "cartpole-dsqn": {
    summary: "CartPole, spiking Q-network, T = 20",
    load: async () => (await import("./cartpole-dsqn.ts")).cartpoleDsqn,
  },
  "cartpole-dsqn-original": {
    summary: "CartPole DSQN with the thesis's settings",
    load: async () => (await import("../../../thesis/presets/original.ts")).cartpoleDsqnOriginal,
  },
  "mountaincar-dqn": {
    summary: "MountainCar, dense Q-network",
    load: async () => (await import("./mountaincar-dqn.ts")).mountaincarDqn,
  },
  "mountaincar-dqn-original": {
    summary: "MountainCar DQN with the thesis's settings",
    load: async () => (await import("../../../thesis/presets/original.ts")).mountaincarDqnOriginal,
  },
  "mountaincar-dsqn": {
    summary: "MountainCar, spiking Q-network",
    load: async () => (await import("./mountaincar-dsqn.ts")).mountaincarDsqn,
  },
  "mountaincar-dsqn-original": {
    summary: "MountainCar DSQN with the thesis's settings",
    load: async () => (await import("../../../thesis/presets/original.ts")).mountaincarDsqnOriginal,
  },
  "breakout-dqn": {
    summary: "Breakout, convolutional Q-network sized for CPUs",
    load: async () => (await import("./breakout.ts")).breakoutDqn,
  },
  "breakout-dqn-nature": {
    summary: "Breakout, the network of Mnih et al. 2015",
    load: async () => (await import("./breakout.ts")).breakoutDqnNature,
  },
  "breakout-dsqn": {
    summary: "Breakout, spiking convolutional Q-network, T = 10",
    load: async () => (await import("./breakout.ts")).breakoutDsqn,
  },
  "breakout-patel-original": {
    summary: "Breakout, dense DQN with the thesis's settings",
    load: async () => (await import("./breakout.ts")).breakoutPatelOriginal,
  },
  "breakout-patel-dsqn": {
    summary: "Breakout, spiking Q-network of one hidden layer, T = 20",
    load: async () => (await import("./breakout.ts")).breakoutPatelDsqn,
  },
  "breakout-patel-dsqn-original": {
    summary: "Breakout, DSQN with the thesis's settings",
    load: async () => (await import("./breakout.ts")).breakoutPatelDsqnOriginal,
  },
  "breakout-mnih-original": {
    summary: "Breakout, convolutional DQN on binary frames with the thesis's settings",
    load: async () => (await import("./breakout.ts")).breakoutMnihOriginal,
  },
  "cartpole-classifier": {
    summary: "CartPole, dense classifier of the DQN's policy",
    load: async () => (await import("./imitation.ts")).cartpoleClassifier,
  },
  "cartpole-classifier-original": {
    summary: "The same with the thesis's settings",
    load: async () => (await import("./imitation.ts")).cartpoleClassifierOriginal,
  },
  "cartpole-snn-classifier": {
    summary: "CartPole, spiking classifier of the DQN's policy",
    load: async () => (await import("./imitation.ts")).cartpoleSnnClassifier,
  },
  "cartpole-snn-classifier-original": {
    summary: "The same with the thesis's settings",
    load: async () => (await import("./imitation.ts")).cartpoleSnnClassifierOriginal,
  },
  "cartpole-reinforce": {
    summary: "CartPole, policy gradient",
    load: async () => (await import("./reinforce.ts")).cartpoleReinforce,
  },
  "cartpole-reinforce-original": {
    summary: "The same with the thesis's settings",
    load: async () => (await import("./reinforce.ts")).cartpoleReinforceOriginal,
  },
  "mountaincar-classifier": {
    summary: "MountainCar, dense classifier of the DQN's policy",
    load: async () => (await import("./imitation.ts")).mountaincarClassifier,
  },
  "mountaincar-classifier-original": {
    summary: "The same with the thesis's settings",
    load: async () => (await import("./imitation.ts")).mountaincarClassifierOriginal,
  },
  "mountaincar-snn-classifier": {
    summary: "MountainCar, spiking classifier of the DQN's policy",
    load: async () => (await import("./imitation.ts")).mountaincarSnnClassifier,
  },
  "mountaincar-snn-classifier-original": {
    summary: "The same with the thesis's settings",
    load: async () => (await import("./imitation.ts")).mountaincarSnnClassifierOriginal,
  },
};

/** The config that `name` stands for: a preset, or a .json file, or a module (.ts, .js) whose default export is one. */
export async function loadConfig(name: string): Promise<{ name: string; config: PlainObject }> {
  const preset = presets[name];
  if (preset) return { name, config: await preset.load() };
  const extension = extname(name);
  if (extension !== "" && existsSync(name)) {
    const config =
      extension === ".json"
        ? readJson(name)
        : ((await import(pathToFileURL(name).href)) as { default: unknown }).default;
    if (typeof config === "object" && config !== null && !Array.isArray(config))
      return { name: basename(name, extension), config: config as PlainObject };
    throw new UsageError("CONFIG_INVALID", `"${name}" holds no config object.`, {
      hint: "docs/training.md shows one.",
    });
  }
  const meant = nearest(name, Object.keys(presets));
  throw new UsageError("PRESET_UNKNOWN", `There is no preset and no file "${name}".`, {
    hint: `${meant ? `Did you mean "${meant}"? ` : ""}Presets: ${Object.keys(presets).join(", ")}.`,
  });
}
