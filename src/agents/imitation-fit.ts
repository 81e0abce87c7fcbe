import type { TrainableNetwork } from "../ann/trainable.ts";
import type { Random } from "../random.ts";
import { adam, clipValues } from "../optimizers/index.ts";
import { argmax } from "../snn/decide.ts";
import { valueAt, type Schedule } from "./schedules.ts";

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
}

/** Running means since the last point (NaN before the first batch), and the whole validation set. */
export interface FitPoint {
  readonly iteration: number;
  readonly loss: number;
  readonly accuracy: number;
  readonly validationLoss: number;
  /** Share of validation states whose best action agrees with the target's. */
  readonly validationAccuracy: number;
}

export interface Fit {
  readonly curve: readonly FitPoint[];
  /** Iteration 0. */
  readonly before: FitPoint;
  /** The point whose parameters were kept: best validation accuracy, then loss. */
  readonly chosen: FitPoint;
}

/**
 * Minimises the cross-entropy between `targets` and the softmax of a network's outputs on minibatches without repetition (Adam),
 * and leaves `network` with the parameters that were best on `validation`.
 */
export function fit(network: TrainableNetwork, training: Examples, validation: Examples, options: FitOptions): Fit {
  const { observationSize: n, actions } = network;
  const { batchSize, outputScale = 1, random } = options;
  const count = training.states.length / n;
  const size = Math.min(batchSize, count);
  const optimizer = adam(network.parameters.length);
  const states = new Float32Array(size * n);
  const targets = new Float32Array(size * actions);
  const gradients = new Float32Array(size * actions);
  const order = Int32Array.from({ length: count }, (_, i) => i);
  const curve: FitPoint[] = [];
  const start = assess(network, validation, outputScale);
  const before: FitPoint = {
    iteration: 0,
    loss: NaN,
    accuracy: NaN,
    validationLoss: start.loss,
    validationAccuracy: start.accuracy,
  };
  let best = network.parameters.slice();
  let chosen = before;
  let sum = { loss: 0, correct: 0, seen: 0 };

  for (let iteration = 1; iteration <= options.iterations; iteration++) {
    options.signal?.throwIfAborted();
    for (let k = 0; k < size; k++) {
      // The first `size` places of a shuffle that goes on from where the last batch left it.
      const other = k + random.integer(count - k);
      [order[k], order[other]] = [order[other], order[k]];
      const row = order[k];
      for (let j = 0; j < n; j++) states[k * n + j] = training.states[row * n + j];
      for (let j = 0; j < actions; j++) targets[k * actions + j] = training.targets[row * actions + j];
    }
    const { loss, correct } = crossEntropy(network.forward(states, size), targets, actions, outputScale, gradients);
    network.backward(gradients);
    if (options.clip !== undefined) clipValues(network.gradients, options.clip);
    optimizer.step(network.parameters, network.gradients, valueAt(options.learningRate, iteration - 1));
    sum = { loss: sum.loss + loss * size, correct: sum.correct + correct, seen: sum.seen + size };
    if (iteration % options.every !== 0 && iteration !== options.iterations) continue;
    const { loss: validationLoss, accuracy: validationAccuracy } = assess(network, validation, outputScale);
    const point: FitPoint = {
      iteration,
      loss: sum.loss / sum.seen,
      accuracy: sum.correct / sum.seen,
      validationLoss,
      validationAccuracy,
    };
    sum = { loss: 0, correct: 0, seen: 0 };
    curve.push(point);
    options.onPoint?.(point);
    const better = validationAccuracy - chosen.validationAccuracy || chosen.validationLoss - validationLoss;
    if (better > 0) [chosen, best] = [point, network.parameters.slice()];
  }
  network.parameters.set(best);
  return { curve, before, chosen };
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
    for (let j = 0; j < actions; j++) sum += Math.exp(scale * (outputs[row + j] - outputs[row + top]));
    const logSum = Math.log(sum);
    for (let j = 0; j < actions; j++) {
      const logit = scale * (outputs[row + j] - outputs[row + top]) - logSum;
      loss -= targets[row + j] * logit;
      if (gradients) gradients[row + j] = (scale * (Math.exp(logit) - targets[row + j])) / batch;
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
