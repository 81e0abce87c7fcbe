import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { OpenJob, PieceKinds } from "../../src/cluster/executor.ts";
import { program, versions } from "../../src/cluster/identity.ts";
import {
  createJob,
  hashOf,
  makePieceFolder,
  mustHaveRoom,
  pieceFolder,
  pieceOf,
  publish,
} from "../../src/cluster/job.ts";
import { performPiece } from "../../src/cluster/perform.ts";
import { performRehearsal } from "../../src/jobs/pieces/rehearsal.ts";
import { expected, rehearsal, stepOf, until } from "./conformance.ts";

const kinds: PieceKinds = { rehearsal: async () => performRehearsal };
const piece = rehearsal("p", { steps: 12, milliseconds: 20 });

let parent: string;
let job: OpenJob;
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), "dsqn-lease-"));
  job = createJob(join(parent, "job"), { format: 1, name: "x", command: [], versions: versions(), pieces: [piece] });
});
afterEach(() => rmSync(parent, { recursive: true, force: true }));

const perform = (more: { signal?: AbortSignal; staleMs?: number; log?: (line: string) => void } = {}): Promise<void> =>
  performPiece(job, "p", kinds, { signal: new AbortController().signal, log: () => undefined, ...more });

/** What a node that this machine knows nothing of has left: a lease, and a checkpoint. */
function elsewhere(step = 5): string {
  const lease = join(makePieceFolder(job.folder, "p"), "lease");
  writeFileSync(
    lease,
    JSON.stringify({ token: "t", host: "far", place: "far away", pid: process.pid, started: "1", attempt: 1 }),
  );
  mkdirSync(join(job.folder, "p"));
  let hash = "p";
  for (let k = 0; k < step; k++) hash = (expected(rehearsal("p", { steps: k + 1 })) as { hash: string }).hash;
  writeFileSync(join(job.folder, "p/checkpoint.json"), JSON.stringify({ step, hash }));
  writeFileSync(join(job.folder, "p/run.lock"), "theirs");
  return lease;
}

describe("a lease of another machine", () => {
  it("that shows no sign of life is taken over, in a copy that goes on at the checkpoint", async () => {
    elsewhere(5);
    const told: string[] = [];
    await perform({ staleMs: 300, log: (line) => told.push(line) });
    expect(job.result("p")).toMatchObject({ value: expected(piece), folder: "p.attempt-2", attempt: 2 });
    expect(JSON.parse(readFileSync(join(job.folder, "p.attempt-2/resumed.json"), "utf8"))).toEqual({ resumedAt: 5 });
    // What the other may still write to is left alone, for good.
    expect(JSON.parse(readFileSync(join(job.folder, "p/checkpoint.json"), "utf8"))).toMatchObject({ step: 5 });
    expect(existsSync(join(job.folder, "p.attempt-2/run.lock"))).toBe(false);
    expect(existsSync(join(pieceFolder(job.folder, "p"), "abandoned.1"))).toBe(true);
    expect(told.join()).toContain("far");
  });

  it("that is touched is waited for, and its result is taken", async () => {
    const lease = elsewhere();
    const touching = setInterval(() => utimesSync(lease, new Date(), new Date()), 50);
    const waiting = perform({ staleMs: 400 });
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    const value = { from: "far" };
    publish(job.folder, { format: 1, id: "p", piece: hashOf(piece), value, sha256: hashOf(value), folder: "p", attempt: 1, seconds: 1, host: "far" }); // prettier-ignore
    await waiting;
    clearInterval(touching);
    expect(job.result("p")?.value).toEqual(value);
    expect(existsSync(join(job.folder, "p.attempt-2"))).toBe(false);
  });

  it("may come back: whoever was taken for dead ends, and leaves nothing", async () => {
    job = createJob(join(parent, "slow"), { format: 1, name: "x", command: [], versions: versions(), pieces: [rehearsal("p", { steps: 2000, milliseconds: 20 })] }); // prettier-ignore
    const working = perform();
    const lease = join(pieceFolder(job.folder, "p"), "lease");
    await until(() => existsSync(join(job.folder, "p/checkpoint.json")));
    writeFileSync(lease, "somebody else's");
    await working;
    expect(job.result("p")).toBeUndefined();
    expect(job.failure("p")).toBeUndefined();
    expect(readFileSync(lease, "utf8")).toBe("somebody else's");
  }, 60_000);
});

