import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { withRun } from "../../src/learning/runs/lock.ts";
import { type RunView, watchRun } from "../../src/learning/runs/watch.ts";
import { dsqn } from "./run.ts";

let folder: string;
let run: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "dsqn-watch-"));
  run = join(folder, "first");
  mkdirSync(run);
  writeFileSync(
    join(run, "config.json"),
    JSON.stringify({ method: "dqn", seed: 3, environment: { id: "CartPole-v1" } }),
  );
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const episode = (k: number): string =>
  `${JSON.stringify({ kind: "episode", episode: k, environmentSteps: 10 * k, return: k, length: k, mean100: k / 2 })}\n`;
const log = (): string => join(run, "progress.jsonl");
const summary = { env: "CartPole-v1", method: "dqn", seed: 3, seconds: 2, final: { mean: 500, std: 0, episodes: 100 } };

describe("dsqn watch", () => {
  it("follows a run as it grows, line by whole line, and ends with it", async () => {
    const seen: number[] = [];
    await withRun(run, async () => {
      writeFileSync(log(), episode(1) + episode(2).slice(0, 20));
      const watched = watchRun(run, {
        seconds: 0.02,
        onView({ episodes, run: { state } }: RunView) {
          seen.push(episodes.length);
          if (episodes.length === 1) appendFileSync(log(), episode(2).slice(20));
          else if (episodes.length === 2 && state === "running") {
            // Cut back, as a resumed run does, and written anew.
            truncateSync(log(), episode(1).length);
            setTimeout(() => {
              appendFileSync(log(), episode(2) + episode(3));
              writeFileSync(join(run, "summary.json"), JSON.stringify(summary));
            }, 200);
          }
        },
      });
      const last = await watched;
      expect(last.run).toMatchObject({ state: "finished", mean: 500 });
      expect(last.episodes.map((entry) => entry.episode)).toEqual([1, 2, 3]);
    });
    expect(seen.slice(0, 3)).toEqual([1, 2, 1]);
  });

  it("leaves a page that takes itself anew while the run goes on, and not afterwards", async () => {
    writeFileSync(log(), episode(1) + episode(2));
    const page = (): string => readFileSync(join(run, "watch.html"), "utf8");
    await withRun(run, async () => {
      const abort = new AbortController();
      const { renderWatch } = await import("../../src/report/watch.ts");
      const watched = watchRun(run, {
        seconds: 0.02,
        signal: abort.signal,
        onView(view) {
          writeFileSync(join(run, "watch.html"), renderWatch(view, 7));
          abort.abort(new Error("seen"));
        },
      });
      await expect(watched).rejects.toThrow("seen");
    });
    expect(page()).toContain('<meta http-equiv="refresh" content="7" />');
    const { code, result, told } = await dsqn<{ state: string; page: string; last: { mean100: number } }>(
      "watch",
      "--folder",
      folder,
    );
    expect([code, result.state, result.last.mean100]).toEqual([0, "stopped", 1]);
    expect(result.page).toBe(join(run, "watch.html"));
    expect(told).toContain("watch.html");
    expect(page()).not.toContain('http-equiv="refresh"');
    expect(page()).toContain("Learning curve");
    expect(page()).toContain("dsqn train --resume");
  });

  it("does not take the lock of a process that was killed for a run that goes on", async () => {
    writeFileSync(log(), episode(1));
    writeFileSync(join(run, "run.lock"), JSON.stringify({ pid: 2 ** 22 + 1, started: 1, host: hostname(), nonce: 0 }));
    const { result } = await dsqn<{ state: string }>("watch", run, "--every", "0.1");
    expect(result.state).toBe("stopped");
  });

  it("says what to do where there is no run, and replaces no page of somebody else's", async () => {
    const none = await dsqn<{ error: { code: string; hint: string } }>("watch", "--folder", join(folder, "nowhere"));
    expect(none.result.error).toMatchObject({ code: "RUN_NOT_FOUND", hint: expect.stringContaining("dsqn train") });
    const mine = join(folder, "mine.html");
    writeFileSync(mine, "<p>mine</p>");
    const taken = await dsqn<{ error: { code: string } }>("watch", run, "--page", mine);
    expect(taken.result.error.code).toBe("OUTPUT_TAKEN");
    expect(readFileSync(mine, "utf8")).toBe("<p>mine</p>");
    expect(existsSync(join(run, "watch.html"))).toBe(false);
  });
});
