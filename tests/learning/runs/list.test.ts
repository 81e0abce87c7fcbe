import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { differences, listRuns, overviewOf, removeRun } from "../../../src/learning/runs/list.ts";
import { withRun } from "../../../src/learning/runs/lock.ts";

let folder: string;
const at = (name: string): string => join(folder, name);
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "dsqn-runs-"));
  const run = (name: string, files: Record<string, object | string>): void => {
    mkdirSync(at(name));
    for (const [file, content] of Object.entries(files)) writeFileSync(join(at(name), file), typeof content === "string" ? content : JSON.stringify(content));
  };
  const config = { method: "dqn", seed: 1, environment: { id: "CartPole-v1" }, replay: { capacity: 100 } };
  const summary = { env: "CartPole-v1", method: "dqn", seed: 1, seconds: 2, final: { mean: 500, std: 0, episodes: 100 } };
  run("a-done", { "config.json": config, "summary.json": summary, "report.html": "<p>" });
  run("b-stopped", { "config.json": { ...config, seed: 2, replay: { capacity: 50 } } });
  run("notes", { "todo.txt": "not a run" });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("runs", () => {
  it("are listed with what their folders tell, and nothing else is", () => {
    expect(listRuns(folder)).toMatchObject([
      { path: at("a-done"), state: "finished", env: "CartPole-v1", method: "dqn", seed: 1, mean: 500, report: join(at("a-done"), "report.html") },
      { path: at("b-stopped"), state: "stopped", env: "CartPole-v1", seed: 2, mean: null, report: null },
    ]);
    expect(listRuns(at("nowhere"))).toEqual([]);
  });

  it("are compared by the fields in which their configs differ", () => {
    expect(differences([at("a-done"), at("b-stopped")])).toEqual([
      { field: "replay.capacity", values: [100, 50] },
      { field: "seed", values: [1, 2] },
    ]);
  });

  it("are removed whole, but not while a process has them, and no folder that is no run", async () => {
    await expect(removeRun(at("notes"))).rejects.toMatchObject({ code: "RUN_NOT_FOUND" });
    await withRun(at("b-stopped"), async () => {
      expect(overviewOf(at("b-stopped")).state).toBe("running");
      await expect(removeRun(at("b-stopped"))).rejects.toMatchObject({ code: "RUN_LOCKED" });
    });
    await removeRun(at("b-stopped"));
    expect([existsSync(at("b-stopped")), existsSync(at("notes"))]).toEqual([false, true]);
  });
});
