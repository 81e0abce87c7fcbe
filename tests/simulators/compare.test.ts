import { compareRuns } from "../../src/simulators/compare.ts";
import type { SimulationResult } from "../../src/simulators/simulator.ts";
import { createSpikingNetwork } from "../../src/network/old/spiking-network.ts";
import { referenceEngine } from "../../src/engines/reference/index.ts";
import { Random } from "../../src/numeric/random.ts";

const network = createSpikingNetwork([3, 12, 8, 2], new Random(4), { steps: 40, weightScale: 2 });
const states = Float32Array.from({ length: 9 }, (_, i) => Math.sin(i) * 2);
const ours = referenceEngine.run(network, states, { recordSpikes: true, recordPotentials: true });
const theirs = (): SimulationResult => ({
  ...referenceEngine.run(network, states, { recordSpikes: true }),
  spikes: referenceEngine.run(network, states, { recordSpikes: true }).spikes!,
  seconds: { build: 0, run: 0, read: 0 },
});

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

  it("names the neuron and the bin where a missing spike would have been", () => {
    const result = theirs();
    const [first, second] = result.spikes;
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
    const last = result.spikes[1].step.length - 1;
    const step = result.spikes[1].step.slice();
    step[last] += 1;
    const spikes = [result.spikes[0], { ...result.spikes[1], step }];
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
    const run = referenceEngine.run(one, Float32Array.of(1), { recordSpikes: true, recordPotentials: true });
    // v = 0, 0, 0.5, 1 (a tie), 1.5 (a spike), 1 again (a tie)...
    expect(
      compareRuns(one, 10, run, { ...run, spikes: run.spikes!, seconds: { build: 0, run: 0, read: 0 } }).nearTies,
    ).toBeGreaterThanOrEqual(2);
  });
});
