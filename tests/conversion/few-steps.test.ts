import { balancedConversion, convert, type ConversionOptions } from "../../src/conversion/convert.ts";
import { effectiveSteps } from "../../src/conversion/start.ts";
import { fastEngine } from "../../src/engines/fast/index.ts";
import { referenceActivations } from "../../src/engines/reference/index.ts";
import { agreement, dense, states, values } from "./close-race.ts";
import { runOn } from "../engines/run-on.ts";

describe("the balanced conversion", () => {
  it("needs far fewer steps than the thesis's", () => {
    const errors = (options: ConversionOptions): number => 1 - agreement(convert(dense, states, options).network);
    const balanced = errors({ ...balancedConversion, spiking: { steps: 64 } });
    expect(balanced).toBeLessThan(0.02);
    expect(balanced).toBeLessThan(errors({ spiking: { steps: 64 } }) / 3);
    expect(balanced).toBeLessThan(errors({ spiking: { steps: 256 } }));
  });

  it("puts out the dense network's values, up to what all actions share, times the steps that count", () => {
    const steps = 2000;
    const { network } = convert(dense, states, { ...balancedConversion, percentile: 1, spiking: { steps } });
    const { potentials } = fastEngine().load(network).run(states.subarray(0, 300));
    const n = effectiveSteps(3, steps);
    for (let k = 0; k < 100; k++)
      for (let a = 1; a < 3; a++)
        expect((potentials[3 * k + a] - potentials[3 * k]) / n).toBeCloseTo(values[3 * k + a] - values[3 * k], 1);
  });
});

describe("a conversion to lif", () => {
  it("counts as clip and floor do, with half a step in front: spikes of the first layer from T = 1 on", () => {
    const percentile = 0.9; // so that some activations are cut off
    for (const steps of [1, 2, 4, 7]) {
      const options = { ...balancedConversion, population: 1, percentile, spiking: { steps, neuron: "lif" } } as const;
      const { network, scales } = convert(dense, states, options);
      const { spikeCounts } = runOn(fastEngine(), network, states);
      const activations = referenceActivations(dense, states)[0];
      const [hidden, batch] = [scales[0].length, activations.length / scales[0].length];
      const expected = new Float64Array(hidden);
      // Bu et al. 2022: n = clip(floor(T a / scale + 1/2), 0, T)
      for (let k = 0; k < activations.length; k++)
        expected[k % hidden] += Math.min(steps, Math.floor((steps * activations[k]) / scales[0][k % hidden] + 0.5));
      // float32 at the edge of a step.
      expected.forEach((count, j) => expect(Math.abs(spikeCounts[0][j] - count)).toBeLessThanOrEqual(batch / 200));
    }
  });

  it("decides in four steps better than the thesis's neuron in eight, which hears no more of its input", () => {
    const of = (neuron: "lif" | "lagged-lif", steps: number): number =>
      agreement(convert(dense, states, { ...balancedConversion, population: 1, spiking: { steps, neuron } }).network);
    expect(of("lif", 4)).toBeGreaterThan(of("lagged-lif", 8));
    expect(of("lif", 1)).toBeGreaterThan(of("lagged-lif", 4));
  });
});
