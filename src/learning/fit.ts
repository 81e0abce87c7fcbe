import type { TrainableNetwork } from "../network/trainable.ts";
import { DsqnError } from "../errors.ts";
import { adam, clipValues, type Optimizer } from "../engines/optimizers/index.ts";
import type { Random } from "../numeric/random.ts";
import { argmax } from "../network/decide.ts";
import { valueAt, type Schedule } from "./schedules.ts";
import { exp, log } from "../numeric/elementary.ts";
import { nextTurn } from "../platform/node.ts";

/** States and, for each, the probability of every action that is to be learned. */
export interface Examples {
  /** [n, observationSize] */
  readonly states: Float32Array;
  /** [n, actions]; rows sum to 1. One-hot rows make it a classifier of the best action. */
  readonly targets: Float32Array;
}

export interface FitOptions {
  readonly iterations: number;
  readonly batchSize: number;
  readonly learningRate: Schedule;
  /** Largest absolute value of a gradient. */
  readonly clip?: number;
  /** Logits are outputs times this. A readout that integrates over T steps needs about 1 / T of what a dense one needs. */
  readonly outputScale?: number;
  /** Iterations between looks at the validation set. */
  readonly every: number;
  readonly random: Random;
  readonly signal?: AbortSignal;
  readonly onPoint?: (point: FitPoint) => void;
  /** Called now and then between batches; `snapshot()` is all it takes to go on from here, `random` and the examples apart. */
  readonly onSafePoint?: (facts: { snapshot: () => FitSnapshot; last: boolean }) => void;
  readonly resume?: FitSnapshot;
}

/** The whole validation set after so many batches. */
export interface Assessment {
  readonly iteration: number;
  readonly validationLoss: number;
  /** Share of validation states whose best action agrees with the target's. */
  readonly validationAccuracy: number;
}

/** An assessment, and running means over the batches since the one before. */
export interface FitPoint extends Assessment {
  readonly loss: number;
  readonly accuracy: number;
}

export interface Fit {
  readonly curve: readonly FitPoint[];
  /** Iteration 0. */
  readonly before: Assessment;
  /** The point whose parameters were kept: best validation accuracy, then loss. */
  readonly chosen: Assessment;
}

/** A fit between two batches, as JSON and arrays. */
export interface FitSnapshot {
  readonly facts: {
    readonly iteration: number;
    readonly before: Assessment;
    readonly chosen: Assessment;
    /** Over the batches since the last point. */
    readonly sum: { readonly loss: number; readonly correct: number; readonly seen: number };
    readonly optimizerSteps: number;
  };
  readonly tensors: Readonly<Record<string, Float32Array | Int32Array>>;
}

/** Milliseconds between safe points, at which the process also hears of Ctrl-C. */
const SLICE = 50;

/**
 * Minimises the cross-entropy between `targets` and the softmax of a network's outputs on minibatches without repetition (Adam),
 * and leaves `network` with the parameters that were best on `validation`.
 *
 * Errors: INTERRUPTED.
 */
export async function fit(
  network: TrainableNetwork,
  training: Examples,
  validation: Examples,
  options: FitOptions,
): Promise<Fit> {
  const { observationSize: n, actions } = network;
  const { batchSize, outputScale = 1, random, resume, signal } = options;
  const count = training.states.length / n;
  const size = Math.min(batchSize, count);
  const optimizer = adam(network.parameters.length);
  const gradients = new Float32Array(size * actions);
  const order = Int32Array.from({ length: count }, (_, i) => i);
  const batch = { states: new Float32Array(size * n), targets: new Float32Array(size * actions) };
  const curve: FitPoint[] = [];
  const best = new Float32Array(network.parameters.length);
  if (resume) restore(network, optimizer, order, best, resume);
  else best.set(network.parameters);
  const before = resume?.facts.before ?? assessed(network, validation, outputScale, 0);
  let { iteration, chosen, sum } = resume?.facts ?? {
    iteration: 0,
    chosen: before,
    sum: { loss: 0, correct: 0, seen: 0 },
  };
  const snapshot = (): FitSnapshot => {
    const { steps, moments } = optimizer.save();
    return {
      facts: { iteration, before, chosen, sum, optimizerSteps: steps },
      tensors: {
        order,
        best,
        parameters: network.parameters.slice(),
        ...Object.fromEntries(moments.map((moment, i) => [`optimizer.${i}`, moment])),
      },
    };
  };

  let slice = performance.now();
  while (iteration < options.iterations) {
    if (performance.now() - slice >= SLICE) {
      options.onSafePoint?.({ snapshot, last: false });
      await nextTurn();
      slice = performance.now();
    }
    if (signal?.aborted) {
      options.onSafePoint?.({ snapshot, last: true });
      throw new DsqnError("INTERRUPTED", `Learning stopped after ${iteration} batches.`, { cause: signal.reason });
    }
    draw(training, batch, order, random);
    const outputs = network.forward(batch.states, size);
    const { loss, correct } = crossEntropy(outputs, batch.targets, actions, outputScale, gradients);
    network.backward(gradients);
    if (options.clip !== undefined) clipValues(network.gradients, options.clip);
    optimizer.step(network.parameters, network.gradients, valueAt(options.learningRate, iteration));
    iteration++;
    sum = { loss: sum.loss + loss * size, correct: sum.correct + correct, seen: sum.seen + size };
    if (iteration % options.every !== 0 && iteration !== options.iterations) continue;
    const point: FitPoint = {
      ...assessed(network, validation, outputScale, iteration),
      loss: sum.loss / sum.seen,
      accuracy: sum.correct / sum.seen,
    };
    sum = { loss: 0, correct: 0, seen: 0 };
    curve.push(point);
    options.onPoint?.(point);
    const better = point.validationAccuracy - chosen.validationAccuracy || chosen.validationLoss - point.validationLoss;
    if (better > 0) {
      chosen = point;
      best.set(network.parameters);
    }
  }
  options.onSafePoint?.({ snapshot, last: true });
  network.parameters.set(best);
  return { curve, before, chosen };
}

