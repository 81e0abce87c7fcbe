import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { createSpikingNetwork, spikingNetwork, type SpikingOptions } from "../../src/network/create.ts";
import type { RunResult } from "../../src/network/engine.ts";
import { inputsOf, outputsOf } from "../../src/network/layer.ts";
import { observationSize, spikingLayers, type SpikingNetwork, type TieRule } from "../../src/network/network.ts";
import { type LaggedLif, neuron, valueOf } from "../../src/network/neurons/index.ts";
import { createState } from "../../src/network/state.ts";
import { Random } from "../../src/numeric/random.ts";
import { referenceEngine, referenceEngine32 } from "../../src/engines/reference/index.ts";
import { samples, withNeurons } from "./random-networks.ts";

const engines = [referenceEngine, referenceEngine32];

/** What every input reaches, by `weights` [inputs, outputs]. */
const dense = (inputs: number, ...weights: number[]) => ({
  synapses: { kind: "dense", inputs, outputs: weights.length / inputs } as const,
  weights: Float32Array.from(weights),
});

/** One input, one neuron per layer, all weights `weight`. */
function chain(length: number, given: Partial<LaggedLif> = {}, weight = 1): SpikingNetwork {
  const layers = Array.from({ length }, () => dense(1, weight));
  return spikingNetwork(layers, { neuron: neuron("lagged-lif", given) });
}

const run = (network: SpikingNetwork, x: number[], steps = 12): RunResult =>
  referenceEngine.load(network).run(Float64Array.from(x), { steps, recordSpikes: true, recordPotentials: true });
const times = (result: RunResult, layer: number): number[] => Array.from(result.spikes![layer].step);

describe("the dynamics of lagged-lif, by hand", () => {
  it("take two steps per layer", () => {
    // 1.5 arrives in i[0], in v[1], is compared in step 2; and so on in the next layer
    const result = run(chain(3), [1.5]);
    expect(times(result, 0)[0]).toBe(2);
    expect(run(chain(3, {}, 2), [1.5]).spikes!.map(({ step }) => step[0])).toEqual([2, 4]);
    expect(run(chain(3, {}, 2), [1.5], 5).potentials[0]).toBe(0);
    expect(run(chain(3, {}, 2), [1.5], 6).potentials[0]).toBe(2);
  });

  it("spike strictly above the threshold", () => {
    expect(times(run(chain(2), [1]), 0)[0]).toBe(3); // v is exactly 1 after two steps
    expect(times(run(chain(2, { threshold: 0.5 }), [0.5]), 0)[0]).toBe(3);
  });

  it("subtract resetBy, 1 unless given, whatever the threshold", () => {
    const v = (options: Partial<LaggedLif>): number[] => Array.from(run(chain(2, options), [0.75], 5).membranes![0]);
    expect(v({ threshold: 0.5 })).toEqual([0, 0.75, 0.5, 1.25, 1]);
    expect(v({ threshold: 0.5, resetBy: 0.5 })).toEqual([0, 0.75, 1, 1.25, 1.5]);
  });

  it("lose what arrives in the step of a reset to zero", () => {
    expect(Array.from(run(chain(2, { reset: "zero" }), [0.75], 6).membranes![0])).toEqual([0, 0.75, 1.5, 0, 0.75, 1.5]);
  });

  it("leak by alpha and beta", () => {
    const { membranes } = run(chain(1, { alpha: 0.5, beta: 0.25 }), [1], 4);
    // i: 1, 1.5, 1.75; v: 0, 1, 0.25 + 1.5, 0.4375 + 1.75
    expect(Array.from(membranes![0])).toEqual([0, 1, 1.75, 2.1875]);
  });

  it("begin at the initial potential", () => {
    expect(times(run(chain(2, { initial: Float32Array.of(2) }), [0], 5), 0)).toEqual([0]);
  });

  it("add biases in every step, T - 1 of which reach the output", () => {
    const network = spikingNetwork([{ ...dense(1, 0), biases: Float32Array.of(0.5) }]);
    expect(run(network, [3], 10).outputs[0]).toBe(4.5);
  });

  it("append the constant 1 as last input", () => {
    const network = spikingNetwork([dense(2, 2, 10)], { biasInput: true });
    expect(observationSize(network)).toBe(1);
    expect(run(network, [0.5], 2).outputs[0]).toBe(11);
  });
});

