import { existsSync } from "node:fs";
import { join } from "node:path";
import { withGymnasium } from "../../src/environments/gymnasium-worlds.ts";
import { policyOf, type Policy } from "../../src/learning/policy.ts";
import { convert } from "../../src/conversion/convert.ts";
import { importNetwork } from "../../src/formats/import.ts";
import { loadReplay } from "../../src/formats/replay.ts";
import type { OnProgress } from "../../src/progress.ts";
import { kept } from "../tables/kept.ts";
import { score } from "../tables/measure.ts";
import type { Reported } from "../tables/thesis.ts";
import { gymnasiumId } from "../tables/trials.ts";
import type { Measured, Verdict } from "../tables/verdict.ts";
import type { SpikingNetwork } from "../../src/network/old/spiking-network.ts";
import { openSimulator } from "../../src/simulators/open.ts";
import { simulatorPolicy } from "../../src/simulators/policy.ts";
import type { SimulatorTrial } from "./trials.ts";
import { judgeInSimulator } from "./verdict.ts";

/** A row of tables 4.12 to 4.14. */
export interface SimulatorRow {
  readonly table: string;
  readonly name: string;
  readonly simulator: string;
  readonly thesis: Reported;
  /** The thesis's network in the thesis's set-up; null where the original's folder lacks it. */
  readonly ours: Measured | null;
  /** The same network under the exact mapping, which is what our engine computes (dsqn certify shows that). */
  readonly exact: Measured | null;
  readonly verdict: Verdict;
  readonly reason: string | null;
}

export interface RowOptions {
  /** The folder with the original's `networks/`. */
  readonly original: string;
  readonly episodes: number;
  /** A folder that keeps each measured row. */
  readonly keep?: string;
  readonly onProgress?: OnProgress;
}

/** The thesis's membrane time constant on the board, in ms. */
const THESIS_TAU = 100;
/** The thesis's limit on episodes. */
const MAX_STEPS = 500;

/** The row of a trial: what this version measured before with as many episodes (and judged anew), else measured now and kept. */
export async function rowOf(trial: SimulatorTrial, options: RowOptions): Promise<SimulatorRow> {
  const { table, name, environment, simulator, thesis, steps, source, converted, replay } = trial;
  const identity = [options.episodes, name, environment, simulator, steps, source, converted, replay];
  const sides = await kept(options.keep, identity, () => measureTrial(trial, options));
  const row = { table, name, simulator, thesis };
  if (sides) return { ...row, ...sides, ...judgeInSimulator(trial, sides.ours, sides.exact) };
  const reason = "the original's folder has no such network";
  return { ...row, ours: null, exact: null, verdict: "missing", reason };
}

/** Null where the original's folder lacks the network. */
async function measureTrial(
  trial: SimulatorTrial,
  { original, episodes, onProgress }: RowOptions,
): Promise<{ ours: Measured; exact: Measured } | null> {
  const { simulator, environment } = trial;
  const subject = await subjectOf(trial, join(original, "networks"));
  if (!subject) return null;
  const { network, compare } = subject;
  return withGymnasium({ id: gymnasiumId(environment), maxSteps: MAX_STEPS }, async (makeEnvironments) => {
    const scored = (policy: Policy): Promise<Measured> =>
      score(policy, makeEnvironments, { episodes, compare, onProgress });
    const settings = simulator === "spinnaker-twin" ? { tauM: THESIS_TAU } : undefined;
    const policy = await simulatorPolicy(await openSimulator(simulator, { settings }), network);
    const ours = await scored(policy).finally(() => policy.close());
    return { ours, exact: await scored(policyOf(network)) };
  });
}

/** The spiking network of a trial, and what its similarity is measured against: the dense network it came from, or itself where it was trained as it is. */
async function subjectOf(
  trial: SimulatorTrial,
  folder: string,
): Promise<{ network: SpikingNetwork; compare: Policy } | undefined> {
  const observationSize = trial.environment === "cartpole" ? 4 : 2;
  const load = async (name: string, kind?: "spiking") =>
    existsSync(join(folder, name))
      ? (await importNetwork(join(folder, name), { observationSize, ...(kind && { kind }) })).network
      : undefined;
  const source = await load(trial.source);
  if (!source) return undefined;
  if (source.kind === "spiking") {
    const network = { ...source, steps: trial.steps };
    return { network, compare: policyOf(network) };
  }
  const stored = trial.converted === undefined ? undefined : await load(trial.converted, "spiking");
  if (stored?.kind === "spiking") return { network: { ...stored, steps: trial.steps }, compare: policyOf(source) };
  if (source.kind !== "dense" || trial.replay === undefined) return undefined;
  if (!existsSync(join(folder, trial.replay, "memory_inputs.npz"))) return undefined;
  const { states } = await loadReplay(join(folder, trial.replay));
  return {
    network: convert(source, states, { percentile: 0.99, spiking: { steps: trial.steps } }).network,
    compare: policyOf(source),
  };
}
