import { describe, expect, it } from "@jest/globals";
import { meanInterval, ratioInterval, standardDeviation, studentQuantile } from "../../src/numeric/statistics.ts";
import { Random } from "../../src/numeric/random.ts";

describe("statistics", () => {
  // Published tables of Student's t, two-sided 95 %.
  it.each([
    [1, 12.706],
    [2, 4.303],
    [3, 3.182],
    [4, 2.776],
    [5, 2.571],
    [10, 2.228],
    [30, 2.042],
    [99, 1.984],
    [199, 1.972],
  ])("t quantile with %i degrees of freedom is %d", (freedom, quantile) =>
    expect(Math.abs(studentQuantile(freedom) - quantile)).toBeLessThan(freedom < 10 ? 0.006 : 0.0006),
  );

  it("sample standard deviation divides by n - 1", () =>
    expect(standardDeviation([2, 4, 4, 4, 5, 5, 7, 9])).toBeCloseTo(Math.sqrt(32 / 7), 12));

  it("the interval covers the true mean in about 95 % of samples", () => {
    const random = new Random(11);
    let covered = 0;
    for (let i = 0; i < 2000; i++) {
      const [low, high] = meanInterval(Array.from({ length: 12 }, () => 5 + random.normal()));
      if (low <= 5 && 5 <= high) covered++;
    }
    // Binomial(2000, 0.95): 4 standard deviations are 39.
    expect(Math.abs(covered - 1900)).toBeLessThan(39);
  });

  it("a ratio's interval is as wide as its clusters are unlike, however many members they have", () => {
    expect(ratioInterval([90, 90, 90], [100, 100, 100], 1)).toEqual({ ratio: 0.9, ci95: [0.9, 0.9] });
    const { ratio, ci95 } = ratioInterval([100, 100, 70], [100, 100, 100], 1);
    expect(ratio).toBeCloseTo(0.9, 12);
    // Means 1, 1, 0.7: t(2) * 0.1732 / sqrt(3) either side, cut at 1.
    expect(ci95[0]).toBeCloseTo(0.9 - (4.302652729911275 * Math.sqrt(0.03)) / Math.sqrt(3), 6);
    expect(ci95[1]).toBe(1);
    expect(ratioInterval([100, 100, 70], [100, 100, 100]).ci95[1]).toBeCloseTo(1.8 - ci95[0], 12);
  });
});
