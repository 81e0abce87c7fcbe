import { compareRuns } from "../../src/simulators/compare.ts";
import type { RunOptions, RunResult } from "../../src/network/engine.ts";
import { createSpikingNetwork } from "../../src/network/create.ts";
import type { SpikingNetwork } from "../../src/network/network.ts";
import { neuron } from "../../src/network/neurons/index.ts";
import { referenceEngine } from "../../src/engines/reference/index.ts";
import { Random } from "../../src/numeric/random.ts";

const network = createSpikingNetwork([3, 12, 8, 2], new Random(4), { steps: 40, weightScale: 2 });
const states = Float32Array.from({ length: 9 }, (_, i) => Math.sin(i) * 2);
const run = (of: SpikingNetwork, observations: Float32Array, options: RunOptions = {}): RunResult =>
  referenceEngine.load(of).run(observations, { recordSpikes: true, ...options });
const ours = run(network, states, { recordPotentials: true });
const theirs = (): RunResult => run(network, states);

describe("comparing two runs", () => {
  it("finds no difference between equal runs, and counts bins and spikes", () => {
    const comparison = compareRuns(network, 40, ours, theirs());
    expect(comparison).toMatchObject({
      states: 3,
      bins: 3 * 40 * 20,
      mismatchedBins: 0,
      maxPotentialError: 0,
      equalActions: 3,
      firstMismatch: null,
    });
    expect(comparison.spikes).toBe(ours.spikes!.reduce((sum, layer) => sum + layer.state.length, 0));
    expect(comparison.spikes).toBeGreaterThan(50);
  });

  it("takes actions for equal whose outputs no allowed error tells apart, and says how many they are", () => {
    const at = (first: number, second: number): RunResult => {
      const outputs = Float64Array.of(...Array<number[]>(3).fill([first, second]).flat());
      return { ...ours, outputs, potentials: outputs, actions: new Int32Array(3).fill(second > first ? 1 : 0) };
    };
    const [tied, rounded, other] = [at(0.5, 0.5), at(0.5, 0.5 + 1e-16 * 2), at(0.5, 0.5 + 1e-9)];
    expect(compareRuns(network, 40, tied, rounded, 1e-12)).toMatchObject({ equalActions: 3, tiedActions: 3 });
    expect(compareRuns(network, 40, tied, tied, 1e-12)).toMatchObject({ equalActions: 3, tiedActions: 0 });
    expect(compareRuns(network, 40, tied, other, 1e-12)).toMatchObject({ equalActions: 0, tiedActions: 0 });
    expect(compareRuns(network, 40, tied, rounded)).toMatchObject({ equalActions: 0, tiedActions: 0 });
    // As many spikes, of which the potential chooses.
    const counted = { ...network, coding: { ...network.coding, ties: "potential" as const } };
    const spiked = (run: RunResult): RunResult => ({ ...run, outputs: new Float64Array(6) });
    expect(compareRuns(counted, 40, spiked(tied), spiked(rounded), 1e-12)).toMatchObject({ tiedActions: 3 });
    expect(compareRuns(counted, 40, spiked(tied), spiked(other), 1e-12)).toMatchObject({ equalActions: 0 });
  });

  it("names the neuron and the bin where a missing spike would have been", () => {
    const result = theirs();
    const [first, second] = result.spikes!;
    const k = 5;
    const without = (a: Int32Array): Int32Array => a.filter((_, i) => i !== k);
    const spikes = [{ state: without(first.state), step: without(first.step), neuron: without(first.neuron) }, second];
    const { mismatchedBins, firstMismatch } = compareRuns(network, 40, ours, { ...result, spikes });
    expect(mismatchedBins).toBe(1);
    expect(firstMismatch).toMatchObject({
      layer: 0,
      state: first.state[k],
      step: first.step[k],
      neuron: first.neuron[k],
      spikes: { ours: true, theirs: false },
    });
    expect(firstMismatch!.potential!).toBeGreaterThan(firstMismatch!.threshold);
  });

  it("counts a spike in the wrong bin twice, and the earlier of the two bins first", () => {
    const result = theirs();
    const last = result.spikes![1].step.length - 1;
    const step = result.spikes![1].step.slice();
    step[last] += 1;
    const spikes = [result.spikes![0], { ...result.spikes![1], step }];
    const { mismatchedBins, firstMismatch } = compareRuns(
      network,
      41,
      { ...ours, membranes: undefined },
      { ...result, spikes },
    );
    expect(mismatchedBins).toBe(2);
    expect(firstMismatch).toMatchObject({
      layer: 1,
      step: step[last] - 1,
      spikes: { ours: true, theirs: false },
      potential: null,
    });
  });

  it("sees potentials that differ in the last bit, and NaN", () => {
    const off = theirs();
    off.potentials[1] += 2 ** -40;
    expect(compareRuns(network, 40, ours, off).maxPotentialError).toBeGreaterThan(0);
    off.potentials[0] = NaN;
    expect(compareRuns(network, 40, ours, off).maxPotentialError).toBe(Infinity);
  });

  it("counts near ties: potentials exactly at the threshold", () => {
    const one = createSpikingNetwork([1, 1, 1], new Random(0), { steps: 10 });
    one.layers[0].weights.set([0.5]);
    one.layers[1].weights.set([1]);
    const own = run(one, Float32Array.of(1), { recordPotentials: true });
    // v = 0, 0, 0.5, 1 (a tie), 1.5 (a spike), 1 again (a tie)...
    expect(compareRuns(one, 10, own, own).nearTies).toBeGreaterThanOrEqual(2);
  });

  it("knows the potential that lif compared: with the step's input, before its reset", () => {
    const lif = (reset: "subtraction" | "value"): SpikingNetwork => {
      const made = createSpikingNetwork([1, 1, 1], new Random(0), {
        steps: 4,
        neuron: neuron("lif", { fires: "at", reset, threshold: 1, resetBy: 0.75 }),
      });
      made.layers[0].weights.set([0.5]);
      return made;
    };
    // m = 0.5, 1 (a spike, at a tie), then by subtraction 0.75, 1.25 (a spike); to a value 0.5, 1.
    for (const [reset, tied, potential] of [
      ["subtraction", 1, 1],
      ["value", 0, null],
    ] as const) {
      const own = run(lif(reset), Float32Array.of(1), { recordPotentials: true });
      expect([...own.spikes![0].step]).toEqual([1, 3]);
      expect(compareRuns(lif(reset), 4, own, own).nearTies).toBe(tied); // what a reset to a value leaves can't be counted
      const nothing = { state: new Int32Array(), step: new Int32Array(), neuron: new Int32Array() };
      const silent = compareRuns(lif(reset), 4, own, { ...own, spikes: [nothing] });
      expect(silent.firstMismatch).toMatchObject({ step: 1, potential, threshold: 1 });
      const late = { ...own, spikes: [{ ...own.spikes![0], step: Int32Array.of(1, 2) }] };
      expect(compareRuns(lif(reset), 4, own, late).firstMismatch).toMatchObject({
        step: 2,
        spikes: { ours: false, theirs: true },
        potential: reset === "subtraction" ? 0.75 : 0.5,
      });
    }
  });
});
