import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { type Network, shapeOf, type SpikingNetwork } from "../network/network.ts";
import { collectReplay } from "../learning/collect.ts";
import { evaluate, FIRST_SEED, type Evaluation } from "../learning/evaluate.ts";
import { withGymnasium } from "../environments/gymnasium-worlds.ts";
import type { MakeEnvironments } from "../environments/worlds.ts";
import { policyOf } from "../learning/policy.ts";
import { defaultRunPath, openRunFolder, type RunFolder } from "../learning/runs/folder.ts";
import { writeAtomically } from "../files/atomic.ts";
import type { TrainSummary } from "../learning/runs/summary.ts";
import { openWorker } from "../bridge/index.ts";
import { balancedConversion, convert } from "../conversion/convert.ts";
import { sweep } from "../learning/sweep.ts";
import { DsqnError } from "../errors.ts";
import { loadDenseNetwork, saveModel } from "../network/file/model.ts";
import { saveReplay } from "../formats/replay.ts";
import type { OnProgress } from "../progress.ts";
import { type CartPoleReport, type CartPoleSummary, type Estimate, judgeOf } from "../report/cartpole/facts.ts";
import { cartPoleFigures } from "../report/cartpole/figures.ts";
import { renderCartPoleReport } from "../report/cartpole/page.ts";
import { type Certificate, certifyNetworks } from "../simulators/certificate.ts";
import { openSimulator } from "../simulators/open.ts";
import { referenceEngine } from "../engines/reference/index.ts";
import { compareValues, leaningState, lookInside, versionsOf, watchCartPole } from "./cartpole-evidence.ts";
import { trainOrGoOn } from "./cartpole-training.ts";
import { readTrainingLog } from "./training-log.ts";
import { pointLatest } from "./latest.ts";

const ENVIRONMENT = "CartPole-v1";

/** What a run has to reach: the DQN's mean, and how far from it the spiking network's may lie. */
export const cartPoleTargets = { dqn: 475, apart: 0.05 } as const;

/** States that the conversion's scales rest on, and those that NEST replays. */
const REPLAY_STATES = 4000;
const CERTIFIED_STATES = 100;

/** States whose Q-values the report shows. */
const SHOWN_STATES = 300;

/** The T's that the report compares, and from which the smallest that serves is chosen: on starts of its own, never on those of the final scores. */
const SWEEP = { steps: [8, 16, 32, 64, 128], episodes: 20, firstSeed: 300000 } as const;

/** What `runCartPole` may be told. */
export interface CartPoleOptions {
  readonly seed?: number;
  /** The run's folder; `runs/<time>-cartpole` unless given. */
  readonly out?: string;
  /** Greedy episodes per agent. */
  readonly episodes?: number;
  /** Spent on set-up before, for the record. */
  readonly setupSeconds?: number;
  /** How commands start in the report: "dsqn", or in a clone "npm run -s dsqn --". */
  readonly cli?: string;
  readonly signal?: AbortSignal;
  readonly onProgress?: OnProgress;
}

/** A finished run of the main job. */
export interface CartPoleRun {
  readonly summary: CartPoleSummary;
  readonly folder: string;
  /** Where `latest` points at the folder, if it could be made to. */
  readonly latest: string | undefined;
  readonly report: string;
}

/**
 * The main job: trains a DQN on CartPole-v1, converts it to a spiking network, lets both act, replays the spiking network in NEST, and
 * leaves the networks, `summary.json`, `certificate.json` and `report.html` in one folder. A run that misses a target says so in
 * `summary.missed`; it is written down all the same.
 */
export async function runCartPole(options: CartPoleOptions = {}): Promise<CartPoleRun> {
  const { out = defaultRunPath("cartpole"), signal } = options;
  try {
    return await run({ ...options, out });
  } catch (error) {
    if (!signal?.aborted) throw error;
    const hint = `Go on with it: dsqn start --out ${out}`;
    throw new DsqnError("INTERRUPTED", "The run was stopped.", { hint, facts: { folder: out }, cause: error });
  }
}

