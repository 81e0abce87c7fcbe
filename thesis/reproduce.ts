import { existsSync } from "node:fs";
import { join } from "node:path";
import { UsageError } from "../src/errors.ts";
import type { OnProgress } from "../src/progress.ts";
import type { ModelFiles } from "./breakout/players.ts";
import type { Shown } from "./breakout/show.ts";
import { experimentOf, type ExperimentName, type Row } from "./experiments.ts";
import type { AskProcesses } from "./measure/processes.ts";
import type { RowRequest, TrainingRequest } from "./measure/request.ts";
import { measureRows, rowRequests } from "./measure/rows.ts";
import { reproduceTraining, trainingRequests, type TrainingRow } from "./measure/training.ts";
import { openSetUp } from "./simulators/set-up.ts";
import { timeSteps, type Trial } from "./tables/trial.ts";

/** All rows of an experiment, what else is shown of it, and how long they took. */
export interface Reproduction extends Partial<Shown> {
  readonly experiment: ExperimentName;
  readonly environment?: string;
  readonly quick: boolean;
  readonly episodes: number;
  /** The most time steps of a row; null: all rows. */
  readonly upTo: number | null;
  readonly rows: readonly Row[];
  /** Tables 4.5 and 4.10; empty where no training was asked for. */
  readonly training: readonly TrainingRow[];
  readonly seconds: number;
}

/** How much of an experiment is run, with which networks. */
export interface ReproduceOptions extends ModelFiles {
  /** A few episodes a row, T of at most 1,000 (in simulators and Breakout 100), no training. */
  readonly quick?: boolean;
  /** Rows of more time steps are left out. */
  readonly upTo?: number;
  /** Training runs for each row of tables 4.5 and 4.10; 0: none. */
  readonly runs?: number;
  /** The folder with the original's `networks/`. */
  readonly original?: string;
  /** Keeps what is measured and trained, row by row and run by run: the same reproduction goes on there after any end. */
  readonly folder?: string;
  /** Has rows and trainings done elsewhere: gets what is to be done, and answers for it. */
  readonly elsewhere?: (requests: readonly (RowRequest | TrainingRequest)[]) => Promise<AskProcesses>;
  readonly onProgress?: OnProgress;
  readonly onRow?: (row: Row) => void;
  /** Of Breakout: gets the film of the spiking network, an animated PNG. */
  readonly onFilm?: (png: Uint8Array) => void;
  readonly signal?: AbortSignal;
}

/** Of the states that calibrate a conversion for Breakout, with `quick`. */
const QUICK_STATES = 300;

/**
 * Measures every row of an experiment's tables: with our networks and, where they are at hand, with the original's; in simulators the
 * original's in the thesis's set-ups. Errors: ORIGINAL_MISSING, TRAINING_FAILED, and those of environments and simulators.
 */
export async function reproduce(name: ExperimentName, options: ReproduceOptions = {}): Promise<Reproduction> {
  const experiment = experimentOf(name);
  const { family, training, environment } = experiment;
  const { quick = false, upTo = quick ? family.quickSteps : Infinity, runs = quick ? 0 : 5, folder } = options;
  const { model, snn, dsqn, onProgress, onRow, onFilm, signal } = options;
  const started = performance.now();
  const select = (trial: Trial): boolean => timeSteps(trial) <= upTo;
  const original = family.original === "not at all" ? undefined : options.original;
  if (family.original === "needed") await prepareSimulators(experiment.trials().filter(select), options);
  const episodes = family.episodes[quick ? 1 : 0];
  const common = {
    ...{ keep: folder && join(folder, "rows"), onProgress, signal },
    ...(family.name === "breakout" && { files: { model, snn, dsqn }, states: quick ? QUICK_STATES : undefined }),
  };
  const trains = training && runs > 0 ? training : undefined;
  const trainingFolder = folder && join(folder, "training");
  const { onProgress: _p, signal: _s, ...given } = { ...common, episodes, original };
  const ask = await options.elsewhere?.([
    ...rowRequests(name, select, given),
    ...(trains ? trainingRequests(trains, runs) : []),
  ]);
  const rows = await measureRows(name, select, { ...common, episodes, original, onRow, ask });
  const trained = trains
    ? await reproduceTraining(trains, runs, { folder: trainingFolder, ask, onProgress, signal })
    : [];
  const shown =
    family.name === "breakout"
      ? await (await import("./breakout/show.ts")).showBreakout({ ...common, quick, onFilm })
      : undefined;
  return {
    experiment: name,
    environment,
    quick,
    episodes,
    upTo: upTo === Infinity ? null : upTo,
    rows,
    training: trained,
    ...shown,
    seconds: (performance.now() - started) / 1000,
  };
}

/** What simulators need is set up once, and seen, before several processes ask for it. */
async function prepareSimulators(
  trials: readonly Trial[],
  { original, onProgress, signal }: ReproduceOptions,
): Promise<void> {
  if (original === undefined || !existsSync(join(original, "networks")))
    throw new UsageError("ORIGINAL_MISSING", "These tables rest on the original's own networks, which are not here.", {
      hint: "Name the folder that holds its networks/: --original DIR, or DSQN_ORIGINAL.",
    });
  for (const simulator of new Set(trials.map((trial) => trial.simulator!)))
    await (await openSetUp(simulator, { onProgress, signal })).close();
}
