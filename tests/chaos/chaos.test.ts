// tier: python
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { execa } from "execa";
import { mkdtempSync, readFileSync, rmSync, truncateSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Entry, summed } from "../../scripts/chaos/campaign.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "dsqn-chaos-test-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const chaos = async (seed: number, ...args: string[]) => {
  const flags = ["--import", "./scripts/register-ts.mjs", "scripts/chaos.ts", "--json", "--seed", `${seed}`];
  const all = [...flags, "--folder", join(folder, `${seed}`), ...args];
  const { stdout, stderr } = await execa(process.execPath, all, { reject: false });
  return { counts: JSON.parse(stdout) as Record<string, number>, bad: stderr.split("\n").filter((line) => line.includes("**")), stderr }; // prettier-ignore
};
/** Side by side: most of a fault is waiting. */
const seeds = [1, 2, 3, 4];

(process.platform === "linux" ? describe : describe.skip)(
  "npm run chaos (skipped but on Linux: it looks into /proc)",
  () => {
    it("200 faults leave no hang, orphan, file, socket or region, lose no transition, change no curve", async () => {
      const campaigns = await Promise.all(seeds.map((seed) => chaos(seed, "--faults", "50")));
      expect(campaigns.flatMap(({ bad }) => bad)).toEqual([]);
      for (const [k, { counts }] of campaigns.entries()) {
        const none = { hangs: 0, orphans: 0, leaked: 0, lostTransitions: 0, wrong: 0 };
        expect(counts).toMatchObject({ seed: seeds[k], ...none });
        expect(counts["faults"]).toBeGreaterThan(40);
      }
    }, 600_000);

    it("goes on behind the outcomes that it has, and behind a line that was cut off", async () => {
      const file = join(folder, "1", "outcomes.jsonl");
      const before = readFileSync(file, "utf8");
      truncateSync(file, before.length - 5);
      const { stderr } = await chaos(1, "--faults", "50", "--resume");
      expect(stderr.split("\n").filter((line) => /^\d+ /.test(line))).toEqual([expect.stringMatching(/^49 /)]);
      const entries = readFileSync(file, "utf8").trim().split("\n");
      expect(entries.map((line) => (JSON.parse(line) as Entry).index)).toEqual(Array.from({ length: 50 }, (_, k) => k));
    }, 120_000);

    it("two disks that fill up during a run, or before it: an error in words, and with room again the same curve", async () => {
      const { counts, bad } = await chaos(9, "--only", "disk", "--faults", "2");
      expect(bad).toEqual([]);
      expect(counts).toMatchObject({ hangs: 0, leaked: 0, wrong: 0 });
      // Where nobody may mount one, it is too late for all of them.
      expect(counts["faults"] + counts["missed"]).toBe(2);
    }, 600_000);

    it("counts what is bad, and what came too late apart", () => {
      const entry = { seed: 1, what: "x", hang: 0, orphans: 0, leaked: 0, lost: 0, wrong: 0, seconds: 1 };
      const entries = [
        { ...entry, index: 0, code: "ok", lost: 2 },
        { ...entry, index: 1, code: "missed" },
        { ...entry, index: 2, code: "no end", hang: 1, orphans: 1, leaked: 3, wrong: 1 },
      ];
      const counts = {
        faults: 2,
        missed: 1,
        hangs: 1,
        orphans: 1,
        leaked: 3,
        lostTransitions: 2,
        wrong: 1,
        seconds: 3,
      };
      expect(summed(entries)).toEqual(counts);
    });
  },
);