async function run(options: CartPoleOptions & { out: string }): Promise<CartPoleRun> {
  const { out, episodes = 100, setupSeconds = 0, cli = "dsqn", signal, onProgress } = options;
  const began = performance.now();
  if (existsSync(join(out, "summary.json")))
    throw new DsqnError("RUN_EXISTS", `"${out}" already holds a run.`, { hint: "Choose another --out." });
  const folder = openRunFolder(out);
  const clock = stopwatch();

  const trained = await clock("train", () =>
    trainOrGoOn(folder.file("training"), { seed: options.seed, signal, onProgress }),
  );
  const dqn = await loadDenseNetwork(trained.model);

  const found = await withGymnasium({ id: ENVIRONMENT }, async (makeEnvironments) => {
    const work = { signal, onProgress };
    const converted = await clock("convert", () => convertForCartPole(dqn, makeEnvironments, work));
    const acted = await clock("evaluate", () => act(dqn, converted.snn, makeEnvironments, { episodes, ...work }));
    const proof = await clock("certify", () => certify(converted.snn, converted.replay.states, work));
    return { ...converted, ...acted, ...proof };
  });
  signal?.throwIfAborted();
  const { replay, snn, seen, certificate } = found;
  const seconds = { setup: setupSeconds, ...clock.seconds(), total: setupSeconds + (performance.now() - began) / 1000 };
  const summary = summaryOf(trained.seed, found, seconds);
  const shown: CartPoleReport = {
    summary,
    training: {
      ...readTrainingLog(folder.file("training/progress.jsonl")),
      threshold: cartPoleTargets.dqn,
      environmentSteps: trained.environmentSteps as number,
    },
    shape: shapeOf(dqn),
    ...seen,
    qValues: compareValues(dqn, snn, replay.states.subarray(0, 4 * SHOWN_STATES)),
    sweep: found.sweep,
    decision: found.decision,
    mapping: certificate.mapping,
    files: {
      dqn: folder.file("dqn.safetensors"),
      snn: folder.file("dqn-converted.safetensors"),
      replay: folder.file("dqn-replay"),
    },
    cli,
  };
  await saveNetworks(folder, { dqn, snn, trained, summary });
  await saveReplay(folder.file("dqn-replay"), { ...replay, environment: ENVIRONMENT });
  return writeReport(folder, shown, certificate);
}

/** The figures, the certificate, the page and last, by which a run is known to be complete, the summary. */
function writeReport(folder: RunFolder, shown: CartPoleReport, certificate: Certificate): CartPoleRun {
  const { summary } = shown;
  const report = folder.file("report.html");
  mkdirSync(folder.file("figures"), { recursive: true });
  for (const [name, svg] of Object.entries(cartPoleFigures(shown)))
    writeAtomically(folder.file(`figures/${name}.svg`), svg);
  writeAtomically(folder.file("certificate.json"), `${JSON.stringify(certificate, null, 2)}\n`);
  writeAtomically(report, renderCartPoleReport(shown));
  writeAtomically(folder.file("summary.json"), `${JSON.stringify(summary, null, 2)}\n`);
  return { summary, folder: folder.path, latest: pointLatest(folder.path), report };
}

/** What the run came to, in figures. */
function summaryOf(
  seed: number,
  {
    scores,
    snn,
    certificate,
    versions,
  }: Pick<Awaited<ReturnType<typeof act>>, "scores" | "versions"> & { snn: SpikingNetwork; certificate: Certificate },
  seconds: CartPoleSummary["seconds"],
): CartPoleSummary {
  const { simulator, version, states, bins, spikes, mismatchedBins, maxPotentialError, actionsEqual } = certificate;
  const { steps } = snn.coding;
  const missed = misses(scores, certificate);
  return {
    environment: ENVIRONMENT,
    seed,
    finished: new Date().toISOString(),
    passed: missed.length === 0,
    missed,
    dqn: estimate(scores.dqn),
    snn: {
      ...estimate(scores.snn),
      similarity: scores.snn.similarity!,
      steps,
      spikesPerDecision: scores.snn.spikesPerDecision!,
      synOpsPerDecision: scores.snn.synOpsPerDecision!,
    },
    certificate: {
      ...{ simulator, version, states, steps },
      ...{ bins, spikes, mismatchedBins, maxPotentialError, actionsEqual },
    },
    seconds,
    versions: { ...certificate.versions, ...versions },
  };
}

type Work = Pick<CartPoleOptions, "signal" | "onProgress">;

/** Robust conversion on the states that the DQN visits; T is the smallest that serves. */
async function convertForCartPole(dqn: Network, makeEnvironments: MakeEnvironments, work: Work) {
  const source = policyOf(dqn);
  const replay = await collectReplay(dqn, makeEnvironments, {
    size: REPLAY_STATES,
    firstSeed: SWEEP.firstSeed,
    epsilon: 0.1,
    ...work,
  });
  const at = (steps: number): SpikingNetwork =>
    convert(dqn, replay.states, { ...balancedConversion, spiking: { steps } }).network;
  const { rows, recommended } = await sweep({
    ...SWEEP,
    makeEnvironments,
    source,
    policyAt: (steps) => policyOf(at(steps)),
    ...work,
  });
  return {
    replay,
    snn: at(recommended.steps ?? Math.max(...rows.map(({ steps }) => steps))),
    sweep: rows,
    recommended,
  };
}

