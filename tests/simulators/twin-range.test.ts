import fc from "fast-check";
import { DsqnError } from "../../src/errors.ts";
import { createSpikingNetwork } from "../../src/network/create.ts";
import { biasPerOutput } from "../../src/network/layer.ts";
import type { SpikingNetwork } from "../../src/network/network.ts";
import { neuron } from "../../src/network/neurons/index.ts";
import { Random } from "../../src/numeric/random.ts";
import { cellParameters, layersOnMachine, populationsOf, startOf } from "../../src/simulators/twins/cells.ts";
import { fixedPointTwin } from "../../src/simulators/twins/fixed-point.ts";
import { ringBuffers } from "../../src/simulators/twins/ring-buffers.ts";
import { scheduleOf } from "../../src/simulators/twins/schedule.ts";

/** What the machine does, over again in whole numbers of any size, as slow as it is plain: spikes of the first layer, and potentials. */
function byHand(network: SpikingNetwork, x: Float32Array, steps: number): { spikes: number[][]; read: number[] } {
  const own = populationsOf(network);
  const { late, lag, delay, machineSteps } = scheduleOf(network);
  const weighted = layersOnMachine(network, own);
  const wrap = (n: bigint): bigint => BigInt.asIntN(32, n);
  const cut = (a: bigint, b: bigint): bigint => wrap((a * b) >> 15n);
  const layers = network.layers.map((layer, l) => {
    const cell = cellParameters(own[l]);
    const { shifts, words } = ringBuffers(weighted[l], "sums");
    const n = own[l].tauM.length;
    const current = Array.from({ length: n }, (_, j) => {
      let sum = 0;
      if (l === 0) for (let i = 0; i < x.length; i++) if (x[i] !== 0) sum += x[i] * layer.weights[i * n + j];
      sum += biasPerOutput(layer)?.[j] ?? 0;
      return BigInt(Math.round((sum * own[l].scale[j] + own[l].offset[j]) * 32768));
    });
    return {
      cell,
      shifts,
      words,
      n,
      current,
      v: [...startOf(layer, own[l], cell, { late: late[l], lag })].map(BigInt),
    };
  });
  const spikes: number[][] = [];
  let read: number[] = [];
  const sent: number[][][] = [];
  const total = machineSteps(steps);
  for (let t = 0; t < total; t++) {
    const before = sent[t - delay] ?? layers.map(() => []);
    if (t === total - 1) read = layers.at(-1)!.v.map((v, j) => Number(v) / 32768 / own.at(-1)!.scale[j]);
    const fired = layers.map(({ cell, shifts, words, n, current, v }, l) => {
      const out: number[] = [];
      for (let j = 0; j < n; j++) {
        let [plus, minus] = [0n, 0n];
        for (const i of l > 0 ? before[l - 1] : []) {
          const word = BigInt(words[i * n + j]);
          if (word > 0n) plus = plus + word > 65535n ? 65535n : plus + word;
          else minus = minus - word > 65535n ? 65535n : minus - word;
        }
        const input = wrap(wrap(plus << BigInt(shifts[0])) - wrap(minus << BigInt(shifts[1])) + current[j]);
        const alpha = wrap(cut(input, BigInt(cell.resistance[j])) + BigInt(cell.rest[j]));
        v[j] = wrap(alpha - cut(BigInt(cell.decay[j]), wrap(alpha - v[j])));
        if (v[j] < BigInt(cell.threshold[j])) continue;
        v[j] = cell.subtracts ? wrap(v[j] - BigInt(cell.threshold[j])) : BigInt(cell.resetTo[j]);
        out.push(j);
      }
      return out;
    });
    sent.push(fired);
  }
  for (let t = 0; t < steps; t++) spikes.push(sent[t + late[0] - lag]?.[0] ?? []);
  return { spikes, read };
}

const anyBeta = fc.oneof(
  fc.constantFrom(0, 1, 1e-6, 0.1, 0.367, 0.3679, 0.99998, 0.99999, 1 - 2 ** -24),
  fc.double({ min: 0, max: 1, noNaN: true }),
);
const drawn = fc.record({
  seed: fc.nat(1e6),
  kind: fc.constantFrom("lif" as const, "lagged-lif" as const),
  beta: anyBeta,
  scale: fc.double({ min: -6, max: 6, noNaN: true }),
  threshold: fc.oneof(fc.constantFrom(1, 0.5), fc.double({ min: 1e-3, max: 1e5, noNaN: true })),
  soft: fc.boolean(),
  hidden: fc.integer({ min: 1, max: 12 }),
});

describe("the twin over the whole range of what it is given", () => {
  it("runs as the machine would, bit for bit, or says by a code why it can't", async () => {
    const outcomes = { runs: 0, refused: 0 };
    await fc.assert(
      fc.asyncProperty(drawn, async ({ seed, kind, beta, scale, threshold, soft, hidden }) => {
        const random = new Random(seed);
        const own =
          kind === "lif"
            ? neuron("lif", { beta, threshold, reset: soft ? "subtraction" : "value" })
            : neuron("lagged-lif", { beta, threshold, reset: soft ? "subtraction" : "zero" });
        const plain = createSpikingNetwork([3, hidden, 2], random, { steps: 12, neuron: own });
        const layers = plain.layers.map((layer) => ({ ...layer, weights: layer.weights.map((w) => w * 10 ** scale) }));
        const network = { ...plain, layers };
        const x = Float32Array.from({ length: 3 }, () => random.normal());
        try {
          const { spikes, potentials } = await (await fixedPointTwin().load(network)).run(x, { recordSpikes: true });
          const expected = byHand(network, x, 12);
          const found = expected.spikes.map((_, t) =>
            [...spikes![0].neuron].filter((__, k) => spikes![0].step[k] === t),
          );
          expect(found).toEqual(expected.spikes);
          expect([...potentials]).toEqual(expected.read);
          outcomes.runs++;
        } catch (error) {
          if (!(error instanceof DsqnError)) throw error;
          expect(["MAPPING_IMPOSSIBLE", "INPUT_TOO_LARGE"]).toContain(error.code);
          outcomes.refused++;
        }
      }),
      { numRuns: 400, seed: 1 },
    );
    expect(outcomes.runs).toBeGreaterThan(200);
    expect(outcomes.refused).toBeGreaterThan(10);
  });
});
