import { createDenseNetwork, type DenseNetwork } from "../ann/network.ts";
import type { TrainableNetwork } from "../ann/trainable.ts";
import type { OnProgress } from "../progress.ts";
import { Random } from "../random.ts";
import { argmax } from "../snn/decide.ts";
import { createSpikingNetwork, type SpikingNetwork } from "../snn/network.ts";
import type { MakeTrainable } from "./dqn/networks.ts";
import type { Environments, MakeEnvironments } from "./environments.ts";
import { runEpisodes } from "./episodes.ts";
import { fit, oneHot, split, type Examples, type FitPoint } from "./imitation-fit.ts";
import type { ImitationConfig } from "./imitation-config.ts";
import type { Policy } from "./policy.ts";
import { foldScaling, scaleObservations } from "./scaling.ts";

/** What goes into `imitate` besides its config: where environments and progress come from and go to. */
export interface ImitateOptions {
  /** States that the source visited, [n, observationSize]. */
  readonly states: Float32Array;
  readonly source: Policy;
  readonly makeTrainable: MakeTrainable;
  /** Needed for aggregation only. */
  readonly makeEnvironments?: MakeEnvironments;
  readonly onProgress?: OnProgress;
  readonly onPoint?: (point: FitPoint) => void;
  readonly signal?: AbortSignal;
}

/** A trained classifier, with its curve of loss and accuracy and its score. */
export interface ImitationResult {
  readonly network: DenseNetwork | SpikingNetwork;
  readonly initial: DenseNetwork | SpikingNetwork;
  readonly curve: readonly FitPoint[];
  /** Of the last fit: the point whose parameters were kept. */
  readonly chosen: FitPoint;
  /** States learned from, validation included. */
  readonly states: number;
  readonly seconds: number;
}

/**
 * A classifier of the source's best action (thesis 4.1; dense, or spiking by surrogate gradients): cross-entropy over its
 * outputs, whose gaps then convert to few time steps.
 */
export async function imitate(config: ImitationConfig, options: ImitateOptions): Promise<ImitationResult> {
  const started = performance.now();
  const { source, onProgress, signal } = options;
  const n = source.observationSize;
  const initial = createNetwork(config, n, source.actions);
  const surrogate = config.network.kind === "spiking" ? { scale: config.network.surrogateScale } : undefined;
  const learner = await options.makeTrainable(initial, { maxBatch: Math.max(config.batchSize, 500), surrogate });
  const random = Random.stream(config.seed, "imitation");
  const scaled = (states: Float32Array): Float32Array =>
    config.scaling ? scaleObservations(config.scaling, states, new Float32Array(states.length)) : states;
  const total =
    config.iterations + (config.aggregation ? config.aggregation.rounds * config.aggregation.iterations : 0);
  const curve: FitPoint[] = [];
  let done = 0;
  const fitTo = ({ states, targets }: Examples, iterations: number) => {
    const { training, validation } = split({ states: scaled(states), targets }, n, config.validation, random);
    const result = fit(learner, training, validation, {
      iterations,
      batchSize: config.batchSize,
      learningRate: config.learningRate,
      clip: config.clip,
      every: Math.min(config.every, iterations),
      random,
      signal,
      onPoint(point) {
        const shifted = { ...point, iteration: done + point.iteration };
        curve.push(shifted);
        options.onPoint?.(shifted);
        const note = `loss ${point.loss.toFixed(4)}  accuracy ${point.accuracy.toFixed(4)}  validation ${point.validationAccuracy.toFixed(4)}`;
        onProgress?.({ stage: "train", done: shifted.iteration, total, unit: "batches", note });
      },
    });
    done += iterations;
    return result;
  };

  try {
    let examples = await label(source, options.states.subarray(0, config.states * n));
    let { chosen } = fitTo(examples, config.iterations);
    for (let round = 1; round <= (config.aggregation?.rounds ?? 0); round++) {
      const visited = await visit(learner, scaled, config, options.makeEnvironments!, round, signal);
      const more = await label(source, visited);
      examples = { states: joined(examples.states, more.states), targets: joined(examples.targets, more.targets) };
      ({ chosen } = fitTo(examples, config.aggregation!.iterations));
    }
    const network = learner.toNetwork();
    return {
      network: config.scaling ? foldScaling(network, config.scaling) : network,
      initial: config.scaling ? foldScaling(initial, config.scaling) : initial,
      curve,
      chosen,
      states: examples.states.length / n,
      seconds: (performance.now() - started) / 1000,
    };
  } finally {
    learner.close();
  }
}

function createNetwork(
  config: ImitationConfig,
  observationSize: number,
  actions: number,
): DenseNetwork | SpikingNetwork {
  const random = Random.stream(config.seed, "network");
  const { network } = config;
  if (network.kind === "dense") return createDenseNetwork([observationSize, ...network.hidden, actions], random);
  const { kind: _, hidden, surrogateScale: _scale, ...options } = network;
  return createSpikingNetwork([observationSize, ...hidden, actions], random, options);
}

/** What the source would do in `states`, as one-hot targets. */
async function label(source: Policy, states: Float32Array): Promise<Examples> {
  const n = source.observationSize;
  const chunk = 1000;
  const actions = new Int32Array(states.length / n);
  for (let start = 0; start < actions.length; start += chunk) {
    const size = Math.min(chunk, actions.length - start);
    actions.set(await source.act(states.subarray(start * n, (start + size) * n), size), start);
  }
  return { states, targets: oneHot(actions, source.actions) };
}

/** States that the learner visits when it acts greedily, [aggregation.states, observationSize], in seeded episodes. */
async function visit(
  learner: TrainableNetwork,
  scaled: (states: Float32Array) => Float32Array,
  config: ImitationConfig,
  makeEnvironments: MakeEnvironments,
  round: number,
  signal: AbortSignal | undefined,
): Promise<Float32Array> {
  const size = config.aggregation!.states * learner.observationSize;
  const visited = new Float32Array(size);
  const random = Random.stream(config.seed, `aggregation ${round}`);
  const environments: Environments = await makeEnvironments(32);
  let filled = 0;
  try {
    while (filled < size) {
      await runEpisodes(environments, (observations, batch) => bestActions(learner, scaled(observations), batch), {
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

function bestActions(network: TrainableNetwork, observations: Float32Array, batch: number): Int32Array {
  const outputs = network.forward(observations, batch);
  return Int32Array.from({ length: batch }, (_, k) => argmax(outputs, k * network.actions, network.actions));
}

function joined(a: Float32Array, b: Float32Array): Float32Array {
  const both = new Float32Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}
