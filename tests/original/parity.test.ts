import { afterAll, describe, expect, it } from "@jest/globals";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { originalConversion, convert } from "../../src/conversion/convert.ts";
import { loadReplay } from "../../src/formats/replay.ts";
import { isSpiking, observationSize, spikingLayers } from "../../src/network/network.ts";
import { outputsOf } from "../../src/network/layer.ts";
import { type Way, ways } from "./engines.ts";
import {
  type Case,
  type ConversionCase,
  denseFrom,
  flat,
  goldenCases,
  type GradientCase,
  type Nested,
  listed,
  ORIGINAL,
  relativeError,
  spikingFrom,
  type UpdateCase,
} from "./golden.ts";
import { fastUpdates, referenceUpdates } from "./updates.ts";

/** What the original computed in float32 repeats to about this, relative to the largest value. */
const FORWARD = 1e-5;
/** A spike that rounding moves by a step shows up in gradients. */
const GRADIENT = 1e-3;

const ran: Record<string, number> = {};

/** How each kind of case is checked, by an engine. */
const kinds: Record<string, (testCase: never, way: Way) => void | Promise<void>> = {
  "dense-forward"({ network, inputs, outputs }: Case, way) {
    expect(relativeError(way.run(denseFrom(network), states(inputs)).outputs, flat(outputs))).toBeLessThan(FORWARD);
  },

  "spiking-forward"({ network, snn, inputs, outputs }: Case, way) {
    const spiking = spikingFrom(network, snn!);
    const result = way.run(spiking, states(inputs), { recordSpikes: true });
    const expected = flat(outputs);
    const error = relativeError(result.outputs, expected);
    // In a batch, the original reads all states in the step in which the first of them spikes.
    if (spiking.coding.decoding === "first-spike" && error > 0) {
      const { state, step, neuron } = result.spikes![spikingLayers(spiking) - 1];
      const first = Math.min(...step);
      const together = new Float64Array(expected.length);
      state.forEach((b, k) => (together[b * outputs[0].length + neuron[k]] += Number(step[k] === first)));
      expect(Array.from(together)).toEqual(expected);
    } else expect(error).toBeLessThan(FORWARD);
  },

  "spiking-gradient"(testCase: GradientCase, way) {
    checkGradients(testCase, way, testCase.labels ? negativeLogLikelihood(testCase) : squaredError(testCase));
  },

  "classifier-gradient"(testCase: GradientCase, way) {
    checkGradients(testCase, way, negativeLogLikelihood(testCase));
  },

  "dense-update"(testCase: UpdateCase, way) {
    checkUpdates(testCase, way);
  },

  "spiking-update"(testCase: UpdateCase, way) {
    checkUpdates(testCase, way);
  },

  // The conversion has one implementation; both engines then run what it made.
  async "conversion"({ network, replay, method, percentile, weights, biases }: ConversionCase, way) {
    const dense = denseFrom(network);
    const observations = replay ? (await loadReplay(join(ORIGINAL, "networks", replay))).states : new Float32Array(0);
    const converted = convert(dense, observations, { ...originalConversion, method, percentile }).network;
    const linear = weights.every((weight, l) => (weight as Nested[]).length === outputsOf(converted.layers[l]));
    const actual = listed(linear ? "dense" : "spiking", converted.layers);
    const expected = weights.flatMap((weight, l) => [flat(weight), flat(biases[l])]);
    expect(actual.length).toBe(expected.length);
    for (const [k, tensor] of expected.entries()) expect(relativeError(actual[k], tensor)).toBeLessThan(FORWARD);
    const { outputs } = way.run(converted, observations.subarray(0, 20 * observationSize(dense)));
    expect(outputs.every(Number.isFinite)).toBe(true);
  },
};

const cases = goldenCases();

if (cases.length === 0) {
  describe("the original's golden cases", () => {
    it.skip(`no ${join(ORIGINAL, "golden.json")} here: set DSQN_ORIGINAL to the folder that holds golden.json and networks/`, () =>
      undefined);
  });
} else {
  describe.each(ways)("$name engine", (way) => {
    it.each(cases.map((testCase) => [testCase.kind, testCase.id, testCase] as const))(
      "%s: %s",
      async (kind, _id, testCase) => {
        if (!Object.hasOwn(kinds, kind)) throw new Error(`golden.json has a case of the unknown kind "${kind}"`);
        await kinds[kind](testCase as never, way);
        ran[`${kind}, ${way.name}`] = (ran[`${kind}, ${way.name}`] ?? 0) + 1;
      },
    );
  });
  afterAll(() => {
    const lines = Object.entries(ran)
      .sort()
      .map(([name, count]) => `  ${String(count).padStart(4)}  ${name}`);
    process.stderr.write(`\nCases of ${join(ORIGINAL, "golden.json")} that agree, by kind:\n${lines.join("\n")}\n`);
  });
}

