import { describe, expect, it, jest } from "@jest/globals";
import fc from "fast-check";
import { createTrainable } from "../../src/engines/create.ts";
import { openTrainable } from "../../src/engines/open-trainable.ts";
import { fastEngine } from "../../src/engines/fast/index.ts";
import { convolution } from "../../src/network/convolution.ts";
import { spikingNetwork } from "../../src/network/create.ts";
import type { RunResult } from "../../src/network/engine.ts";
import { actionsOf, observationSize } from "../../src/network/network.ts";
import { neuron } from "../../src/network/neurons/index.ts";
import { Random } from "../../src/numeric/random.ts";
import { referenceEngine, referenceEngine32, referenceGradients } from "../../src/engines/reference/index.ts";
import { surrogateNames } from "../../src/network/surrogate.ts";
import { populationOf } from "../../src/network/populations.ts";
import { createState } from "../../src/network/state.ts";
import { runOn } from "./run-on.ts";
import { described, populated, type Sample, samples } from "./random-networks.ts";

jest.setTimeout(300_000);

/** Runs by default; DSQN_FUZZ multiplies them. */
const RUNS = Number(process.env.DSQN_FUZZ ?? 1);

const pairs = [
  { precision: "float32", reference: referenceEngine32, fast: fastEngine("float32") },
  { precision: "float64", reference: referenceEngine, fast: fastEngine("float64") },
] as const;

/** Where two values first differ, or undefined: typed arrays element by element, -0 as 0, absent as undefined. */
function difference(a: unknown, b: unknown, path = "result"): string | undefined {
  if (ArrayBuffer.isView(a) && ArrayBuffer.isView(b)) {
    const [x, y] = [a, b] as unknown as readonly ArrayLike<number>[];
    if (x.length !== y.length) return `${path}: ${x.length} values and ${y.length}`;
    for (let k = 0; k < x.length; k++)
      if (x[k] !== y[k] && !(Number.isNaN(x[k]) && Number.isNaN(y[k]))) return `${path}[${k}]: ${x[k]} and ${y[k]}`;
    return undefined;
  }
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null)
    return a === b ? undefined : `${path}: ${String(a)} and ${String(b)}`;
  const [left, right] = [a, b] as Record<string, unknown>[];
  for (const name of new Set([...Object.keys(left), ...Object.keys(right)])) {
    const found = difference(left[name], right[name], `${path}.${name}`);
    if (found) return found;
  }
  return undefined;
}

/** Everything that a run returns, exactly. */
function expectSame(fast: RunResult, reference: RunResult, sample: Sample): void {
  const found = difference(fast, reference);
  if (found) throw new Error(`${described(sample)}\n${found}`);
}

