import { describe, expect, it } from "@jest/globals";
import { fastEngine } from "../../src/engines/fast/index.ts";
import { evaluateData, wilson } from "../../src/learning/evaluate-data.ts";
import { createSpikingNetwork } from "../../src/network/create.ts";
import { Random } from "../../src/numeric/random.ts";

const random = Random.stream(3, "data");
const draw = (n: number): Float32Array => Float32Array.from({ length: n }, () => random.normal());

describe("evaluating on labelled data", () => {
  const network = createSpikingNetwork([4, 6, 3], random, { steps: 10 });

  it("counts what is right, label by label, and what it costs", async () => {
    const inputs = draw(100 * 4);
    const data = { inputs, changing: false, steps: null, states: 100, labels: null };
    const { chosen } = await evaluateData(network, data);
    // Labels that are right in all states but the first ten.
    const labels = Int32Array.from(chosen, (action, k) => (k < 10 ? (action + 1) % 3 : action));
    const result = await evaluateData(network, { ...data, labels });
    expect(result.accuracy).toBe(0.9);
    expect(result.confusion!.flat().reduce((a, b) => a + b)).toBe(100);
    expect(result.confusion!.reduce((sum, row, k) => sum + row[k], 0)).toBe(90);
    expect(result.accuracyCi95![0]).toBeCloseTo(0.8256, 3);
    expect(result.cost!.membraneUpdates).toBe(90);
    expect(result.synOpsPerDecision).toBeGreaterThan(0);
  });

  it("of input that changes is that of its steps", async () => {
    const inputs = draw(7 * 70 * 4);
    const result = await evaluateData(network, { inputs, changing: true, steps: 7, states: 70, labels: null });
    const whole = fastEngine().load(network).run(inputs, { steps: 7, changing: true });
    expect(result.chosen).toEqual([...whole.actions]);
    expect(result.steps).toBe(7);
  });

  it("refuses labels that no output has", async () => {
    const data = { inputs: draw(4), changing: false, steps: null, states: 1, labels: Int32Array.of(3) };
    await expect(evaluateData(network, data)).rejects.toMatchObject({ code: "SEQUENCE_MISMATCH" });
  });

  it("has an interval that holds at the ends", () => {
    expect(wilson(10, 10)[1]).toBeCloseTo(1, 12);
    expect(wilson(10, 10)[0]).toBeCloseTo(0.7225, 3);
    expect(wilson(0, 10)[0]).toBe(0);
  });
});
