import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { evaluate } from "../agents/evaluate.ts";
import { withGymnasium } from "../agents/gymnasium.ts";
import { policyOf, type Policy } from "../agents/policy.ts";
import { packageVersion } from "../bridge/version.ts";
import { convert } from "../conversion/convert.ts";
import { UsageError } from "../errors.ts";
import { writeJsonAtomic } from "../formats/files.ts";
import { importNetwork } from "../formats/import.ts";
import { loadReplay } from "../formats/replay.ts";
import type { OnProgress } from "../progress.ts";
import type { Reported } from "../reproduce/thesis.ts";
import type { Measured, Verdict } from "../reproduce/verdict.ts";
import type { SpikingNetwork } from "../snn/network.ts";
import { openSimulator } from "./open.ts";
import { simulatorPolicy } from "./policy.ts";
import { judgeInSimulator } from "./reproduce-verdict.ts";
import { simulatorTrials, type SimulatorExperiment, type SimulatorTrial } from "./reproduce-trials.ts";

export interface SimulatorRow {
  readonly table: string;
  readonly name: string;
  readonly simulator: string;
  readonly thesis: Reported;
  /** The thesis's network in the thesis's set-up. */
  readonly ours: Measured | null;
  /** The same network under the exact mapping, which is what our engine computes (dsqn certify shows that). */
  readonly exact: Measured | null;
  readonly verdict: Verdict;
  readonly reason: string | null;
}

export interface SimulatorReproductionOptions {
  /** The folder with the original's `networks/`. */
  readonly original?: string;
  /** Twenty episodes a row and T up to 100. */
  readonly quick?: boolean;
  /** A folder that keeps each measured row: an interrupted reproduction goes on from there. */
  readonly keep?: string;
  readonly onProgress?: OnProgress;
  readonly onRow?: (row: SimulatorRow) => void;
  readonly signal?: AbortSignal;
}

/** The thesis's membrane time constant on the board, in ms. */
const THESIS_TAU = 100;
/** The thesis's limit on episodes. */
const MAX_STEPS = 500;

/** Tables 4.12 and 4.13 (nest), the PyNN notebook (pynn), table 4.14 (spinnaker): the thesis's figure, its set-up run again, and the exact mapping. */
export const experiments: Record<
  SimulatorExperiment,
  (options?: SimulatorReproductionOptions) => Promise<SimulatorRow[]>
> = {
  nest: (options) => reproduceIn("nest", options),
  pynn: (options) => reproduceIn("pynn", options),
  spinnaker: (options) => reproduceIn("spinnaker", options),
};

async function reproduceIn(
  experiment: SimulatorExperiment,
  options: SimulatorReproductionOptions = {},
): Promise<SimulatorRow[]> {
  const { original, quick = false, keep, onProgress, onRow, signal } = options;
  if (original === undefined || !existsSync(join(original, "networks")))
    throw new UsageError("ORIGINAL_MISSING", "These tables rest on the original's own networks, which are not here.", {
      hint: "Name the folder that holds its networks/: --original DIR, or DSQN_ORIGINAL.",
    });
  const trials = simulatorTrials(experiment).filter(({ steps }) => !quick || steps <= 100);
  // Short decisions first: an interrupted run has most of the table.
  const order = [...trials].sort((a, b) => a.steps - b.steps);
  const rows = new Map<SimulatorTrial, SimulatorRow>();
  for (const [done, trial] of order.entries()) {
    onProgress?.({
      stage: "reproduce",
      done,
      total: trials.length,
      unit: "rows",
      note: `table ${trial.table}: ${trial.name}`,
    });
    const row = await kept(keep, trial, quick ? 20 : 100, (episodes) =>
      measureRow(trial, join(original, "networks"), episodes, signal),
    );
    rows.set(trial, row);
    onRow?.(row);
  }
  onProgress?.({ stage: "reproduce", done: trials.length, total: trials.length, unit: "rows" });
  return trials.map((trial) => rows.get(trial)!);
}

/** A row measured before with as many episodes for the same trial by this version (and judged anew), else measured now and kept. */
async function kept(
  folder: string | undefined,
  trial: SimulatorTrial,
  episodes: number,
  measure: (episodes: number) => Promise<SimulatorRow>,
): Promise<SimulatorRow> {
  if (folder === undefined) return measure(episodes);
  const { name, environment, simulator, steps, source, converted, replay } = trial;
  const what = [packageVersion(), episodes, name, environment, simulator, steps, source, converted, replay];
  const key = createHash("sha256").update(JSON.stringify(what)).digest("hex");
  const file = join(folder, `${key.slice(0, 16)}.json`);
  if (existsSync(file)) {
    const row = JSON.parse(await readFile(file, "utf8")) as SimulatorRow;
    return { ...row, thesis: trial.thesis, ...judgeInSimulator(trial, row.ours!, row.exact!) };
  }
  const row = await measure(episodes);
  if (row.ours) await writeJsonAtomic(file, row);
  return row;
}

async function measureRow(
  trial: SimulatorTrial,
  folder: string,
  episodes: number,
  signal?: AbortSignal,
): Promise<SimulatorRow> {
  const subject = await subjectOf(trial, folder);
  const { table, name, simulator, thesis } = trial;
  if (!subject)
    return {
      table,
      name,
      simulator,
      thesis,
      ours: null,
      exact: null,
      verdict: "missing",
      reason: "the original's folder has no such network",
    };
  const { network, compare } = subject;
  const id = trial.environment === "cartpole" ? "CartPole-v1" : "MountainCar-v0";
  const measure = (policy: Policy): Promise<Measured> =>
    withGymnasium({ id, maxSteps: MAX_STEPS }, async (makeEnvironments) => {
      const { mean, std, ci95, decisions, similarity, similarityCi95, seconds } = await evaluate(
        policy,
        makeEnvironments,
        { episodes, compare, signal },
      );
      const percent = similarityCi95 && ([100 * similarityCi95[0], 100 * similarityCi95[1]] as const);
      return {
        mean,
        std,
        ci95,
        episodes,
        decisions,
        similarity: similarity === null ? null : 100 * similarity,
        similarityCi95: percent,
        seconds,
      };
    });
  const policy = await simulatorPolicy(
    await openSimulator(simulator, {
      signal,
      settings: simulator === "spinnaker-twin" ? { tauM: THESIS_TAU } : undefined,
    }),
    network,
  );
  let ours: Measured;
  try {
    ours = await measure(policy);
  } finally {
    await policy.close();
  }
  const exact = await measure(policyOf(network));
  return { table, name, simulator, thesis, ours, exact, ...judgeInSimulator(trial, ours, exact) };
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
