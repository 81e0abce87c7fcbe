import type { Environments, MakeEnvironments } from "../../environments/worlds.ts";
import type { Network } from "../../network/network.ts";
import type { TrainableNetwork } from "../../network/trainable.ts";
import { Random } from "../../numeric/random.ts";
import type { OnProgress } from "../../progress.ts";
import { runEpisodes } from "../episodes.ts";
import { type Assessment, fit, type Fit, type FitPoint, oneHot, split } from "../fit.ts";
import { greedy } from "../greedy.ts";
import { initialNetwork, type MakeTrainable, trainable } from "../networks.ts";
import type { Policy } from "../policy.ts";
import { savedAs } from "../few-bits.ts";
import { assertScalingFits, type Scaling, scaleObservations } from "../scaling.ts";
import type { ImitationConfig } from "./imitation-config.ts";
import type { ImitationSnapshot, Labelled } from "./imitation-snapshot.ts";

/** What goes into `imitate` besides its config: where environments and progress come from and go to. */
export interface ImitateOptions {
  /** States that the source visited, [n, observationSize]; a resumed run has its own and needs none. */
  readonly states?: Float32Array;
  readonly source: Policy;
  readonly makeTrainable?: MakeTrainable;
  /** Needed for aggregation only. */
  readonly makeEnvironments?: MakeEnvironments;
  readonly onProgress?: OnProgress;
  readonly onPoint?: (point: FitPoint) => void;
  /** Called between batches; `snapshot()` is all it takes to go on from here. `last`: a fit ends, or `signal` fired. */
  readonly onSafePoint?: (facts: { snapshot: () => ImitationSnapshot; last: boolean }) => void;
  readonly resume?: ImitationSnapshot;
  readonly signal?: AbortSignal;
}

/** A trained classifier, with its curve of loss and accuracy and its score. */
export interface ImitationResult {
  readonly network: Network;
  readonly initial: Network;
  readonly curve: readonly FitPoint[];
  /** Of the last fit: the point whose parameters were kept. */
  readonly chosen: Assessment;
  /** States learned from, validation included. */
  readonly states: number;
  readonly seconds: number;
}

/**
 * A classifier of the source's best action (thesis 4.1; dense, or spiking by surrogate gradients): cross-entropy over its
 * outputs, whose gaps then convert to few time steps.
 *
 * Errors: INTERRUPTED, SCALING_IMPOSSIBLE.
 */
