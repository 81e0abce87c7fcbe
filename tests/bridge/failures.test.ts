// tier: python
import { execa } from "execa";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Worker, WorkerLostError, type WorkerOptions } from "../../src/index.ts";
import { DATA_PATHS, failure, isAlive, open as openWorker } from "./helpers.ts";

/** Quick enough to be waited for, slow enough for a busy machine. */
const HEARTBEAT = 400;
/** Three heartbeats, and what a busy machine adds: it is noticed at once, or (by a call that takes a minute) not at all. */
const NOTICED = 3 * HEARTBEAT + 5000;

/** The sockets' folders are made here, so that what is left behind can be seen. */
let folder: string;
const before = process.env["TMPDIR"];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "bridge-test-"));
  process.env["TMPDIR"] = folder;
});
afterEach(() => {
  expect(readdirSync(folder).filter((name) => name.startsWith("dsqn-") && !name.startsWith("dsqn-logs"))).toEqual([]);
  if (before === undefined) delete process.env["TMPDIR"];
  else process.env["TMPDIR"] = before;
  rmSync(folder, { recursive: true });
});

describe.each(DATA_PATHS)("a worker that fails in a call (%s)", (data) => {
  const open = (options: WorkerOptions = {}): Promise<Worker> => openWorker({ data, ...options });
  it.each([
    ["is killed (SIGKILL)", "kills_itself", { signal: "SIGKILL" }, "WORKER_LOST", /was ended by SIGKILL/],
    ["is stopped (SIGSTOP)", "kills_itself", { signal: "SIGSTOP" }, "WORKER_HUNG", /was stopped/],
    ["exits", "exits", { code: 7 }, "WORKER_LOST", /ended with exit code 7/],
    ["crashes", "segfaults", {}, "WORKER_LOST", /was ended by SIGSEGV[\s\S]*Fatal Python error: Segmentation fault/],
    [
      "deadlocks with the interpreter's lock held",
      "sleeps_without_release",
      { seconds: 60 },
      "WORKER_HUNG",
      /does nothing/,
    ],
  ])(
    "and %s: every pending call rejects in time, and no process is left",
    async (_how, method, params, code, message) => {
      const worker = await open({ heartbeatMs: HEARTBEAT });
      await worker.call("misbehaving:prints", { text: "last words" });
      const started = performance.now();
      const calls = [worker.call(`misbehaving:${method}`, params), worker.call("core.echo")];
      const errors = await Promise.all(calls.map(failure));
      expect(performance.now() - started).toBeLessThan(NOTICED);
      for (const error of errors) {
        expect(error).toBeInstanceOf(WorkerLostError);
        expect(error.code).toBe(code);
        expect(error.message).toMatch(message);
        expect(error.message).toContain("last words");
        expect(error.facts["pendingCalls"]).toBe(2);
      }
      expect(isAlive(worker.pid)).toBe(false);
      expect(readFileSync(worker.log!, "utf8")).toContain("last words");
      expect((await failure(worker.call("core.echo"))).code).toBe(code);
      await worker.close();
    },
  );

  it.each([
    ["speaks_garbage", /not allow/],
    ["lies_about_shapes", /has 4 bytes, not float32 of shape \[1000\]/],
  ])("%s: the call rejects with WORKER_PROTOCOL", async (module, message) => {
    const worker = await open({ module });
    const error = await failure(worker.call("core.echo"));
    expect(error.code).toBe("WORKER_PROTOCOL");
    expect(error.message).toMatch(message);
    expect(isAlive(worker.pid)).toBe(false);
  });
});

describe.each(DATA_PATHS)("a healthy worker (%s)", (data) => {
  const open = (options: WorkerOptions = {}): Promise<Worker> => openWorker({ data, ...options });
  it("that computes for 15 heartbeats without releasing the interpreter's lock is not taken for dead", async () => {
    const worker = await open({ heartbeatMs: HEARTBEAT });
    const { result } = await worker.call("misbehaving:computes_without_release", { seconds: (15 * HEARTBEAT) / 1000 });
    expect(result["seconds"]).toBeGreaterThan((15 * HEARTBEAT) / 1000);
    await worker.call("core.echo");
    await worker.close();
  });

  it("is not taken for dead when this process was busy itself", async () => {
    const worker = await open({ heartbeatMs: HEARTBEAT });
    const end = performance.now() + 10 * HEARTBEAT;
    while (performance.now() < end);
    await new Promise((resolve) => setTimeout(resolve, 4 * HEARTBEAT));
    await worker.call("core.echo");
    await worker.close();
  });
});

describe.each(DATA_PATHS)("a worker that does not get started (%s)", (data) => {
  const open = (options: WorkerOptions = {}): Promise<Worker> => openWorker({ data, ...options });
  it.each([
    ["exits_at_start", "WORKER_START_FAILED", /exit code 3[\s\S]*cannot find the answer/],
    ["no_such_module", "WORKER_START_FAILED", /No module named no_such_module/],
    ["prints_first", "WORKER_PROTOCOL", /something else than its addresses: "Welcome to my worker!"/],
    ["never_listens", "WORKER_START_TIMEOUT", /did not listen within 1.5 s/],
    ["other_version", "PROTOCOL_VERSION", /The client speaks protocol 2, this worker .* protocol 3/],
    ["does_not_know_the_key", "AUTHENTICATION_FAILED", /does not know the worker's key/],
  ])("%s: %s", async (module, code, message) => {
    const error = await failure(open({ module, startTimeoutMs: module === "never_listens" ? 1500 : 30_000 }));
    expect(error.code).toBe(code);
    expect(error.message).toMatch(message);
    expect(children()).toEqual([]);
  });

  it("is waited for by the time in which this process could have heard it", async () => {
    const opening = open({ startTimeoutMs: 3000 });
    await new Promise((resolve) => setTimeout(resolve, 50)); // it is on its way
    const end = performance.now() + 3500;
    while (performance.now() < end);
    await (await opening).close();
  });

  it.each(["/nowhere", "/proc"])("has no folder for temporary files (%s)", async (place) => {
    process.env["TMPDIR"] = place;
    const error = await failure(open());
    process.env["TMPDIR"] = folder;
    expect(error.code).toBe("WORKER_START_FAILED");
    expect(error.message).toContain(place);
    expect(error.hint).toContain("TMPDIR");
  });

  it("has no descriptors left (ulimit -n)", async () => {
    const program = fileURLToPath(new URL("../fixtures/workers/no-descriptors.ts", import.meta.url));
    const register = fileURLToPath(new URL("../../scripts/register-ts.mjs", import.meta.url));
    const { stdout } = await execa(process.execPath, ["--import", register, program], {
      env: { DSQN_BRIDGE_DATA: data },
    });
    expect(JSON.parse(stdout)).toEqual({ codes: ["WORKER_START_FAILED"], after: 1 });
  });

  it("names an interpreter that does not exist", async () => {
    const error = await failure(open({ python: "/nowhere/python" }));
    expect(error.code).toBe("WORKER_START_FAILED");
    expect(error.message).toMatch(/ENOENT/);
  });
});

/** Processes of this one that still live (zombies are gone as soon as Node looks). */
function children(): number[] {
  if (!existsSync("/proc/self")) return [];
  const file = `/proc/${process.pid}/task/${process.pid}/children`;
  const pids = existsSync(file) ? readFileSync(file, "utf8").trim().split(/\s+/).filter(Boolean).map(Number) : [];
  return pids.filter((pid) => readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("-m\0"));
}
