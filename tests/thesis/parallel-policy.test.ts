import { execFileSync } from "node:child_process";

describe("parallelPolicy", () => {
  // A process of its own: Jest's loader doesn't reach into worker threads.
  it("decides as one thread does, whatever the batch", () => {
    const output = execFileSync(
      process.execPath,
      ["--import", "./scripts/register-ts.mjs", "tests/fixtures/thesis/parallel-policy.ts"],
      { encoding: "utf8" },
    );
    expect(JSON.parse(output)).toEqual([true, true, true, true]);
  });
});