export async function imitate(config: ImitationConfig, options: ImitateOptions): Promise<ImitationResult> {
  const started = performance.now();
  const { source, resume, onProgress, signal } = options;
  const n = source.observationSize;
  const scaling = config.scaling as Scaling | undefined;
  assertScalingFits(scaling, n, config.environment.id);
  const initial = initialNetwork(config.network, n, source.actions, config.seed);
  const learner = await trainable(initial, config.network, Math.max(config.batchSize, 500), { ...options, scaling });
  const random = Random.stream(config.seed, "imitation");
  const rounds = config.aggregation?.rounds ?? 0;
  const total = config.iterations + rounds * (config.aggregation?.iterations ?? 0);
  const curve: FitPoint[] = resume ? [...resume.facts.curve] : [];
  const before = resume?.facts.seconds ?? 0;
  const spent = (): number => before + (performance.now() - started) / 1000;
  let done = resume?.facts.done ?? 0;

  const fitTo = async (examples: Labelled, round: number, from?: ImitationSnapshot): Promise<Fit> => {
    const iterations = round === 0 ? config.iterations : config.aggregation!.iterations;
    if (from) random.state = from.facts.random.split;
    const start = random.state;
    const states = scaling ? scaleObservations(scaling, examples.states) : examples.states;
    const targets = oneHot(examples.actions, source.actions);
    const { training, validation } = split({ states, targets }, n, config.validation, random);
    if (from) random.state = from.facts.random.now;
    const result = await fit(learner, training, validation, {
      iterations,
      batchSize: config.batchSize,
      learningRate: config.learningRate,
      clip: config.clip,
      every: Math.min(config.every, iterations),
      random,
      signal,
      resume: from && { facts: from.facts.fit, tensors: from.tensors },
      onPoint(point) {
        const shifted = { ...point, iteration: done + point.iteration };
        curve.push(shifted);
        options.onPoint?.(shifted);
        onProgress?.({ stage: "train", done: shifted.iteration, total, unit: "batches", note: noteOf(point) });
      },
      onSafePoint({ snapshot, last }) {
        options.onSafePoint?.({
          last,
          snapshot: () => {
            const { facts, tensors } = snapshot();
            const streams = { split: start, now: random.state };
            return {
              facts: { round, done, random: streams, curve, seconds: spent(), fit: facts },
              tensors: { ...tensors, ...examples },
            };
          },
        });
      },
    });
    done += iterations;
    return result;
  };

  try {
    const first = resume?.facts.round ?? 0;
    let examples = await firstExamples(config, options);
    let { chosen } = await fitTo(examples, first, resume);
    for (let round = first + 1; round <= rounds; round++) {
      const visited = await visit(learner, config, round, options);
      examples = joined(examples, await label(source, visited));
      ({ chosen } = await fitTo(examples, round));
    }
    const network = learner.toNetwork();
    return {
      network: savedAs(network, { ...config.network, scaling }),
      initial: savedAs(initial, { ...config.network, scaling }),
      curve,
      chosen,
      states: examples.states.length / n,
      seconds: spent(),
    };
  } finally {
    learner.close();
  }
}

function noteOf({ loss, accuracy, validationAccuracy }: FitPoint): string {
  return `loss ${loss.toFixed(4)}  accuracy ${accuracy.toFixed(4)}  validation ${validationAccuracy.toFixed(4)}`;
}

/** Learns on from a checkpoint where `resume` is one; the tensors of its examples alone, for the next checkpoint's have moved on. */
async function firstExamples(
  { states }: ImitationConfig,
  { source, resume, states: collected }: ImitateOptions,
): Promise<Labelled> {
  if (resume) return { states: resume.tensors.states, actions: resume.tensors.actions };
  return label(source, collected!.subarray(0, states * source.observationSize));
}

/** What the source does in `states`. */
async function label(source: Policy, states: Float32Array): Promise<Labelled> {
  const n = source.observationSize;
  const chunk = 1000;
  const actions = new Int32Array(states.length / n);
  for (let start = 0; start < actions.length; start += chunk) {
    const size = Math.min(chunk, actions.length - start);
    actions.set(await source.act(states.subarray(start * n, (start + size) * n), size), start);
  }
  return { states, actions };
}

/** States that the learner visits when it acts greedily, [aggregation.states, observationSize], in seeded episodes. */
async function visit(
  learner: TrainableNetwork,
  config: ImitationConfig,
  round: number,
  { makeEnvironments, signal }: ImitateOptions,
): Promise<Float32Array> {
  const size = config.aggregation!.states * learner.observationSize;
  const visited = new Float32Array(size);
  const random = Random.stream(config.seed, `aggregation ${round}`);
  const environments: Environments = await makeEnvironments!(32);
  let filled = 0;
  try {
    while (filled < size) {
      await runEpisodes(environments, greedy(learner, config.scaling as Scaling | undefined), {
        seeds: Array.from({ length: environments.count }, () => random.integer(2 ** 31)),
        signal,
        onDecisions(observations) {
          const part = observations.subarray(0, size - filled);
          visited.set(part, filled);
          filled += part.length;
        },
      });
    }
  } finally {
    await environments.close();
  }
  return visited;
}

function joined(a: Labelled, b: Labelled): Labelled {
  const states = new Float32Array(a.states.length + b.states.length);
  states.set(a.states);
  states.set(b.states, a.states.length);
  return { states, actions: Int32Array.from([...a.actions, ...b.actions]) };
}