describe("a lease of this machine", () => {
  it("whose process has ended is taken over at once, in the same folder", async () => {
    const lease = elsewhere(7);
    // The mark of a process of this machine, which has ended.
    const other = createJob(join(parent, "other"), { format: 1, name: "x", command: [], versions: versions(), pieces: [rehearsal("q", { steps: 500, milliseconds: 20 })] }); // prettier-ignore
    const child = spawn(process.execPath, [program, "piece", other.folder, "q"], { stdio: "ignore" });
    const ended = new Promise((resolve) => child.once("exit", resolve));
    await until(() => stepOf(other.folder, "q") > 0);
    child.kill("SIGKILL");
    await ended;
    const mark = JSON.parse(readFileSync(join(pieceFolder(other.folder, "q"), "lease"), "utf8")) as object;
    writeFileSync(lease, JSON.stringify({ ...mark, attempt: 1 }));
    await perform();
    expect(job.result("p")).toMatchObject({ value: expected(piece), folder: "p", attempt: 1 });
    expect(JSON.parse(readFileSync(join(job.folder, "p/resumed.json"), "utf8"))).toEqual({ resumedAt: 7 });
  }, 60_000);

  it("is held by one of two that come at once: the piece is done once", async () => {
    await Promise.all([perform(), perform()]);
    expect(job.result("p")).toMatchObject({ value: expected(piece), attempt: 1 });
    expect(existsSync(join(pieceFolder(job.folder, "p"), "lease"))).toBe(false);
  });
});

describe("a result", () => {
  const result = (value: unknown, of = pieceOf(job, "p")) => ({
    ...{ format: 1 as const, id: "p", piece: hashOf(of), value, sha256: hashOf(value) },
    ...{ folder: "p", attempt: 1, seconds: 1, host: "x" },
  });

  it("counts once: the first that is published", () => {
    makePieceFolder(job.folder, "p");
    expect([publish(job.folder, result(1)), publish(job.folder, result(2))]).toEqual([true, false]);
    expect(job.result("p")?.value).toBe(1);
  });

  it("of another piece of that name is none, nor is one that was changed", () => {
    makePieceFolder(job.folder, "p");
    publish(job.folder, result(1, rehearsal("p", { steps: 99 })));
    expect(job.result("p")).toBeUndefined();
    expect(publish(job.folder, result(2))).toBe(true);
    const file = join(pieceFolder(job.folder, "p"), "result.json");
    writeFileSync(file, readFileSync(file, "utf8").replace('"value":2', '"value":3'));
    expect(openAgain().result("p")).toBeUndefined();
  });

  const openAgain = (): OpenJob =>
    createJob(job.folder, { format: 1, name: "x", command: [], versions: versions(), pieces: [piece] });
});

describe("a full disk", () => {
  const onLinux = process.platform === "linux" ? it : it.skip;
  onLinux("is said before work starts (skipped but on Linux: /proc)", async () => {
    // /proc has no room for anything.
    await expect(mustHaveRoom("/proc", 3)).rejects.toMatchObject({ code: "DISK_FULL" });
  });

  const mounts = spawnSync("unshare", ["--mount", "true"]).status === 0;
  (mounts ? it : it.skip)(
    "while a piece works is a typed error, and leaves no half result (skipped where unshare may not mount)",
    () => {
      // A disk of 300 KB of its own, of which next to nothing is left.
      const small = join(parent, "small");
      mkdirSync(small);
      const script = `mount -t tmpfs -o size=300k none ${small} && cp -r ${job.folder} ${small}/job
      head -c 1m /dev/zero > ${small}/filler 2>/dev/null
      ${process.execPath} ${program} piece ${small}/job p; echo "exit $?" >&2; ls ${small}/job/pieces/p/result.json`;
      const { stderr } = spawnSync("unshare", ["--mount", "sh", "-c", script], { encoding: "utf8" });
      expect(stderr).toMatch(/FILE_UNWRITABLE|DISK_FULL/);
      expect(stderr).toMatch(/exit 1/);
      expect(stderr).toMatch(/result\.json.*No such file/);
    },
    60_000,
  );
});

it("a piece that this dsqn does not know fails by name", async () => {
  job = createJob(join(parent, "new"), { format: 1, name: "x", command: [], versions: versions(), pieces: [{ ...piece, kind: "telepathy" }] }); // prettier-ignore
  await perform();
  expect(job.failure("p")).toMatchObject({ code: "CLUSTER_VERSION" });
  expect(execFileSync("ls", [pieceFolder(job.folder, "p")], { encoding: "utf8" })).toBe("failure.json\n");
});
