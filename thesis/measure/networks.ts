import { existsSync } from "node:fs";
import { join } from "node:path";
import { convert } from "../../src/conversion/convert.ts";
import type { MakeEnvironments } from "../../src/environments/worlds.ts";
import { importNetwork } from "../../src/formats/import.ts";
import { loadReplay } from "../../src/formats/replay.ts";
import { collectStates } from "../../src/learning/collect.ts";
import { policyOf } from "../../src/learning/policy.ts";
import { loadModel } from "../../src/network/file/model.ts";
import { columnsOf } from "../../src/network/layer.ts";
import { isSpiking, kindOf, type Network, observationSize, type SpikingNetwork } from "../../src/network/network.ts";
import { root } from "../../src/setup/index.mjs";
import type { Trial } from "../tables/trial.ts";

/** What a trial scores, and what its similarity is measured against. */
export interface Subject {
  readonly network: Network;
  readonly compare?: Network;
  /** Observations are divided by it before the network (not `compare`) sees them, [observationSize]. */
  readonly divisor?: Float32Array;
}

/** Whose networks: the subject of a trial, or null where there is none. */
export type Subjects = (trial: Trial) => Promise<Subject | null>;

type Environment = "cartpole" | "mountaincar";

/** Where networks come from, by environment and player, and the states that conversions are made from. */
interface Source {
  network(environment: Environment, player: string): Promise<Network | null>;
  states(environment: Environment, player: string): Promise<Float32Array | null>;
  /** A conversion that is stored as it is. */
  stored?(environment: Environment, folder: string): Promise<Network | null>;
}

/** The original's folders, below its networks/. */
const trained: Record<Environment, Readonly<Record<string, string>>> = {
  cartpole: {
    "dqn": "CartPole-A/DQN/trained",
    "classifier": "CartPole-A/Classifier/trained",
    "snn-classifier": "CartPole-A/SNN-Classifier/trained",
    "dsqn": "CartPole-E(SNN)/trained",
    "reinforce": "CartPole-PolicyGradient/trained",
  },
  mountaincar: {
    "dqn": "MountainCar-A/trained",
    "classifier": "MountainCar-A/Classifier",
    "snn-classifier": "MountainCar-A/ClassifierSurrogateGradient",
    "dsqn": "MountainCar-E(SNN)/trained",
  },
};
export const sizes = { cartpole: 4, mountaincar: 2 } as const;

/** Who visits the states that the conversion of `player` is made from: what it learned from, or itself. */
const visitorOf = (player: string): string => (player === "reinforce" ? player : "dqn");

/** The networks that the thesis was written from, in the folder `original` (its `networks/`), as far as they are there. */
export function originalNetworks(original: string): Subjects {
  const folder = (name: string): string => join(original, "networks", name);
  const load = async (environment: Environment, name: string | undefined, kind?: "spiking"): Promise<Network | null> =>
    name !== undefined && existsSync(folder(name))
      ? (await importNetwork(folder(name), { observationSize: sizes[environment], ...(kind && { kind }) })).network
      : null;
  return subjectsFrom({
    network: (environment, player) => load(environment, trained[environment][player]),
    stored: (environment, name) => load(environment, name, "spiking"),
    async states(environment, player) {
      const name = folder(trained[environment][visitorOf(player)]);
      return existsSync(join(name, "memory_inputs.npz")) ? (await loadReplay(name)).states : null;
    },
  });
}

/** The networks in models/. */
export function ourNetworks(makeEnvironments: MakeEnvironments): Subjects {
  const network = async (environment: Environment, player: string): Promise<Network | null> => {
    const path = join(root, "models", `${environment}-${player}.safetensors`);
    return existsSync(path) ? (await loadModel(path)).network : null;
  };
  return subjectsFrom({
    network,
    async states(environment, player) {
      const visitor = await network(environment, visitorOf(player));
      return visitor && collectStates(policyOf(visitor), makeEnvironments, { size: 20_000, firstSeed: 200_000 });
    },
  });
}

/** Each network and each set of states is loaded once. */
function subjectsFrom(source: Source): Subjects {
  const once = <A extends readonly string[], T>(make: (...key: A) => Promise<T>): ((...key: A) => Promise<T>) => {
    const made = new Map<string, Promise<T>>();
    return (...key) => made.get(key.join(" ")) ?? made.set(key.join(" "), make(...key)).get(key.join(" "))!;
  };
  const network = once((environment: Environment, player: string) => source.network(environment, player));
  const states = once((environment: Environment, player: string) => source.states(environment, player));
  return async (trial) => {
    const { player, conversion, steps, coding } = trial;
    const environment = trial.environment as Environment;
    const found = await network(environment, player);
    if (!found) return null;
    if (!conversion) return { network: withSteps(found, steps), compare: await comparedWith(trial, found, network) };
    if (kindOf(found) !== "dense") return null;
    const ready =
      trial.stored !== undefined && !trial.improved ? await source.stored?.(environment, trial.stored) : null;
    const visited = ready ? null : await states(environment, visitorOf(player));
    if (!ready && !visited) return null;
    const spiking = { ...conversion.spiking, steps };
    const converted = ready ?? convert(found, visited!, { ...conversion, spiking }).network;
    if (!isSpiking(converted)) return null;
    const read = { ...converted, coding: { ...converted.coding, steps: steps!, ...coding } };
    return { ...(trial.spanInputs ? spanInputs(read, visited!) : { network: read }), compare: found };
  };
}

/** A spiking network with another T. */
function withSteps(network: Network, steps: number | undefined): Network {
  return isSpiking(network) && steps !== undefined ? { ...network, coding: { ...network.coding, steps } } : network;
}

/** A spiking classifier with the dense one; in a simulator a network that was trained as it is with itself. */
async function comparedWith(
  { environment, player, simulator, steps }: Trial,
  own: Network,
  load: Source["network"],
): Promise<Network | undefined> {
  if (simulator !== undefined) return withSteps(own, steps);
  return player === "snn-classifier"
    ? ((await load(environment as Environment, "classifier")) ?? undefined)
    : undefined;
}

/** The network for observations divided by the largest absolute value of each element in `states`, and what to divide by. */
function spanInputs(network: SpikingNetwork, states: Float32Array): Pick<Subject, "network" | "divisor"> {
  const n = observationSize(network);
  const divisor = new Float32Array(n);
  states.forEach((x, i) => (divisor[i % n] = Math.max(divisor[i % n], Math.abs(x))));
  const [first, ...others] = network.layers;
  const weights = first.weights.map((w, k) => w * (divisor[Math.floor(k / columnsOf(first))] ?? 1));
  return { network: { ...network, layers: [{ ...first, weights }, ...others] }, divisor };
}
