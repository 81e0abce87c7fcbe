import { execFileSync } from "node:child_process";

/** In a process of its own: what Jest starts has none of its loaders. */
const answer = (...numbers: number[]): unknown =>
  JSON.parse(
    execFileSync(
      process.execPath,
      ["--import", "./scripts/register-ts.mjs", "tests/fixtures/thesis/processes.ts", ...numbers.map(String)],
      { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] },
    ),
  );

describe("answerInProcesses", () => {
  it("answers in the order of the requests, side by side, and leaves no process", () =>
    expect(answer(2, 4, 6, 8, 10, 12)).toEqual({
      halves: [1, 2, 3, 4, 5, 6],
      processes: 2,
      notes: [2, 4, 6, 8, 10, 12].map((x, i) => `${i} halving ${x}`),
    }));

  it("tells of what failed in a process, and of a process that ended", () => {
    const failed = (message: string): object => ({
      code: "TRAINING_FAILED",
      message: expect.stringContaining(message),
      hint: expect.stringContaining("goes on"),
    });
    expect(answer(2, 13, 4)).toEqual({ ...failed("13 has no half"), cause: expect.stringContaining("halves.ts") });
    expect(answer(2, 666, 4)).toEqual(failed("exit code 7"));
  });

  it("hands on an error whole: its code, what to do, and what is behind it", () => {
    expect(answer(2, 7, 4)).toEqual({
      code: "ODD",
      message: "7 is odd",
      hint: "Double it.",
      cause: expect.stringMatching(/^Error: seven\n {4}at /),
    });
  });
});