describe.each(pairs)("the fast engine equals the reference in $precision, bit for bit", ({ reference, fast }) => {
  it.each([
    ["small networks, every option", samples({ size: 24, steps: 24, batch: 5, lif: "several" }), 400],
    ["sizes up to 512", samples({ size: 512, steps: 6, batch: 2, lif: "several" }), 15],
  ] as const)("%s", (_name, arbitrary, numRuns) => {
    fc.assert(
      fc.property(arbitrary, fc.nat(1000), (sample, seed) => {
        const { network, observations } = sample;
        const options = { seed, recordSpikes: true, recordPotentials: true, keepState: true };
        expectSame(
          runOn(fast, network, observations, options),
          runOn(reference, network, observations, options),
          sample,
        );
      }),
      { numRuns: numRuns * RUNS },
    );
  });

  it.each([
    ["small layers", samples({ size: 24, steps: 24, batch: 3, lif: "several" }), 150],
    ["layers of up to 512", samples({ size: 512, steps: 6, batch: 2 }), 12],
  ] as const)("with populations, whose neurons have equal synapses: %s", (_name, arbitrary, numRuns) => {
    let shared = 0;
    fc.assert(
      fc.property(arbitrary, fc.nat(), (sample, seed) => {
        const network = populated(sample.network, seed);
        shared += network.layers.filter((layer) => populationOf(layer) > 1).length;
        // Currents that aren't recorded lie in memory that layers share.
        const options = { recordSpikes: true, recordPotentials: seed % 2 === 0, keepState: true };
        const { observations } = sample;
        expectSame(
          runOn(fast, network, observations, options),
          runOn(reference, network, observations, options),
          sample,
        );
      }),
      { numRuns: numRuns * RUNS },
    );
    expect(shared).toBeGreaterThan(numRuns / 12);
  });

  it("when a weight of a population changes between two runs", () => {
    fc.assert(
      fc.property(samples({ size: 16, steps: 12 }), fc.nat(), (sample, seed) => {
        const network = populated(sample.network, seed);
        for (let run = 0; run < 2; run++) {
          expectSame(runOn(fast, network, sample.observations), runOn(reference, network, sample.observations), sample);
          for (const { weights } of network.layers) weights[seed % weights.length] += 0.25;
        }
      }),
      { numRuns: 100 * RUNS },
    );
  });

  it("going on from a state", () => {
    fc.assert(
      fc.property(samples({ size: 16, steps: 8, lif: "several" }), (sample) => {
        const { network, batch, observations } = sample;
        const state = runOn(reference, network, observations, {
          state: createState(network, batch, 3),
          steps: 3,
        }).state;
        const later = observations.map((x) => 0.5 - x);
        const options = { state, recordSpikes: true, recordPotentials: true };
        expectSame(runOn(fast, network, later, options), runOn(reference, network, later, options), sample);
      }),
      { numRuns: 200 * RUNS },
    );
  });

  it("without recording, and again on the same engine after other networks", () => {
    fc.assert(
      fc.property(samples({ size: 16, steps: 12 }), (sample) =>
        expectSame(
          runOn(fast, sample.network, sample.observations),
          runOn(reference, sample.network, sample.observations),
          sample,
        ),
      ),
      { numRuns: 200 * RUNS },
    );
  });
});