/** Both agents on the same starts, and one episode of each to look at. */
async function act(
  dqn: Network,
  snn: SpikingNetwork,
  makeEnvironments: MakeEnvironments,
  { episodes, ...work }: Work & { episodes: number },
) {
  const [source, spiking] = [policyOf(dqn), policyOf(snn)];
  const scores = {
    dqn: await evaluate(source, makeEnvironments, { episodes, ...work }),
    snn: await evaluate(spiking, makeEnvironments, { episodes, compare: source, ...work }),
  };
  const worker = await openWorker({ name: "watch", signal: work.signal });
  try {
    const { signal } = work;
    const watch = { seed: FIRST_SEED, signal };
    const first = await watchCartPole(worker, source, { ...watch, name: "DQN", colour: "dqn" });
    const name = `Spiking network, T = ${snn.coding.steps}`;
    const second = await watchCartPole(worker, spiking, { ...watch, name, colour: "snn", frames: 6 });
    const episodes = [first.episode, second.episode];
    return { scores, seen: { episodes, frames: second.frames }, versions: await versionsOf(worker) };
  } finally {
    await worker.close();
  }
}

async function certify(snn: SpikingNetwork, states: Float32Array, { signal, onProgress }: Work) {
  const worker = await openWorker({ name: "nest", extras: ["nest"], signal });
  // A run inside NEST takes seconds; the end of its process ends it at once.
  const close = (): void => void worker.close();
  signal?.addEventListener("abort", close);
  try {
    const simulator = await openSimulator("nest", { worker, onProgress });
    // Evenly over all visited states: successive ones are alike.
    const stride = Math.floor(states.length / 4 / CERTIFIED_STATES);
    const inputs = Float32Array.from(
      { length: 4 * CERTIFIED_STATES },
      (_, i) => states[4 * stride * Math.floor(i / 4) + (i % 4)],
    );
    const certificate = await certifyNetworks([{ name: "snn", network: snn, inputs, source: "visited" }], 1, {
      simulator,
      engine: referenceEngine,
      signal,
      onProgress,
    });
    const { state, words } = leaningState(inputs);
    const decision = await lookInside(snn, state, words, await simulator.load(snn), judgeOf(certificate));
    return { certificate, decision };
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    signal?.removeEventListener("abort", close);
    await worker.close();
  }
}

/** What the run missed, in words; nothing if it passed. */
export function misses(
  { dqn, snn }: { dqn: { mean: number }; snn: { mean: number } },
  certificate: { passed: boolean; mismatchedBins: number; maxPotentialError: number },
): string[] {
  const missed: string[] = [];
  if (dqn.mean < cartPoleTargets.dqn)
    missed.push(`The DQN's greedy mean is ${dqn.mean.toFixed(1)}, below ${cartPoleTargets.dqn}.`);
  if (Math.abs(snn.mean - dqn.mean) > cartPoleTargets.apart * dqn.mean)
    missed.push(
      `The spiking network's mean of ${snn.mean.toFixed(1)} is more than ${100 * cartPoleTargets.apart} % away from the DQN's ${dqn.mean.toFixed(1)}.`,
    );
  if (!certificate.passed)
    missed.push(
      `NEST differs from our engine in ${certificate.mismatchedBins} bins, and by up to ${certificate.maxPotentialError} in an output potential.`,
    );
  return missed;
}

async function saveNetworks(
  folder: RunFolder,
  {
    dqn,
    snn,
    trained,
    summary,
  }: {
    dqn: Network;
    snn: SpikingNetwork;
    trained: TrainSummary;
    summary: CartPoleSummary;
  },
): Promise<void> {
  const { seed } = trained;
  const common = { environment: ENVIRONMENT, seed, command: `dsqn start --seed ${seed}` };
  const card = await saveModel(folder.file("dqn.safetensors"), dqn, {
    ...common,
    method: "dqn",
    score: { ...summary.dqn },
    training: { episodes: trained.episodesRun, seconds: trained.seconds },
  });
  await saveModel(folder.file("dqn-converted.safetensors"), snn, {
    ...common,
    method: "conversion",
    score: { ...summary.snn },
    source: { name: "dqn", sha256: card.sha256 },
    conversion: { ...balancedConversion, spiking: { steps: snn.coding.steps } },
  });
}

function estimate({ mean, std, ci95, episodes }: Evaluation): Estimate {
  return { mean, std, ci95, episodes };
}

/** Times named stages. */
function stopwatch() {
  const seconds: Record<"train" | "convert" | "evaluate" | "certify", number> = {
    train: 0,
    convert: 0,
    evaluate: 0,
    certify: 0,
  };
  const time = async <T>(stage: keyof typeof seconds, task: () => Promise<T>): Promise<T> => {
    const began = performance.now();
    try {
      return await task();
    } finally {
      seconds[stage] += (performance.now() - began) / 1000;
    }
  };
  return Object.assign(time, { seconds: () => ({ ...seconds }) });
}