/** Fills `batch` without repetition: by the first places of a shuffle that goes on from where the last batch left it. */
function draw(from: Examples, batch: Examples, order: Int32Array, random: Random): void {
  const [n, actions] = [from.states.length / order.length, from.targets.length / order.length];
  for (let k = 0; k * n < batch.states.length; k++) {
    const other = k + random.integer(order.length - k);
    [order[k], order[other]] = [order[other], order[k]];
    const row = order[k];
    for (let j = 0; j < n; j++) batch.states[k * n + j] = from.states[row * n + j];
    for (let j = 0; j < actions; j++) batch.targets[k * actions + j] = from.targets[row * actions + j];
  }
}

function restore(
  network: TrainableNetwork,
  optimizer: Optimizer,
  order: Int32Array,
  best: Float32Array,
  { facts, tensors }: FitSnapshot,
): void {
  network.parameters.set(tensors.parameters);
  best.set(tensors.best);
  order.set(tensors.order);
  const moments = optimizer.save().moments.map((_, i) => tensors[`optimizer.${i}`] as Float32Array);
  optimizer.restore({ steps: facts.optimizerSteps, moments });
}

function assessed(network: TrainableNetwork, validation: Examples, scale: number, iteration: number): Assessment {
  const { loss, accuracy } = assess(network, validation, scale);
  return { iteration, validationLoss: loss, validationAccuracy: accuracy };
}

/** Mean cross-entropy and the share of equal best actions over all of `examples`. */
export function assess(
  network: TrainableNetwork,
  { states, targets }: Examples,
  outputScale = 1,
): { loss: number; accuracy: number } {
  const { observationSize: n, actions, maxBatch } = network;
  const count = states.length / n;
  let loss = 0;
  let correct = 0;
  for (let start = 0; start < count; start += maxBatch) {
    const size = Math.min(maxBatch, count - start);
    const outputs = network.forward(states.subarray(start * n, (start + size) * n), size);
    const part = crossEntropy(
      outputs,
      targets.subarray(start * actions, (start + size) * actions),
      actions,
      outputScale,
    );
    loss += part.loss * size;
    correct += part.correct;
  }
  return { loss: loss / count, accuracy: correct / count };
}

/**
 * Mean cross-entropy of softmax(scale outputs) against `targets`, both [batch, actions]; `gradients` gets its derivative with
 * respect to the outputs, scale (softmax - target) / batch.
 */
export function crossEntropy(
  outputs: Float32Array,
  targets: Float32Array,
  actions: number,
  scale: number,
  gradients?: Float32Array,
): { loss: number; correct: number } {
  const batch = targets.length / actions;
  let loss = 0;
  let correct = 0;
  for (let k = 0; k < batch; k++) {
    const row = k * actions;
    const top = argmax(outputs, row, actions);
    let sum = 0;
    for (let j = 0; j < actions; j++) sum += exp(scale * (outputs[row + j] - outputs[row + top]));
    const logSum = log(sum);
    for (let j = 0; j < actions; j++) {
      const logit = scale * (outputs[row + j] - outputs[row + top]) - logSum;
      loss -= targets[row + j] * logit;
      if (gradients) gradients[row + j] = (scale * (exp(logit) - targets[row + j])) / batch;
    }
    if (top === argmax(targets, row, actions)) correct++;
  }
  return { loss: loss / batch, correct };
}

/** One-hot rows for actions [n]. */
export function oneHot(actions: Int32Array, count: number): Float32Array {
  const targets = new Float32Array(actions.length * count);
  actions.forEach((action, k) => (targets[k * count + action] = 1));
  return targets;
}

/** Splits examples at random into training and validation, of which `fraction` are the latter (at least one each). */
export function split(
  { states, targets }: Examples,
  observationSize: number,
  fraction: number,
  random: Random,
): { training: Examples; validation: Examples } {
  const count = states.length / observationSize;
  const actions = targets.length / count;
  const order = random.shuffle(Int32Array.from({ length: count }, (_, i) => i));
  const held = Math.min(count - 1, Math.max(1, Math.round(count * fraction)));
  const pick = (rows: Int32Array): Examples => {
    const picked = {
      states: new Float32Array(rows.length * observationSize),
      targets: new Float32Array(rows.length * actions),
    };
    rows.forEach((row, k) => {
      picked.states.set(states.subarray(row * observationSize, (row + 1) * observationSize), k * observationSize);
      picked.targets.set(targets.subarray(row * actions, (row + 1) * actions), k * actions);
    });
    return picked;
  };
  return { training: pick(order.subarray(held)), validation: pick(order.subarray(0, held)) };
}
