import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { existsSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openCheckpoints } from "../../../src/learning/runs/checkpoint.ts";
import { openJsonLog } from "../../../src/learning/runs/folder.ts";
import { withRun } from "../../../src/learning/runs/lock.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "dsqn-checkpoint-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const invalid = expect.objectContaining({ code: "CHECKPOINT_INVALID" });

describe("a checkpoint", () => {
  const facts = { step: 3 };
  const tensors = { a: Float32Array.of(1, 2, 3, 4), b: Int32Array.of(5, 6) };
  const open = () => openCheckpoints<{ facts: object; tensors: typeof tensors }>(join(folder, "c.safetensors"), { x: 1 });

  it.each([
    ["F32", "I32"],
    ["F32", "U32"],
    ["I32", "F32"],
    ["[4]", "[2,2]"],
  ])("of which %s became %s in the header is damaged", (before, after) => {
    open().save({ snapshot: { facts, tensors }, marks: { log: 0, events: 0 } });
    expect(open().load()).toEqual({ snapshot: { facts, tensors }, marks: { log: 0, events: 0 } });
    const bytes = readFileSync(join(folder, "c.safetensors"));
    const length = Number(bytes.readBigUInt64LE(0));
    const header = bytes.subarray(8, 8 + length).toString();
    // The header is padded with spaces, of which a longer shape takes two.
    const changed = header.replace(before, after).trimEnd().padEnd(length);
    const whole = Buffer.concat([bytes.subarray(0, 8), Buffer.from(changed), bytes.subarray(8 + length)]);
    if (changed.length > length) whole.writeBigUInt64LE(BigInt(changed.length), 0);
    writeFileSync(join(folder, "c.safetensors"), whole);
    expect(() => open().load()).toThrow(invalid);
  });
});

describe("a run's log", () => {
  const path = (): string => join(folder, "progress.jsonl");
  const begun = (): { bytes: number; sha256: string } => {
    rmSync(path(), { force: true });
    const log = openJsonLog(path());
    for (let episode = 0; episode < 5; episode++) log.append({ kind: "episode", episode });
    const mark = { bytes: log.bytes, sha256: log.sha256 };
    log.append({ kind: "episode", episode: 5 });
    log.close();
    return mark;
  };

  it("goes on from what it held at the checkpoint", () => {
    const { bytes, sha256 } = begun();
    const log = openJsonLog(path(), bytes, sha256);
    expect([log.bytes, log.sha256]).toEqual([bytes, sha256]);
    log.append({ kind: "episode", episode: 5 });
    log.close();
    expect(readFileSync(path(), "utf8").trim().split("\n").map((line) => JSON.parse(line) as unknown)).toEqual(
      Array.from({ length: 6 }, (_, episode) => ({ kind: "episode", episode })),
    );
  });

  it.each<[string, () => void]>([
    ["cut short", () => truncateSync(path(), 20)],
    ["gone", () => rmSync(path())],
    ["changed", () => writeFileSync(path(), readFileSync(path(), "utf8").replace('"episode":1', '"episode":7'))],
  ])("that is %s is refused, and left as it is", (_name, damage) => {
    const { bytes, sha256 } = begun();
    damage();
    const left = (): string | null => (existsSync(path()) ? readFileSync(path(), "utf8") : null);
    const before = left();
    expect(() => openJsonLog(path(), bytes, sha256)).toThrow(invalid);
    expect(left()).toBe(before);
  });
});

describe("a run under way", () => {
  it("is refused to anyone else until it ends", async () => {
    const refused = { code: "RUN_LOCKED", facts: { holder: `process ${process.pid}` } };
    let end!: () => void;
    let first!: Promise<void>;
    await new Promise<void>((begun) => {
      first = withRun(folder, () => new Promise<void>((resolve) => ((end = resolve), begun())));
    });
    await expect(withRun(folder, async () => 1)).rejects.toMatchObject(refused);
    end();
    await first;
    expect(await withRun(folder, async () => 1)).toBe(1);
  });
});
