import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { zipSync } from "fflate";
import { packRun, unpackRun } from "../../../src/learning/runs/packed.ts";
import { withRun } from "../../../src/learning/runs/lock.ts";

describe("a packed run", () => {
  let folder: string;
  const at = (...names: string[]): string => join(folder, ...names);
  const kept: Record<string, string> = {
    "config.json": '{"method":"pixel-ppo","seed":1}',
    "progress.jsonl": '{"kind":"episode"}\n',
    "checkpoint.safetensors": "0123".repeat(5000),
    "best.safetensors": "weights",
  };
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "dsqn-packed-"));
    mkdirSync(at("run"));
    const rest = { "checkpoint.previous.safetensors": "old", ".checkpoint.safetensors.1.tmp": "half" };
    for (const [name, content] of Object.entries({ ...kept, ...rest })) writeFileSync(at("run", name), content);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it("is one file, the same each time, of which a folder comes with all that a run goes on from", async () => {
    const { files, bytes } = await packRun(at("run"), at("run.zip"));
    expect(files).toEqual(Object.keys(kept).sort());
    expect(bytes).toBeLessThan(5000);
    await unpackRun(at("run.zip"), at("other"));
    expect(readdirSync(at("other")).sort()).toEqual(Object.keys(kept).sort());
    for (const [name, content] of Object.entries(kept)) expect(readFileSync(at("other", name), "utf8")).toBe(content);
    await packRun(at("other"), at("again.zip"));
    expect(readFileSync(at("again.zip")).equals(readFileSync(at("run.zip")))).toBe(true);
  });

  it("is made of no run that is under way, and of nothing else", async () => {
    await withRun(at("run"), () =>
      expect(packRun(at("run"), at("locked.zip"))).rejects.toMatchObject({ code: "RUN_LOCKED" }),
    );
    expect(existsSync(at("locked.zip"))).toBe(false);
    await expect(packRun(at("nowhere"), at("locked.zip"))).rejects.toMatchObject({ code: "RUN_NOT_FOUND" });
    // What several seeds came to is no run: unpacked it could not go on.
    mkdirSync(at("seeds"));
    writeFileSync(at("seeds", "summary.json"), "{}");
    await expect(packRun(at("seeds"), at("locked.zip"))).rejects.toMatchObject({ code: "RUN_NOT_FOUND" });
  });

  it("goes over no run that is there, and out of its folder never", async () => {
    await packRun(at("run"), at("run.zip"));
    await expect(unpackRun(at("run.zip"), at("run"))).rejects.toMatchObject({ code: "RUN_EXISTS" });
    mkdirSync(at("notes"));
    writeFileSync(at("notes", "progress.jsonl"), "mine");
    await expect(unpackRun(at("run.zip"), at("notes"))).rejects.toMatchObject({ code: "RUN_EXISTS" });
    expect(readdirSync(at("notes"))).toEqual(["progress.jsonl"]);
    const config = new TextEncoder().encode("{}");
    writeFileSync(at("climbs.zip"), zipSync({ "config.json": config, "../climbs.json": config }));
    await expect(unpackRun(at("climbs.zip"), at("deep"))).rejects.toMatchObject({ code: "FILE_UNREADABLE" });
    expect([existsSync(at("climbs.json")), existsSync(at("deep"))]).toEqual([false, false]);
    writeFileSync(at("empty.zip"), zipSync({ "notes.txt": config }));
    await expect(unpackRun(at("empty.zip"), at("deep"))).rejects.toMatchObject({ code: "FILE_UNREADABLE" });
    truncateSync(at("run.zip"), 300);
    await expect(unpackRun(at("run.zip"), at("deep"))).rejects.toMatchObject({ code: "FILE_UNREADABLE" });
  });
});