describe("trainable networks", () => {
  const trainable = samples({ size: 20, steps: 12, batch: 20, only: { encoding: "constant" } });

  /** Both in float32, with sums in different orders: equal up to what rounding does to sums of that size. */
  it("have the reference's outputs exactly, and its gradients", () => {
    fc.assert(
      fc.property(
        trainable,
        fc.constantFrom(...surrogateNames),
        fc.constantFrom(2, 100),
        fc.boolean(),
        (sample, name, scale, detachReset) => {
          const { network, batch, observations } = sample;
          const options = { surrogate: { name, scale }, detachReset };
          const learner = createTrainable(network, { maxBatch: batch + 3, ...options });
          try {
            const outputs = Array.from(learner.forward(observations, batch));
            const given = Float32Array.from(outputs, (_, k) => Math.sin(k + 1));
            learner.backward(given);
            const reference = referenceGradients(network, observations, () => given, {
              ...options,
              precision: "float64",
            });
            const exact = runOn(referenceEngine32, network, observations).outputs;
            expect(outputs).toEqual(Array.from(exact, Math.fround));
            // Where a spike of the float64 run falls elsewhere, or the largest potential, gradients have no reason to agree.
            if (!sameSteps(sample)) return;
            const expected = reference.layers.flatMap(({ weights, biases, recurrent }, l) => [
              ...weights,
              ...(network.layers[l].biases ? biases : []),
              ...recurrent,
            ]);
            const largest = Math.max(1, ...expected.map(Math.abs));
            for (const [k, value] of expected.entries())
              if (!(Math.abs(learner.gradients[k] - value) <= 1e-3 * largest))
                throw new Error(
                  `${described(sample)} ${JSON.stringify(options)}: gradient ${k} is ${learner.gradients[k]}, not ${value}`,
                );
          } finally {
            learner.close();
          }
        },
      ),
      { numRuns: 200 * RUNS },
    );
  });

  it("have the same bits with one thread, two and three", () => {
    fc.assert(
      fc.property(trainable, ({ network, batch, observations }) => {
        const results = [1, 2, 3].map((threads) => {
          const learner = createTrainable(network, { maxBatch: batch, threads });
          try {
            const outputs = Array.from(learner.forward(observations, batch));
            learner.backward(Float32Array.from(outputs, (_, k) => Math.cos(k)));
            return { outputs, gradients: Array.from(learner.gradients) };
          } finally {
            learner.close();
          }
        });
        expect(results[1]).toEqual(results[0]);
        expect(results[2]).toEqual(results[0]);
      }),
      { numRuns: 40 * RUNS },
    );
  });

  it("with convolutions whose neurons TensorFlow's loops don't know learn by the reference gradients", async () => {
    const image = convolution([4, 4, 1], { filters: 2, kernel: [3, 3] });
    const pooling = { kind: "sum", window: convolution(image.output, { filters: 2, kernel: [2, 2] }) } as const;
    const random = new Random(8);
    const values = (n: number): Float32Array => Float32Array.from({ length: n }, () => random.normal());
    const late = neuron("lif", { beta: 0.75, reset: "delayed-subtraction", current: "decay-first", alpha: 0.5 });
    const dense = { kind: "dense", inputs: 2, outputs: 2 } as const;
    const network = spikingNetwork(
      [
        { synapses: { kind: "convolution", ...image }, weights: values(18) },
        { pooling, synapses: dense, weights: values(4) },
      ],
      { neuron: late, steps: 6 },
      [4, 4, 1],
    );
    const [x, given] = [values(48), values(6)];
    const learner = await openTrainable(network, { maxBatch: 3 });
    expect([...learner.forward(x, 3)]).toEqual([...runOn(referenceEngine32, network, x).outputs]);
    learner.backward(given);
    const { layers } = referenceGradients(network, x, () => given, { precision: "float32" });
    expect([...learner.gradients]).toEqual(layers.flatMap(({ weights }) => [...weights]));
    expect(layers[0].weights.some((g) => g !== 0)).toBe(true);
    learner.close();
    const several = network.layers.map((layer) => ({
      ...layer,
      activation: { ...neuron("lif"), maxSpikes: 2 },
    }));
    const refused = openTrainable({ ...network, layers: several }, { maxBatch: 3 });
    await expect(refused).rejects.toMatchObject({ code: "LAYER_UNTRAINABLE", facts: { layer: 0 } });
  });

  /** Whether every spike, and the step that each output is read at, are the same in float32 and in float64. */
  function sameSteps({ network, batch, observations }: Sample): boolean {
    const [single, double] = [referenceEngine32, referenceEngine].map((engine) => {
      const run = runOn(engine, network, observations, { recordSpikes: true, recordPotentials: true });
      const spikes = run.spikes!.flatMap(({ state, step, neuron }) => [state, step, neuron].map((of) => of.join()));
      return [...spikes, network.coding.decoding === "max-potential" ? largestAt(run.membranes!.at(-1)!).join() : ""];
    });
    return single.every((events, k) => events === double[k]);

    /** Per state and output the first step with the largest potential of [batch, steps, outputs]. */
    function largestAt(potentials: Float64Array): number[] {
      const outputs = actionsOf(network);
      return Array.from({ length: batch * outputs }, (_, k) => {
        const [b, a] = [Math.floor(k / outputs), k % outputs];
        const over = Array.from(
          { length: network.coding.steps },
          (_, t) => potentials[(b * network.coding.steps + t) * outputs + a],
        );
        return over.indexOf(Math.max(...over));
      });
    }
  }
});

it("observations beyond the batch are never read: a state alone gives what it gives in a batch", () => {
  fc.assert(
    fc.property(
      samples({ size: 16, steps: 10, batch: 6 }).filter(({ network }) => network.coding.encoding !== "poisson"),
      ({ network, batch, observations }) => {
        const size = observationSize(network);
        const whole = runOn(fastEngine(), network, observations);
        const actions = actionsOf(network);
        for (let b = 0; b < batch; b++)
          expect(runOn(fastEngine(), network, observations.slice(b * size, (b + 1) * size)).outputs).toEqual(
            whole.outputs.slice(b * actions, (b + 1) * actions),
          );
      },
    ),
    { numRuns: 100 },
  );
});
