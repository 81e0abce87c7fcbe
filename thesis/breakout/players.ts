import { existsSync } from "node:fs";
import { join } from "node:path";
import { balancedConvolution, convert } from "../../src/conversion/convert.ts";
import { ATARI_PREPROCESSINGS, type AtariPreprocessing } from "../../src/environments/atari.ts";
import {
  type AtariEnvironments,
  makeAtari,
  type MakeAtariOptions,
  manyWorkers,
  withAtariWorkers,
} from "../../src/environments/atari-worlds.ts";
import { UsageError } from "../../src/errors.ts";
import { breakoutStates } from "../../src/jobs/models.ts";
import { collectStates } from "../../src/learning/collect.ts";
import { type Policy, policyOf } from "../../src/learning/policy.ts";
import { loadModel, type Model } from "../../src/network/file/model.ts";
import { isSpiking, observationSize, type SpikingNetwork } from "../../src/network/network.ts";
import { root } from "../../src/setup/index.mjs";
import type { Place } from "../measure/place.ts";
import type { Player } from "../measure/score.ts";
import { BehaviourRecorder } from "./behaviour.ts";

/** Where Breakout's networks lie. */
export interface ModelFiles {
  /** A DQN over pictures; models/breakout-dqn.safetensors unless given. */
  readonly model?: string;
  /** Its conversion; models/breakout-dqn-converted.safetensors unless given, else made here. */
  readonly snn?: string;
  /** A network that was trained spiking; models/breakout-dsqn.safetensors unless given, else models/breakout-patel-dsqn.safetensors. */
  readonly dsqn?: string;
}

/** Games, and our networks for them: files, or what follows from them. */
export interface Breakout extends Place {
  open(options: Partial<MakeAtariOptions>): Promise<AtariEnvironments>;
  /** The conversion with T = `steps`, or as it was shipped; null without a DQN. */
  converted(steps?: number): Promise<SpikingNetwork | null>;
  readonly dqn: Model | null;
  /** Of the DQN's frames. */
  readonly preprocessing: AtariPreprocessing;
  /** What tells these networks from others. */
  readonly identity: readonly unknown[];
}

/** The thesis's version without sticky actions; five minutes of play at most, as Mnih et al. 2015 evaluate. */
const GAME = { game: "BreakoutDeterministic-v4", maxFrames: 18_000 } as const;
const [LEFT, ACTIONS] = [3, 4];

let workers: Promise<MakeAtariOptions["worker"]> | undefined;

/** Workers that run until the process ends. */
function openWorkers(): Promise<MakeAtariOptions["worker"]> {
  return new Promise((resolve, reject) => {
    withAtariWorkers(manyWorkers(), (opened) => {
      resolve(opened);
      return new Promise(() => undefined);
    }).catch(reject);
  });
}

/** Opens games and the networks that there are; so many `states` calibrate a conversion made here. */
export async function openBreakout({
  files: { model, snn, dsqn: direct } = {},
  states = breakoutStates.size,
}: {
  readonly files?: ModelFiles;
  readonly states?: number;
}): Promise<Breakout> {
  const dqn = await find(model, "breakout-dqn");
  if (dqn && isSpiking(dqn.network))
    throw new UsageError("BAD_ARGUMENT", "The model is a spiking network; its source is needed.", {
      hint: "Name the DQN with --model and its conversion with --snn.",
    });
  const shipped = await find(snn, model === undefined ? "breakout-dqn-converted" : undefined);
  const dsqn = (await find(direct, "breakout-dsqn")) ?? (await find(undefined, "breakout-patel-dsqn"));
  const open: Breakout["open"] = async (more) =>
    makeAtari({ ...GAME, ...more, worker: await (workers ??= openWorkers()) });
  const preprocessing = preprocessingOf(dqn);
  // A row that was kept is of the same conversion only if it was made in the same way.
  const making = [balancedConvolution, { ...breakoutStates, size: states }];
  const made = new Map<number, SpikingNetwork>();
  let calibration: Float32Array | undefined;
  const converted: Breakout["converted"] = async (steps) => {
    const own = shipped && isSpiking(shipped.network) ? shipped.network : undefined;
    if (own && (steps === undefined || steps === own.coding.steps)) return own;
    if (!dqn) return null;
    const wanted = steps ?? balancedConvolution.spiking.steps;
    const makeEnvironments = (count: number): Promise<AtariEnvironments> => open({ preprocessing, count });
    calibration ??= await collectStates(policyOf(dqn.network), makeEnvironments, { ...breakoutStates, size: states });
    const options = { ...balancedConvolution, spiking: { steps: wanted } };
    if (!made.has(wanted)) made.set(wanted, convert(dqn.network, calibration, options).network);
    return made.get(wanted)!;
  };
  return {
    open,
    dqn,
    preprocessing,
    converted,
    identity: [dqn?.sha256, shipped?.sha256 ?? making],
    async player({ player, conversion, steps }) {
      const watched = (policy: Policy, identity: readonly unknown[], of = preprocessing): Player =>
        watch(open, of, { open: () => policy, identity: [of, ...identity] });
      // What isn't learned costs next to nothing.
      if (player === "random") return { ...watched(always(0), [0], "nature"), episodes: 20 };
      if (player === "left") return { ...watched(always(LEFT), [LEFT], "nature"), episodes: 20 };
      if (player === "dsqn") return dsqn && watched(policyOf(dsqn.network), [dsqn.sha256], preprocessingOf(dsqn));
      if (!conversion) return dqn && watched(policyOf(dqn.network), [dqn.sha256]);
      const network = await converted(steps);
      if (!network) return null;
      const identity = [dqn?.sha256, network.coding.steps, network === shipped?.network ? shipped.sha256 : making];
      return { ...watched(policyOf(network), identity), compare: dqn ? policyOf(dqn.network) : undefined };
    },
  };
}

/** A player whose games are watched: the rows of Breakout also say how they were played. */
function watch(
  open: Breakout["open"],
  preprocessing: AtariPreprocessing,
  player: Pick<Player, "open" | "identity">,
): Player {
  let recorder: BehaviourRecorder | undefined;
  return {
    ...player,
    async makeEnvironments(count) {
      const games = await open({ preprocessing, count, ram: true });
      recorder ??= new BehaviourRecorder(games.actionNames);
      return recorder.watch(games);
    },
    behaviour: () => recorder!.behaviour(),
  };
}

const always = (action: number): Policy => ({
  actions: ACTIONS,
  observationSize: 84 * 84 * 4,
  act: (_, batch) => new Int32Array(batch).fill(action),
});

/** The model at `path`, else the one that ships as `name` if there is one; null else. */
async function find(path: string | undefined, name: string | undefined): Promise<Model | null> {
  if (path !== undefined) return loadModel(path);
  const shipped = join(root, "models", `${name}.safetensors`);
  return name !== undefined && existsSync(shipped) ? loadModel(shipped) : null;
}

function preprocessingOf(model: Model | null): AtariPreprocessing {
  const card = (model?.card ?? {}) as { config?: { environment?: { preprocessing?: unknown } } };
  const named = ATARI_PREPROCESSINGS.find((name) => name === card.config?.environment?.preprocessing);
  return named ?? (model && observationSize(model.network) === 80 * 80 ? "patel" : "nature");
}
