// tier: python
import { execa } from "execa";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { makeEnvironment, makeVectorEnvironment, ndarray, type Worker, WorkerLostError } from "../../src/index.ts";
import { bytesOf } from "../../src/files/tensor.ts";
import { unfitness } from "../../src/bridge/shared/region.ts";
import { failure, isAlive, open } from "./helpers.ts";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const opened: Worker[] = [];
const shared = async (options: Parameters<typeof open>[0] = {}): Promise<Worker> => {
  const worker = await open({ data: "shared-memory", ...options });
  opened.push(worker);
  return worker;
};
// Also those of a test that failed: a worker that lives keeps this process from ending.
afterEach(() => Promise.all(opened.splice(0).map((worker) => worker.close())));

const large = (size: number): Float64Array => Float64Array.from({ length: size }, (_, i) => i / 3);

const unfit = unfitness();
(unfit ? describe.skip : describe)(`shared memory${unfit ? ` (skipped: ${unfit})` : ""}`, () => {
  describe("a worker that writes nonsense", () => {
    it.each([
      ["replies ahead", /counts replies to requests that nobody made/],
      ["replies behind", /counts replies to requests that nobody made/],
      ["rest of negative length", /a rest of -5 bytes/],
      ["rest that is no msgpack", /a rest that is none/],
      ["rest that is something else", /a rest that is none/],
      ["too many rows", /1000 rows of at most 2/],
      ["negative rows", /-1 rows of at most 2/],
      ["port that is none", /described a port that is none/],
      ["slot outside", /a slot of 800000 bytes at 2147483648 lies outside/],
      ["slot at the end", /lies outside/],
      ["slot unaligned", /lies outside/],
    ])("%s: it is ended, and what waits rejects with WORKER_PROTOCOL", async (kind, message) => {
      const worker = await shared({ module: "nonsense", env: { NONSENSE: kind } });
      const error = await failure(
        kind.startsWith("slot")
          ? worker.call("nonsense:large")
          : makeVectorEnvironment("CartPole-v1", { worker, count: 2, autoreset: "same-step" }).then(async (env) => {
              await env.reset({ seed: 1 });
              await env.step(new Int32Array(2));
              await env.step(new Int32Array(2));
            }),
      );
      expect(error).toBeInstanceOf(WorkerLostError);
      expect(error.code).toBe("WORKER_PROTOCOL");
      expect(error.message).toMatch(message);
      expect(isAlive(worker.pid)).toBe(false);
      await worker.close();
    });

    it("a port larger than the region: steps go as messages", async () => {
      const worker = await shared({ module: "nonsense", env: { NONSENSE: "port without end" } });
      const env = await makeVectorEnvironment("CartPole-v1", { worker, count: 2 });
      await env.reset({ seed: 1 });
      expect((await env.step(new Int32Array(2))).rewards).toEqual(Float64Array.of(1, 1));
      await worker.close();
    });
  });

  describe("a worker that ends while it steps", () => {
    it.each([
      ["SIGKILL", "WORKER_LOST"],
      ["SIGSTOP", "WORKER_HUNG"],
    ] as const)("by %s: the step rejects with %s, and so does the next", async (signal, code) => {
      const worker = await shared({ heartbeatMs: 400 });
      const env = await makeEnvironment("misbehaving_env:Slow-v0", { worker });
      await env.reset();
      const pending = failure(env.step(0));
      setTimeout(() => process.kill(worker.pid, signal), 100);
      expect((await pending).code).toBe(code);
      expect((await failure(env.step(0))).code).toBe(code);
      await worker.close();
    });

    it("because it is closed: the step rejects with WORKER_CLOSED", async () => {
      const worker = await shared({ graceMs: 200 });
      const env = await makeEnvironment("misbehaving_env:Slow-v0", { worker });
      await env.reset();
      const pending = failure(env.step(0));
      await worker.close();
      expect((await pending).code).toBe("WORKER_CLOSED");
    });
  });

  describe("a worker that steps all the time", () => {
    it("answers calls and pings, and lets timers run", async () => {
      const worker = await shared({ heartbeatMs: 100 });
      const env = await makeVectorEnvironment("CartPole-v1", { worker, count: 1 });
      await env.reset({ seed: 1 });
      let [ticks, echoes, steps] = [0, 0, 0];
      const timer = setInterval(() => ticks++, 20);
      const end = performance.now() + 1500;
      const echo = async (): Promise<void> => {
        for (; performance.now() < end; echoes++) await worker.call("core.echo");
      };
      const step = async (): Promise<void> => {
        for (; performance.now() < end; steps++) await env.step(Int32Array.of(steps % 2));
      };
      await Promise.all([echo(), step()]);
      clearInterval(timer);
      expect(ticks).toBeGreaterThan(10);
      expect(echoes).toBeGreaterThan(20);
      expect(steps).toBeGreaterThan(20);
      const started = performance.now();
      await worker.close();
      expect(performance.now() - started).toBeLessThan(3000);
    });

    it("raises the same errors and gives the same infos as without", async () => {
      const outcomes = [];
      for (const data of ["shared-memory", "zeromq"] as const) {
        const worker = await shared({ data });
        const env = await makeVectorEnvironment("misbehaving_env:Talkative-v0", { worker, count: 2, infos: true });
        await env.reset();
        const small = await env.step(Int32Array.of(0, 1));
        const big = await env.step(Int32Array.of(2, 2));
        const { code, message, cause } = await failure(env.step(Int32Array.of(3, 0)));
        outcomes.push([small, big, code, message, (cause as Error).message]);
        expect((big.infos![0]["text"] as string).length).toBe(10_000);
        await worker.close();
      }
      expect(outcomes[0]).toEqual(outcomes[1]);
    });
  });

  it("carries what its slots have no room for as messages, and uses them again afterwards", async () => {
    const worker = await shared();
    for (const size of [3_000_000, 1_000, 1_900_000]) {
      const x = ndarray(large(size));
      const results = await Promise.all([1, 2].map(() => worker.call("core.echo", {}, { x, y: x })));
      for (const { arrays } of results)
        for (const y of Object.values(arrays)) expect(Buffer.compare(bytesOf(y.data), bytesOf(x.data))).toBe(0);
    }
    await worker.close();
  });

  it("hands out copies: what a step gave stays as it was", async () => {
    const worker = await shared();
    const env = await makeVectorEnvironment("CartPole-v1", { worker, count: 3 });
    const { observations } = await env.reset({ seed: 1 });
    const first = await env.step(new Int32Array(3));
    const kept = structuredClone(first);
    for (let i = 0; i < 20; i++) await env.step(Int32Array.of(1, 0, 1));
    await worker.call("core.echo", {}, { x: ndarray(large(1000)) });
    expect(first).toEqual(kept);
    await worker.close();
    expect(first).toEqual(kept);
    expect(observations.length).toBe(12);
  });

  it("has more ports than there is room for: the last environments step by messages", async () => {
    const worker = await shared();
    const envs = await Promise.all(
      Array.from({ length: 260 }, () => makeVectorEnvironment("CartPole-v1", { worker, count: 1 })),
    );
    await Promise.all(envs.map((env) => env.reset({ seed: 1 })));
    const steps = await Promise.all(envs.map((env) => env.step(Int32Array.of(1))));
    for (const { observations } of steps) expect(observations).toEqual(steps[0].observations);
    await Promise.all(envs.map((env) => env.close()));
    const again = await makeVectorEnvironment("CartPole-v1", { worker, count: 1 });
    await again.reset({ seed: 1 });
    expect((await again.step(Int32Array.of(1))).observations).toEqual(steps[0].observations);
    await worker.close();
  });

  it("has no room for an observation as large: it comes as a message, and small ones stay where they are", async () => {
    const worker = await shared();
    const env = await makeEnvironment<Uint8Array>("misbehaving_env:Large-v0", { worker });
    const small = await makeEnvironment("CartPole-v1", { worker });
    const { observation } = await env.reset();
    expect([observation.length, observation[0], observation.at(-1)]).toEqual([18 * 2 ** 20, 1, 1]);
    await small.reset({ seed: 1 });
    const [step, other] = await Promise.all([env.step(1), small.step(0)]);
    expect([step.observation[0], step.observation.at(-1), step.reward]).toEqual([3, 3, 1]);
    expect(other.observation).toHaveLength(4);
    await worker.close();
  });

  it("leaves nothing: no name, no descriptor, and no mapping once nobody looks at it", async () => {
    const program = here("../fixtures/workers/leaves-nothing.ts");
    const register = here("../../scripts/register-ts.mjs");
    const { stdout } = await execa(process.execPath, ["--expose-gc", "--import", register, program]);
    expect(JSON.parse(stdout)).toEqual({ during: true, descriptors: 0, mappings: 0, names: [] });
  });

  it("is idle when nothing is asked: less than 0.2 % of a processor", async () => {
    const worker = await shared();
    const env = await makeVectorEnvironment("CartPole-v1", { worker, count: 1 });
    await env.reset({ seed: 1 });
    await env.step(Int32Array.of(1));
    const used = (): number => {
      const stat = readFileSync(`/proc/${worker.pid}/stat`, "utf8");
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      return Number(fields[11]) + Number(fields[12]);
    };
    await new Promise((resolve) => setTimeout(resolve, 500));
    const before = used();
    await new Promise((resolve) => setTimeout(resolve, 10_000));
    expect(used() - before).toBeLessThanOrEqual(2); // of 1,000 ticks
    await worker.close();
  }, 20_000);
});

