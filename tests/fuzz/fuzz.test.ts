import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { UsageError } from "../../src/errors.ts";
import { Random } from "../../src/numeric/random.ts";
import { tryInput } from "../../scripts/fuzz/loop.ts";
import { mutated } from "../../scripts/fuzz/mutate.ts";
import { type Target, targets } from "../../scripts/fuzz/targets.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "dsqn-fuzz-test-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("npm run fuzz", () => {
  it("finds nothing in 100,000 files for all readers, goes on where it was, and leaves nothing behind", async () => {
    const run = async (inputs: number) => {
      const flags = ["--import", "./scripts/register-ts.mjs", "scripts/fuzz.ts", "--json", "--seed", "1"];
      const { stdout } = await promisify(execFile)(
        process.execPath,
        [...flags, "--inputs", String(inputs), "--folder", join(folder, "state")],
        { env: { ...process.env, TMPDIR: folder } },
      );
      return JSON.parse(stdout) as {
        findings: unknown[];
        targets: Record<string, { inputs: number; refused: number }>;
      };
    };
    await run(200);
    const { findings, targets: counts } = await run(100_000);
    expect(findings).toEqual([]);
    expect(Object.keys(counts)).toEqual(targets.map(({ name }) => name));
    for (const [name, { inputs, refused }] of Object.entries(counts)) {
      expect([name, inputs]).toEqual([name, Math.ceil(100_000 / targets.length)]);
      if (name !== "packets") expect(refused).toBeGreaterThan(inputs / 10);
    }
    expect(readdirSync(folder).filter((name) => name.startsWith("dsqn-"))).toEqual([]);
  }, 600_000);

  it.each<[string, Partial<Target>, object]>([
    ["an error without a code", { read: () => void (undefined as unknown as number[]).length }, { fault: "untyped" }],
    ["an error of ours", { read: () => Promise.reject(new UsageError("X", "x")) }, { refused: true }],
    [
      "a property of all objects",
      { read: () => void ((Object.prototype as { a?: number }).a = 1) },
      { fault: "polluted" },
    ],
    [
      "much time",
      {
        read: () => {
          for (const end = process.cpuUsage().user + 1.1e6; process.cpuUsage().user < end;);
        },
      },
      { fault: "slow" },
    ],
    ["nothing", { read: () => undefined }, { refused: false }],
  ])("sees %s", async (_what, reader, outcome) => {
    const target = { name: "planted", seeds: () => [], read: () => undefined, ...reader };
    expect(await tryInput(target, new Uint8Array(1), folder)).toMatchObject(outcome);
    expect(({} as { a?: number }).a).toBeUndefined();
  });

  it.each(targets.map((target) => [target.name, target] as const))(
    "%s: what is whole is read, or refused in words",
    async (_name, target) => {
      const seeds = await target.seeds();
      let read = 0;
      for (const seed of seeds) {
        const { fault, refused } = await tryInput(target, seed, folder);
        expect(fault).toBeUndefined();
        if (!refused) read++;
      }
      expect(read).toBeGreaterThan(0);
    },
  );

  // What was found once, each file named READER-what.bin.
  const kept = fileURLToPath(new URL("found", import.meta.url));
  it.each(readdirSync(kept))("%s is refused in words", async (file) => {
    const target = targets.find(({ name }) => file.startsWith(`${name}-`))!;
    const outcome = await tryInput(target, new Uint8Array(readFileSync(join(kept, file))), folder);
    expect(outcome).toEqual({ refused: true });
  });

  it("damages a file the same way again, and leaves the file alone", async () => {
    const [seed] = await targets[0].seeds();
    const before = seed.slice();
    const [once, again] = [1, 2].map(() => mutated(seed, Random.stream(3, "x")));
    expect(once).toEqual(again);
    expect(once).not.toEqual(seed);
    expect(seed).toEqual(before);
  });
});
