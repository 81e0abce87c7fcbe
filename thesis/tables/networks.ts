import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { collectStates } from "../../src/learning/collect.ts";
import type { MakeEnvironments } from "../../src/environments/worlds.ts";
import { policyOf, type Policy } from "../../src/learning/policy.ts";
import { convert } from "../../src/conversion/convert.ts";
import { importNetwork } from "../../src/formats/import.ts";
import { loadModel, type Network } from "../../src/network/file/model.ts";
import { loadReplay } from "../../src/formats/replay.ts";
import { Random } from "../../src/numeric/random.ts";
import { observationSize, type SpikingNetwork } from "../../src/network/old/spiking-network.ts";
import type { EnvironmentName, NetworkName, Trial } from "./trials.ts";

/** What a trial scores (a network, or for random actions a policy of its own), and what its similarity is measured against. */
export interface Subject {
  readonly network: Network | (() => Policy);
  readonly compare?: Network;
  /** Observations are divided by it before the network (not `compare`) sees them, [observationSize]. */
  readonly divisor?: Float32Array;
}

/** Where the networks of one side come from; null where that side has none for the trial. */
export interface Side {
  readonly name: "ours" | "original";
  subject(trial: Trial): Promise<Subject | null>;
}

type Load = (environment: EnvironmentName, network: NetworkName) => Promise<Network | null>;

const trained: Record<EnvironmentName, Partial<Record<NetworkName, string>>> = {
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
const replays = {
  cartpole: "CartPole-A/DQN/trained",
  mountaincar: "MountainCar-A/trained",
  reinforce: "CartPole-PolicyGradient/trained",
} as const;
const sizes = { cartpole: 4, mountaincar: 2 } as const;

/** The networks that the thesis was written from, in the folder `original` (its `networks/`), as far as they are there. */
export function originalSide(original: string): Side {
  const folder = (name: string): string => join(original, "networks", name);
  const load: Load = async (environment, network) => {
    const name = trained[environment][network];
    if (name === undefined || !existsSync(folder(name))) return null;
    return (await importNetwork(folder(name), { observationSize: sizes[environment] })).network;
  };
  return createSide(
    "original",
    load,
    async (trial) => {
      const name = folder(trial.network === "reinforce" ? replays.reinforce : replays[trial.environment]);
      return existsSync(join(name, "memory_inputs.npz")) ? (await loadReplay(name)).states : null;
    },
    async (trial) =>
      trial.stored !== undefined && existsSync(folder(trial.stored))
        ? (await importNetwork(folder(trial.stored), { kind: "spiking", observationSize: sizes[trial.environment] }))
            .network
        : null,
  );
}

/** The networks in models/. States for conversions are collected by the network that the source learned from. */
export function ourSide(makeEnvironments: MakeEnvironments, signal?: AbortSignal): Side {
  const load: Load = async (environment, network) => {
    const path = fileURLToPath(new URL(`../../models/${environment}-${network}.safetensors`, import.meta.url));
    return existsSync(path) ? (await loadModel(path)).network : null;
  };
  return createSide("ours", load, async (trial) => {
    const visitor = await load(trial.environment, trial.network === "reinforce" ? "reinforce" : "dqn");
    return visitor && collectStates(policyOf(visitor), makeEnvironments, { size: 20_000, firstSeed: 200_000, signal });
  });
}

function createSide(
  name: Side["name"],
  load: Load,
  states: (trial: Trial) => Promise<Float32Array | null>,
  stored?: (trial: Trial) => Promise<Network | null>,
): Side {
  const networks = new Map<string, Promise<Network | null>>();
  const replay = new Map<string, Promise<Float32Array | null>>();
  const once = <T>(cache: Map<string, Promise<T>>, key: string, make: () => Promise<T>): Promise<T> =>
    cache.get(key) ?? cache.set(key, make()).get(key)!;
  return {
    name,
    async subject(trial) {
      const { environment, network, conversion, reading } = trial;
      if (network === "random")
        return { network: () => randomPolicy(sizes[environment], environment === "cartpole" ? 2 : 3) };
      const source = await once(networks, `${environment} ${network}`, () => load(environment, network));
      if (!source) return null;
      if (!conversion) {
        const teacher =
          network === "snn-classifier"
            ? await once(networks, `${environment} classifier`, () => load(environment, "classifier"))
            : null;
        return { network: source, compare: teacher ?? undefined };
      }
      if (source.kind !== "dense") return null;
      const ready = name === "original" && !trial.improved ? await stored?.(trial) : null;
      const visited = ready
        ? null
        : await once(replay, `${environment} ${network === "reinforce"}`, () => states(trial));
      if (!ready && !visited) return null;
      const converted = ready ?? convert(source, visited!, conversion).network;
      if (converted.kind !== "spiking") return null;
      const spiking = { ...converted, steps: conversion.spiking!.steps!, ...reading };
      return { ...(trial.spanInputs ? spanInputs(spiking, visited!) : { network: spiking }), compare: source };
    },
  };
}

/** The network for observations divided by the largest absolute value of each element in `states`, and what to divide by. */
function spanInputs(network: SpikingNetwork, states: Float32Array): Pick<Subject, "network" | "divisor"> {
  const n = observationSize(network);
  const divisor = new Float32Array(n);
  states.forEach((x, i) => (divisor[i % n] = Math.max(divisor[i % n], Math.abs(x))));
  const [first, ...others] = network.layers;
  const weights = first.weights.map((w, k) => w * (divisor[Math.floor(k / first.outputs)] ?? 1));
  return { network: { ...network, layers: [{ ...first, weights }, ...others] }, divisor };
}

function randomPolicy(observationSize: number, actions: number): Policy {
  const random = Random.stream(0, "random policy");
  return {
    observationSize,
    actions,
    act: (_, batch) => Int32Array.from({ length: batch }, () => random.integer(actions)),
  };
}