describe("where shared memory cannot be had", () => {
  it.each([
    ["files may not grow (ulimit -f)", "ulimit -f 1000"],
    ["address space is short in the worker", "SHORT=1"],
    ["koffi has no binary", "NO_KOFFI=1"],
  ])("%s: the run goes on by ZeroMQ, with one line of warning", async (_what, limit) => {
    const program = here("../fixtures/workers/says-data.ts");
    const register = here("../../scripts/register-ts.mjs");
    const run = `exec ${process.execPath} --import ${register} ${program}`;
    const command = limit.startsWith("ulimit") ? `${limit}; ${run}` : `${limit} ${run}`;
    const { stdout } = await execa("bash", ["-c", command]);
    const { data, warnings, rewards } = JSON.parse(stdout) as { data: string; warnings: string[]; rewards: number[] };
    expect(data).toBe("zeromq");
    expect(warnings).toEqual([expect.stringMatching(/data goes by ZeroMQ/)]);
    expect(rewards).toEqual([1, 1]);
  });

  it("DSQN_BRIDGE_DATA and the option say which way, and nothing else is taken", async () => {
    process.env["DSQN_BRIDGE_DATA"] = "zeromq";
    const worker = await open();
    expect(worker.data).toBe("zeromq");
    await worker.close();
    process.env["DSQN_BRIDGE_DATA"] = "pigeons";
    expect((await failure(open())).code).toBe("WORKER_OPTIONS_INVALID");
    delete process.env["DSQN_BRIDGE_DATA"];
  });
});
