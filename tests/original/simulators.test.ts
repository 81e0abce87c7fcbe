// tier: python
import { execa } from "execa";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Reproduction } from "../../thesis/reproduce.ts";
import { ORIGINAL } from "./golden.ts";

const here = existsSync(join(ORIGINAL, "networks"));
const folder = mkdtempSync(join(tmpdir(), "dsqn-simulators-"));
const out = join(folder, "spinnaker");
const reproduce = (...more: string[]) =>
  execa("node", ["scripts/dsqn.mjs", "reproduce", "spinnaker", "--quick", "--up-to", "20", "--out", out, ...more], {
    reject: false,
  });
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("dsqn reproduce spinnaker", () => {
  (here ? it : it.skip)(
    `measures the rows of at most so many steps, keeps them, and draws a page${here ? "" : " (the original's networks are not here)"}`,
    async () => {
      const first = await reproduce("--original", ORIGINAL, "--json");
      expect(first.exitCode).toBe(0);
      const result = JSON.parse(first.stdout) as Reproduction;
      expect(result).toMatchObject({ experiment: "spinnaker", quick: true, episodes: 20, upTo: 20 });
      expect(result.rows.map(({ name }) => name)).toEqual([
        "CartPole DSQN, T = 20, spinnaker-leaky-twin",
        "MountainCar DSQN, T = 20, spinnaker-leaky-twin",
        "CartPole DSQN, T = 20, spinnaker-twin",
        "MountainCar DSQN, T = 20, spinnaker-twin",
      ]);
      for (const { ours, exact } of result.rows) {
        expect(ours).toMatchObject({ episodes: 20, mean: expect.any(Number) });
        expect(exact).toMatchObject({ episodes: 20, similarity: 100 });
      }
      // Each in its set-up, and both networks once without one.
      expect(readdirSync(join(out, "rows"))).toHaveLength(6);
      expect(readFileSync(join(out, "rows.csv"), "utf8").split("\r\n")).toHaveLength(6);
      expect(readFileSync(join(out, "report.html"), "utf8")).toContain("MountainCar DSQN, T = 20");

      const again = await reproduce("--original", ORIGINAL, "--json");
      expect((JSON.parse(again.stdout) as Reproduction).rows).toEqual(result.rows);
    },
    240_000,
  );

  it("says what it needs where the original's networks are not", async () => {
    const nothing = join(folder, "nothing");
    const { exitCode, stderr } = await reproduce("--original", folder, "--out", nothing);
    expect(exitCode).toBe(2);
    expect(stderr).toContain("ORIGINAL_MISSING");
    expect(existsSync(nothing)).toBe(false);
  });
});
