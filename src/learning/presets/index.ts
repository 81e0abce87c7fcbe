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

/** The config that a module exports as `name`. */
function preset<M, N extends keyof M & string>(module: () => Promise<M>, name: N, summary: string): Preset {
  return { summary, load: async () => (await module())[name] as PlainObject };
}

const general = () => import("./general.ts");
const cartpole = () => import("./cartpole.ts");
const mountaincar = () => import("./mountaincar.ts");
const breakout = () => import("./breakout.ts");
const breakoutPpo = () => import("./breakout-ppo.ts");
const thrift = () => import("./thrift.ts");
const minatar = () => import("./minatar.ts");
const known: Record<string, Preset> = {
  "dqn": preset(general, "dqn", "any environment (--env ID) of a Box and Discrete actions, dense Q-network"),
  "dsqn": preset(general, "dsqn", "any environment, spiking Q-network, T = 20"),
  "reinforce": preset(general, "reinforce", "any environment, policy gradient"),
  "ppo": preset(general, "ppo", "any environment, proximal policy optimisation"),
  "spiking-ppo": preset(
    general,
    "spikingPpo",
    "any environment, proximal policy optimisation of a spiking policy, T = 2",
  ),
  "classifier": preset(
    general,
    "classifier",
    "any environment, dense classifier of a model's policy (--set source=MODEL)",
  ),
  "cartpole-dqn": preset(cartpole, "cartpoleDqn", "CartPole, dense Q-network"),
  "cartpole-dsqn": preset(cartpole, "cartpoleDsqn", "CartPole, spiking Q-network, T = 20"),
  "cartpole-dsqn-few": preset(cartpole, "cartpoleDsqnFew", "CartPole, the same with neurons without lag, T = 4"),
  "cartpole-reinforce": preset(cartpole, "cartpoleReinforce", "CartPole, policy gradient"),
  "cartpole-classifier": preset(cartpole, "cartpoleClassifier", "CartPole, dense classifier of the DQN's policy"),
  "cartpole-snn-classifier": preset(
    cartpole,
    "cartpoleSnnClassifier",
    "CartPole, spiking classifier of the DQN's policy",
  ),
  "mountaincar-dqn": preset(mountaincar, "mountaincarDqn", "MountainCar, dense Q-network"),
  "mountaincar-dsqn": preset(mountaincar, "mountaincarDsqn", "MountainCar, spiking Q-network"),
  "mountaincar-classifier": preset(
    mountaincar,
    "mountaincarClassifier",
    "MountainCar, dense classifier of the DQN's policy",
  ),
  "mountaincar-snn-classifier": preset(
    mountaincar,
    "mountaincarSnnClassifier",
    "MountainCar, spiking classifier of the DQN's policy",
  ),
  "cartpole-thrift": preset(thrift, "cartpoleThrift", "CartPole, eight spiking neurons, T = 1"),
  "cartpole-smallest": preset(thrift, "cartpoleSmallest", "CartPole, one dense hidden value"),
  "mountaincar-smallest": preset(thrift, "mountaincarSmallest", "MountainCar, three dense hidden values"),
  "mountaincar-thrift": preset(thrift, "mountaincarThrift", "MountainCar, eight spiking neurons, T = 1"),
  "acrobot-thrift": preset(thrift, "acrobotThrift", "Acrobot, eight spiking neurons, T = 2"),
  "lunarlander-thrift": preset(thrift, "lunarlanderThrift", "LunarLander, spiking, T = 4"),
  "minatar": preset(minatar, "minatar", "MinAtar's Breakout (or --env MinAtar/GAME-v1), spiking, T = 2"),
  "minatar-t4": preset(minatar, "minatarT4", "the same, T = 4"),
  "minatar-breakout-thrift": preset(minatar, "minatar", "the same, by the name of the model that ships"),
  "breakout-dqn": preset(breakout, "breakoutDqn", "Breakout (or --env GAME), convolutional Q-network sized for CPUs"),
  "breakout-dqn-on": preset(breakout, "breakoutDqnOn", "Breakout, the same from models/breakout-dqn on"),
  "breakout-dqn-nature": preset(breakout, "breakoutDqnNature", "Breakout, the network of Mnih et al. 2015"),
  "breakout-dsqn": preset(breakout, "breakoutDsqn", "Breakout, spiking convolutional Q-network, T = 10"),
  "breakout-ppo": preset(breakoutPpo, "breakoutPpo", "Breakout, proximal policy optimisation from its frames"),
  "breakout-ppo-on": preset(breakoutPpo, "breakoutPpoOn", "Breakout, the same from breakout-dqn on"),
  "breakout-spiking-ppo": preset(
    breakoutPpo,
    "breakoutSpikingPpo",
    "Breakout, the same with a spiking policy, T = 4, taught by breakout-dqn",
  ),
  "breakout-patel-dsqn": preset(breakout, "breakoutPatelDsqn", "Breakout, spiking, one hidden layer, T = 20"),
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
