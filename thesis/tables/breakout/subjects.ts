import { existsSync } from "node:fs";
import { collectStates } from "../../../src/learning/collect.ts";
import type { MakeEnvironments } from "../../../src/environments/worlds.ts";
import { type Policy, policyOf } from "../../../src/learning/policy.ts";
import { convert } from "../../../src/conversion/convert.ts";
import { balancedConvolution } from "../../../src/conversion/options.ts";
import { ATARI_PREPROCESSINGS, type AtariPreprocessing } from "../../../src/environments/atari.ts";
import { UsageError } from "../../../src/errors.ts";
import { loadModel, type Model } from "../../../src/network/file/model.ts";
import type { SpikingNetwork } from "../../../src/network/old/spiking-network.ts";
import type { BreakoutRow } from "./thesis.ts";

/** Who plays: a policy anew for each measurement, and what else tells it from others. */
export interface Subject {
  readonly policy: Policy;
  readonly preprocessing: AtariPreprocessing;
  readonly compare?: Policy;
  /** What its decisions depend on. */
  readonly identity: readonly unknown[];
}

/** Our networks for Breakout: files, or what follows from them. */
export interface Subjects {
  of(row: BreakoutRow): Promise<Subject | null>;
  /** The conversion with T = `steps`, or as it was shipped; null without a DQN. */
  converted(steps?: number): Promise<SpikingNetwork | null>;
  readonly dqn: Model | null;
  readonly preprocessing: AtariPreprocessing;
  /** What tells these networks from others. */
  readonly identity: readonly unknown[];
}

/** Where the networks lie. */
export interface ModelFiles {
  /** A DQN over pictures; models/breakout-dqn.safetensors unless given. */
  readonly model?: string;
  /** Its conversion; models/breakout-dqn-converted.safetensors unless given, else made here. */
  readonly snn?: string;
  /** A network that was trained spiking; models/breakout-dsqn.safetensors unless given, else models/breakout-patel-dsqn.safetensors. */
  readonly dsqn?: string;
}

const LEFT = 3;
const ACTIONS = 4;
/**
 * What a conversion is made from: states of some twenty games, of which nothing is measured in any. What a single game never shows is cut off
 * in others (docs/conversion.md).
 */
export const breakoutStates = { size: 3000, every: 8, firstSeed: 200_000, epsilon: 0.05 } as const;

/** Opens the networks that there are. `makeFor` opens games with a preprocessing; so many `states` calibrate a conversion made here. */
export async function openSubjects(
  { model, snn, dsqn: direct }: ModelFiles,
  { states, makeFor }: { states: number; makeFor: (preprocessing: AtariPreprocessing) => MakeEnvironments },
): Promise<Subjects> {
  const dqn = await find(model, "models/breakout-dqn.safetensors");
  if (dqn && dqn.network.kind === "spiking")
    throw new UsageError("BAD_ARGUMENT", "The model is a spiking network; its source is needed.", {
      hint: "Name the DQN with --model and its conversion with --snn.",
    });
  const shipped = await find(snn, model === undefined ? "models/breakout-dqn-converted.safetensors" : undefined);
  const dsqn =
    (await find(direct, "models/breakout-dsqn.safetensors")) ??
    (await find(undefined, "models/breakout-patel-dsqn.safetensors"));
  const preprocessing = preprocessingOf(dqn);
  // A row that was kept is of the same conversion only if it was made in the same way.
  const ownStates = { ...breakoutStates, size: states };
  const making = [balancedConvolution, ownStates];
  let calibration: Float32Array | undefined;
  const made = new Map<number, SpikingNetwork>();
  const converted = async (steps?: number): Promise<SpikingNetwork | null> => {
    const own = shipped?.network.kind === "spiking" ? shipped.network : undefined;
    if (own && (steps === undefined || steps === own.steps)) return own;
    if (dqn?.network.kind !== "convolutional") return null;
    const wanted = steps ?? 100;
    calibration ??= await collectStates(policyOf(dqn.network), makeFor(preprocessing), ownStates);
    const options = { ...balancedConvolution, spiking: { steps: wanted } };
    const network = made.get(wanted) ?? convert(dqn.network, calibration, options).network;
    made.set(wanted, network);
    return network;
  };
  return {
    dqn,
    preprocessing,
    converted,
    identity: [dqn?.sha256, shipped?.sha256 ?? making],
    async of({ subject, steps }) {
      const always = (action: number): Policy => ({
        actions: ACTIONS,
        observationSize: 84 * 84 * 4,
        act: (_, batch) => new Int32Array(batch).fill(action),
      });
      const compare = dqn ? policyOf(dqn.network) : undefined;
      switch (subject) {
        case "random":
          return { policy: always(0), preprocessing: "nature", identity: [] };
        case "left":
          return { policy: always(LEFT), preprocessing: "nature", identity: [] };
        case "dqn":
          return dqn && { policy: policyOf(dqn.network), preprocessing, identity: [dqn.sha256] };
        case "dsqn":
          return (
            dsqn && { policy: policyOf(dsqn.network), preprocessing: preprocessingOf(dsqn), identity: [dsqn.sha256] }
          );
        case "converted": {
          const network = await converted(steps);
          if (!network) return null;
          const identity = [dqn?.sha256, network.steps, shipped?.network === network ? shipped.sha256 : making];
          return { policy: policyOf(network), preprocessing, compare, identity };
        }
      }
    },
  };
}

/** The model at `path`, or at `otherwise` if there is one; null else. */
async function find(path: string | undefined, otherwise: string | undefined): Promise<Model | null> {
  if (path !== undefined) return loadModel(path);
  return otherwise !== undefined && existsSync(otherwise) ? loadModel(otherwise) : null;
}

function preprocessingOf(model: Model | null): AtariPreprocessing {
  const card = (model?.card ?? {}) as { config?: { environment?: { preprocessing?: unknown } } };
  const named = ATARI_PREPROCESSINGS.find((name) => name === card.config?.environment?.preprocessing);
  return named ?? (model && policyOf(model.network).observationSize === 80 * 80 ? "patel" : "nature");
}
