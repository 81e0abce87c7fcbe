import { existsSync } from "node:fs";
import { basename, extname } from "node:path";
import { pathToFileURL } from "node:url";
import { nearest, UsageError } from "../../errors.ts";
import type { PlainObject } from "../config.ts";
import { readJson } from "../runs/folder.ts";

/** A config as one would write it in a file, with what it is. */
export interface Preset {
  readonly summary: string;
  readonly load: () => Promise<PlainObject>;
}

const general = () => import("./general.ts");
const cartpole = () => import("./cartpole.ts");
const mountaincar = () => import("./mountaincar.ts");
const breakout = () => import("./breakout.ts");
const known: Record<string, Preset> = {
  "dqn": {
    summary: "any environment (--env ID) of a Box of observations and Discrete actions, dense Q-network",
    load: async () => (await general()).dqn,
  },
  "dsqn": {
    summary: "any environment, spiking Q-network, T = 20",
    load: async () => (await general()).dsqn,
  },
  "reinforce": {
    summary: "any environment, policy gradient",
    load: async () => (await general()).reinforce,
  },
  "classifier": {
    summary: "any environment, dense classifier of the policy of a model (--set source=MODEL)",
    load: async () => (await general()).classifier,
  },
  "cartpole-dqn": { summary: "CartPole, dense Q-network", load: async () => (await cartpole()).cartpoleDqn },
  "cartpole-dsqn": {
    summary: "CartPole, spiking Q-network, T = 20",
    load: async () => (await cartpole()).cartpoleDsqn,
  },
  "cartpole-reinforce": {
    summary: "CartPole, policy gradient",
    load: async () => (await cartpole()).cartpoleReinforce,
  },
  "cartpole-classifier": {
    summary: "CartPole, dense classifier of the DQN's policy",
    load: async () => (await cartpole()).cartpoleClassifier,
  },
  "cartpole-snn-classifier": {
    summary: "CartPole, spiking classifier of the DQN's policy",
    load: async () => (await cartpole()).cartpoleSnnClassifier,
  },
  "mountaincar-dqn": {
    summary: "MountainCar, dense Q-network",
    load: async () => (await mountaincar()).mountaincarDqn,
  },
  "mountaincar-dsqn": {
    summary: "MountainCar, spiking Q-network",
    load: async () => (await mountaincar()).mountaincarDsqn,
  },
  "mountaincar-classifier": {
    summary: "MountainCar, dense classifier of the DQN's policy",
    load: async () => (await mountaincar()).mountaincarClassifier,
  },
  "mountaincar-snn-classifier": {
    summary: "MountainCar, spiking classifier of the DQN's policy",
    load: async () => (await mountaincar()).mountaincarSnnClassifier,
  },
  "breakout-dqn": {
    summary: "Breakout (or --env GAME), convolutional Q-network sized for CPUs",
    load: async () => (await breakout()).breakoutDqn,
  },
  "breakout-dqn-nature": {
    summary: "Breakout, the network of Mnih et al. 2015",
    load: async () => (await breakout()).breakoutDqnNature,
  },
  "breakout-dsqn": {
    summary: "Breakout, spiking convolutional Q-network, T = 10",
    load: async () => (await breakout()).breakoutDsqn,
  },
  "breakout-patel-dsqn": {
    summary: "Breakout, spiking Q-network of one hidden layer, T = 20",
    load: async () => (await breakout()).breakoutPatelDsqn,
  },
};

/** Every preset of `dsqn train`. */
export const presets: Readonly<Record<string, Preset>> = known;

/** Adds presets, for whoever composes the library with applications of it. */
export function registerPresets(table: Readonly<Record<string, Preset>>): void {
  Object.assign(known, table);
}

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
