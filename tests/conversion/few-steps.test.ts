import { balancedConversion, convert, type ConversionOptions } from "../../src/conversion/convert.ts";
import { effectiveSteps } from "../../src/conversion/start.ts";
import { fastEngine } from "../../src/engines/fast/index.ts";
import { agreement, dense, states, values } from "./close-race.ts";

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