describe("decodings", () => {
  const two = (weights: number[], options: SpikingOptions): SpikingNetwork =>
    spikingNetwork([dense(1, ...weights)], options);

  it("count spikes, and leave the potentials beside them", () => {
    const result = run(two([0.75, 0.25], { decoding: "spikes" }), [1], 10);
    expect(Array.from(result.outputs)).toEqual([5, 1]);
    expect(Array.from(result.potentials)).toEqual([0.75 * 9 - 5, 0.25 * 9 - 1]);
  });

  it("give 1 to whoever spikes first, and all 0 where none does", () => {
    expect(Array.from(run(two([1.5, 2], { decoding: "first-spike" }), [1]).outputs)).toEqual([1, 1]);
    expect(Array.from(run(two([0.3, 2], { decoding: "first-spike" }), [1]).outputs)).toEqual([0, 1]);
    expect(Array.from(run(two([0.3, 2], { decoding: "first-spike" }), [1], 2).outputs)).toEqual([0, 0]);
  });

  it("take the largest potential of any step", () => {
    const network = two([-1, 1], { decoding: "max-potential", neuron: neuron("lagged-lif", { beta: 0.5 }) });
    expect(Array.from(run(network, [1], 6).outputs)).toEqual([0, 1 + 0.5 + 0.25 + 0.125 + 0.0625]);
    const started = withNeurons(network, (own) => ({ ...own, initial: Float32Array.of(9, 9) }));
    expect(Array.from(run(started, [0], 3).outputs)).toEqual([4.5, 4.5]); // the initial potential itself is of no step
  });

  it("break ties by the rule", () => {
    const action = (ties: TieRule): number => run(two([1.5, 1.6], { decoding: "spikes", ties }), [1], 4).actions[0];
    expect(["first", "last", "potential"].map((rule) => action(rule as TieRule))).toEqual([0, 1, 1]);
    expect(run(two([1.6, 1.5], { decoding: "spikes", ties: "potential" }), [1], 4).actions[0]).toBe(0);
  });
});

