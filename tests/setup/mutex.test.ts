import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { withLock } from "../../src/setup/mutex.mjs";

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "dsqn-lock-"));
  file = path.join(folder, "deep", "setup.lock");
});
afterEach(() => rmSync(folder, { recursive: true }));

const held = (pid: number, host = hostname()) => JSON.stringify({ pid, host, nonce: 1 });
/** A process id that is no longer in use. */
const deadPid = () => spawnSync(process.execPath, ["-e", ""]).pid;

async function plant(text: string): Promise<void> {
  await withLock(file, async () => undefined);
  writeFileSync(file, text);
}

describe("withLock", () => {
  it("lets one in at a time, and removes its file", async () => {
    let inside = 0;
    const task = async () => {
      expect(++inside).toBe(1);
      await sleep(30);
      inside--;
    };
    await Promise.all([withLock(file, task), withLock(file, task), withLock(file, task)]);
    expect(existsSync(file)).toBe(false);
  });

  it("is free again after a failure", async () => {
    await expect(withLock(file, () => Promise.reject(new Error("boom")))).rejects.toThrow("boom");
    expect(await withLock(file, async () => 1)).toBe(1);
  });

  it("takes over from a process that died", async () => {
    await plant(held(deadPid()));
    expect(await withLock(file, async () => 1)).toBe(1);
  });

  it("takes over from a process whose number another one has by now, and from none that is merely slow", async () => {
    const mark = { pid: process.pid, host: hostname(), nonce: 1, started: "1" };
    await plant(JSON.stringify(mark));
    expect(await withLock(file, async () => 1)).toBe(1);
    await plant(held(process.pid));
    const longAgo = new Date(Date.now() - 60_000);
    utimesSync(file, longAgo, longAgo);
    const onWait = () => {
      throw new Error("held");
    };
    await expect(withLock(file, async () => 1, { onWait })).rejects.toThrow("held");
  });

  it.each([
    ["another machine", () => held(1, "elsewhere")],
    ["a half-written mark", () => '{"pi'],
  ])("takes over from %s only when nobody has touched the file for long", async (_, mark) => {
    await plant(mark());
    const waiting = new AbortController();
    setTimeout(() => waiting.abort(new Error("still held")), 300);
    await expect(withLock(file, async () => 1, { signal: waiting.signal })).rejects.toThrow("still held");
    const longAgo = new Date(Date.now() - 60_000);
    utimesSync(file, longAgo, longAgo);
    expect(await withLock(file, async () => 1)).toBe(1);
  });

  it("says whom it waits for, and leaves the other's file alone when it gives up", async () => {
    await plant(held(process.pid));
    const holders: string[] = [];
    const waiting = new AbortController();
    setTimeout(() => waiting.abort(new Error("enough")), 300);
    const lock = withLock(file, async () => 1, { signal: waiting.signal, onWait: (holder) => holders.push(holder) });
    await expect(lock).rejects.toThrow("enough");
    expect(holders).toEqual([`process ${process.pid}`]);
    expect(existsSync(file)).toBe(true);
  });
});
