// tier: python
import { beforeAll, describe, expect, it } from "@jest/globals";
import { execa } from "execa";

const supported = process.platform === "linux" && process.arch === "x64";
/** tfjs-node is set up on 64-bit x86 Linux only (TFJS_UNSUPPORTED). */
const here = supported ? describe : describe.skip;

interface Report {
  dense: { worst: number; size: number };
  spiking: { outputs: number; gradient: number; size: number; spikes: number }[];
  resumed: { same: boolean; tensors: number };
}

here("the actor-critic inside TensorFlow (skipped but on 64-bit x86 Linux: tfjs-node)", () => {
  let report: Report;
  beforeAll(async () => {
    const program = "tests/learning/actor-critic/tensorflow-program.ts";
    const { stdout } = await execa("node", ["--import", "./scripts/register-ts.mjs", program]);
    report = JSON.parse(stdout.split("\n").at(-1)!) as Report;
  }, 180_000);

  it("goes down the gradient that differences of the reference's loss measure", () => {
    expect(report.dense.size).toBeGreaterThan(0.05);
    expect(report.dense.worst / report.dense.size).toBeLessThan(2e-3);
  });

  it("says what a spiking network says in the engine, and learns as step by step", () => {
    expect(report.spiking).toHaveLength(3);
    for (const { outputs, gradient, size, spikes } of report.spiking) {
      expect(outputs).toBeLessThan(1e-4);
      expect(size).toBeGreaterThan(0.05);
      expect(gradient / size).toBeLessThan(1e-3);
      expect(spikes).toBeGreaterThan(0.3);
    }
  });

  it("goes on from what it saved to the same bits, and leaves no tensor behind", () => {
    expect(report.resumed).toEqual({ same: true, tensors: 0 });
  });
});