describe("laws, on random networks", () => {
  it("permuting the batch permutes the result", () => {
    const arbitrary = samples({ size: 12, steps: 12, batch: 6 }).filter(
      ({ network }) => network.coding.encoding !== "poisson",
    ); // whose streams belong to places in the batch
    fc.assert(
      fc.property(arbitrary, fc.nat(), ({ network, batch, observations }, rotation) => {
        const size = observationSize(network);
        const order = Array.from({ length: batch }, (_, b) => (b * 5 + rotation) % batch).filter(
          (b, k, all) => all.indexOf(b) === k,
        );
        const permuted = Float32Array.from(
          order.flatMap((b) => Array.from(observations.subarray(b * size, (b + 1) * size))),
        );
        const [whole, other] = [observations, permuted].map((x) => referenceEngine32.load(network).run(x));
        const actions = outputsOf(network.layers.at(-1)!);
        order.forEach((b, k) => {
          expect(other.outputs.subarray(k * actions, (k + 1) * actions)).toEqual(
            whole.outputs.subarray(b * actions, (b + 1) * actions),
          );
          expect(other.actions[k]).toBe(whole.actions[b]);
        });
      }),
    );
  });

  it.each(engines)("T steps then T more equal 2 T ($precision)", (engine) => {
    fc.assert(
      fc.property(
        samples({ size: 12, steps: 10 }),
        fc.integer({ min: 1, max: 9 }),
        ({ network, batch, observations }, more) => {
          const options = { recordSpikes: true, recordPotentials: true };
          const { steps } = network.coding;
          const whole = engine.load(network).run(observations, {
            ...options,
            steps: steps + more,
            seed: 7,
            keepState: true,
          });
          const first = engine.load(network).run(observations, {
            ...options,
            steps,
            seed: 7,
            state: createState(network, batch, 7),
          });
          const before = structuredClone(first.state!);
          const second = engine.load(network).run(observations, { ...options, steps: more, state: first.state });
          expect(first.state).toEqual(before); // not modified
          expect(second.state).toEqual(whole.state);
          expect(second.potentials).toEqual(whole.potentials);
          for (let l = 0; l < spikingLayers(network); l++) {
            const events = (result: RunResult, shift: number): string[] =>
              Array.from(
                result.spikes![l].step,
                (t, k) => `${result.spikes![l].state[k]} ${t + shift} ${result.spikes![l].neuron[k]}`,
              );
            expect([...events(first, 0), ...events(second, steps)].sort()).toEqual(events(whole, 0).sort());
          }
          if (network.coding.decoding === "spikes")
            expect(first.outputs.map((count, k) => count + second.outputs[k])).toEqual(whole.outputs);
        },
      ),
    );
  });

  it("conserves charge: without leak, input = potential + resetBy * spikes", () => {
    fc.assert(
      fc.property(
        samples({ size: 12, steps: 15, only: { encoding: "constant", signedInputs: false }, lif: "plain" }),
        ({ network: drawn, batch, observations }) => {
          const network = withNeurons(drawn, (own) =>
            own.kind === "lif"
              ? { ...own, beta: 1, reset: "subtraction" }
              : { ...own, alpha: 0, beta: 1, reset: "subtraction" },
          );
          const { steps } = network.coding;
          const result = referenceEngine.load(network).run(observations, { recordSpikes: true, keepState: true });
          const size = observationSize(network);
          for (const [l, layer] of network.layers.entries()) {
            const { weights, biases, activation } = layer;
            const [inputs, outputs] = [inputsOf(layer), outputsOf(layer)];
            // With lag what came in by step T - 2 is in the potential; the current of step T - 1 is still on its way.
            const arriving = activation.kind === "lagged-lif" ? steps - 1 : steps;
            const arrived = new Float64Array(batch * inputs);
            if (l === 0)
              for (let b = 0; b < batch; b++)
                for (let i = 0; i < inputs; i++)
                  arrived[b * inputs + i] = (i < size ? observations[b * size + i] : 1) * arriving;
            else
              result.spikes![l - 1].step.forEach(
                (t, k) =>
                  (arrived[result.spikes![l - 1].state[k] * inputs + result.spikes![l - 1].neuron[k]] += Number(
                    t < arriving,
                  )),
              );
            const spent = new Float64Array(batch * outputs);
            if (l < spikingLayers(network))
              result.spikes![l].state.forEach((b, k) => {
                const j = result.spikes![l].neuron[k];
                spent[b * outputs + j] += valueOf(activation.resetBy, j);
              });
            for (let b = 0; b < batch; b++)
              for (let j = 0; j < outputs; j++) {
                let charge = (activation.initial?.[j] ?? 0) + (biases?.[j] ?? 0) * arriving;
                for (let i = 0; i < inputs; i++) charge += arrived[b * inputs + i] * weights[i * outputs + j];
                expect(result.state!.layers[l].potential[b * outputs + j] + spent[b * outputs + j]).toBeCloseTo(
                  charge,
                  6,
                );
              }
          }
        },
      ),
    );
  });

  it("counts work as spikes times connections of nonzero weight", () => {
    fc.assert(
      fc.property(
        samples({ size: 8, steps: 10, only: { encoding: "constant" } }),
        ({ network, batch, observations }) => {
          const { work: counted, spikes } = referenceEngine.load(network).run(observations, { recordSpikes: true });
          const work = counted!;
          let accumulates = 0;
          spikes!.forEach(({ neuron }, l) => {
            const next = network.layers[l + 1];
            if (next)
              neuron.forEach(
                (j) =>
                  (accumulates += next.weights
                    .subarray(j * outputsOf(next), (j + 1) * outputsOf(next))
                    .filter((w) => w !== 0).length),
              );
          });
          expect(work.spikes * batch).toBeCloseTo(
            spikes!.reduce((sum, { step }) => sum + step.length, 0),
            9,
          );
          expect(work.accumulates * batch).toBeCloseTo(accumulates, 9);
          const size = observationSize(network);
          let products = 0;
          for (let b = 0; b < batch; b++)
            for (let i = 0; i < inputsOf(network.layers[0]); i++) {
              const [{ weights }, outputs] = [network.layers[0], outputsOf(network.layers[0])];
              if (i >= size || observations[b * size + i] !== 0)
                products += weights.subarray(i * outputs, (i + 1) * outputs).filter((w) => w !== 0).length;
            }
          expect(work.multiplyAccumulates * batch).toBeCloseTo(products, 9);
          expect(work.synOps).toBe(work.accumulates + work.multiplyAccumulates);
        },
      ),
    );
  });

  it("signed inputs give what unsigned ones give with constant input, up to the order of a sum", () => {
    fc.assert(
      fc.property(
        samples({ size: 8, steps: 8, only: { encoding: "constant", signedInputs: true } }),
        ({ network, observations }) => {
          const coding = { ...network.coding, decoding: "potential" as const };
          const [signed, plain] = [true, false].map((signedInputs) => {
            const first = { ...network, layers: network.layers.slice(0, 1), coding: { ...coding, signedInputs } };
            return referenceEngine.load(first).run(observations).outputs;
          });
          signed.forEach((value, k) => expect(value).toBeCloseTo(plain[k], 9));
        },
      ),
    );
  });
});

it("an output layer that starts at an eighth has an eighth of the potentials, and the same spikes before it", () => {
  const [whole, eighth] = [1, 0.125].map((outputScale) => {
    const network = createSpikingNetwork([3, 9, 7, 2], new Random(5), { steps: 20, weightScale: 2, outputScale });
    return referenceEngine.load(network).run(Float32Array.of(0.5, 1, 0.25));
  });
  expect(Array.from(eighth.outputs)).toEqual(Array.from(whole.outputs, (x) => x / 8));
  expect(eighth.spikeCounts).toEqual(whole.spikeCounts);
  expect(whole.outputs.every((x) => x !== 0)).toBe(true);
});