it("knows that the networks of the cases are there", () => {
  for (const { network } of cases)
    if (network) expect(existsSync(join(ORIGINAL, "networks", network, "model.npz"))).toBe(true);
});

type Loss = (outputs: ArrayLike<number>) => { value: number; gradient: Float64Array };

function checkGradients(
  { network, snn, inputs, outputs, loss_value, gradients }: GradientCase,
  way: Way,
  loss: Loss,
): void {
  const net = snn ? spikingFrom(network, snn) : denseFrom(network);
  const result = way.gradients(net, states(inputs), (values) => loss(values).gradient, snn?.surrogate);
  expect(relativeError(result.outputs, flat(outputs))).toBeLessThan(FORWARD);
  expect(relativeError([loss(result.outputs).value], [loss_value])).toBeLessThan(FORWARD);
  const actual = listed(isSpiking(net) ? "spiking" : "dense", result.layers);
  expect(actual.length).toBe(gradients.length);
  for (const [k, gradient] of gradients.entries())
    expect(relativeError(actual[k], flat(gradient))).toBeLessThan(snn ? GRADIENT : FORWARD);
}

/** Mean over the batch of the squared error of the taken action's value. */
function squaredError({ actions, targets, loss }: GradientCase): Loss {
  if (loss !== undefined && loss !== "mse over the Q-value of the taken action")
    throw new Error(`unknown loss "${loss}"`);
  return (outputs) => {
    const gradient = new Float64Array(outputs.length);
    const width = outputs.length / actions.length;
    let value = 0;
    for (const [b, action] of actions.entries()) {
      const error = outputs[b * width + action] - targets[b];
      value += (error * error) / actions.length;
      gradient[b * width + action] = (2 * error) / actions.length;
    }
    return { value, gradient };
  };
}

/** Mean over the batch of -log softmax(outputs)[label]. */
function negativeLogLikelihood({ labels }: GradientCase): Loss {
  return (outputs) => {
    const gradient = new Float64Array(outputs.length);
    const width = outputs.length / labels.length;
    let value = 0;
    for (const [b, label] of labels.entries()) {
      const row = Array.from({ length: width }, (_, a) => outputs[b * width + a]);
      const largest = Math.max(...row);
      const logSum = largest + Math.log(row.reduce((sum, x) => sum + Math.exp(x - largest), 0));
      value += (logSum - row[label]) / labels.length;
      for (let a = 0; a < width; a++)
        gradient[b * width + a] = (Math.exp(row[a] - logSum) - Number(a === label)) / labels.length;
    }
    return { value, gradient };
  };
}

/**
 * In units of the largest change of any parameter: adaptive optimisers divide by the size of a gradient, so that rounding in a tiny
 * one shows up at that scale.
 */
function checkUpdates(testCase: UpdateCase, way: Way): void {
  const { policy, target, snn, parameters_after_each_update: expected } = testCase;
  const load = (name: string) => (snn ? spikingFrom(name, snn) : denseFrom(name));
  const initial = load(policy);
  const before = listed(isSpiking(initial) ? "spiking" : "dense", initial.layers);
  const updates = way.name === "fast" ? fastUpdates : referenceUpdates;
  const actual = updates(testCase, initial, load(target), expected.length);
  for (const [u, tensors] of expected.entries()) {
    expect(actual[u].map(({ length }) => length)).toEqual(tensors.map((tensor) => flat(tensor).length));
    const values = tensors.map(flat);
    const largest = (difference: (value: number, k: number, i: number) => number): number =>
      Math.max(...values.flatMap((tensor, k) => tensor.map((value, i) => Math.abs(difference(value, k, i)))));
    const change = largest((value, k, i) => value - before[k][i]);
    expect(change).toBeGreaterThan(0);
    expect(largest((value, k, i) => value - actual[u][k][i])).toBeLessThan(0.01 * change + 1e-6);
  }
}

function states(inputs: number[][]): Float32Array {
  return Float32Array.from(inputs.flat());
}
