import { execa } from "execa";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Dealer } from "zeromq";
import { ndarray, openWorker, type Worker } from "../src/bridge/index.ts";
import { makeAtari } from "../src/environments/atari-worlds.ts";
import { makeEnvironment, makeVectorEnvironment, type VectorEnvironment } from "../src/environments/index.ts";
import { createSpikingNetwork } from "../src/network/create.ts";
import { Random } from "../src/numeric/random.ts";
import { openSimulator } from "../src/simulators/open.ts";
import { type BenchOptions, median, percentile, type Row } from "./measure.ts";

const HERE = fileURLToPath(new URL("bridge", import.meta.url));
const FRAME = 84 * 84 * 4;

/** The bridge against Gymnasium in Python alone, and against bare ZeroMQ. Ours and the peer take turns in every round. */
export default async function bench({ rounds = 15, signal, onProgress }: BenchOptions): Promise<Row[]> {
  const path = [HERE, fileURLToPath(new URL("atari", import.meta.url))];
  const extras = ["base", "atari", "nest"] as const;
  const worker = await openWorker({ name: "bench", path, extras, signal });
  const peer = await openWorker({ name: "bench-peer", path, extras, signal });
  const echo = await openEcho(worker);
  try {
    const measures: Measure[] = [
      await loop(worker, peer),
      await oneStep(worker, peer),
      await manySteps(worker, peer, "native"),
      await manySteps(worker, peer, "sync"),
      await frames(worker, echo),
      await games(worker, peer),
      await vectorGames(worker, peer),
      await nest(worker),
    ];
    const rows: Row[] = [];
    for (const [index, { name, unit, better, target, ours, peer, warmUp = 2 }] of measures.entries()) {
      const [a, b]: [number[], number[]] = [[], []];
      for (let round = -warmUp; round < rounds; round++) {
        signal?.throwIfAborted();
        // Alternate who goes first, so that neither always finds the warmer machine.
        const first = round % 2 ? await ours() : undefined;
        const theirs = await peer();
        const mine = first ?? (await ours());
        if (round < 0) continue;
        a.push(mine);
        b.push(theirs);
        onProgress?.({ stage: "bench", done: index * rounds + round + 1, total: measures.length * rounds, note: name });
      }
      const ratio = median(a.map((mine, i) => mine / b[i]));
      rows.push({ name, unit, better, target, ours: median(a), peer: median(b), ratio });
    }
    return rows;
  } finally {
    await Promise.all([worker.close(), peer.close(), echo.close()]);
  }
}

interface Measure {
  readonly name: string;
  readonly unit: string;
  readonly better: "lower" | "higher";
  readonly target: string;
  readonly warmUp?: number;
  ours(): Promise<number>;
  peer(): Promise<number>;
}

const STEPS = 8000;

/** Steps per second of one CartPole, with its resets. */
async function loop(worker: Worker, peer: Worker): Promise<Measure> {
  const env = await makeEnvironment("CartPole-v1", { worker });
  const actions = Int32Array.from({ length: STEPS }, (_, i) => i % 2);
  await env.reset({ seed: 0 });
  return {
    name: "CartPole-v1, N = 1, loop with resets (peer: the same loop in Python alone)",
    unit: "steps/s",
    better: "higher",
    target: "at least 0.6 of the peer",
    ours: () =>
      rate(STEPS, () =>
        repeat(STEPS, async (i) => {
          const { terminated, truncated } = await env.step(actions[i]);
          if (terminated || truncated) await env.reset();
        }),
      ),
    peer: async () => STEPS / (await alone(peer, "single", actions, 1)).seconds,
  };
}

/** The time of one step. */
async function oneStep(worker: Worker, peer: Worker): Promise<Measure> {
  const env = await makeVectorEnvironment("CartPole-v1", { worker, count: 1, autoreset: "same-step" });
  await env.reset({ seed: 0 });
  const actions = alternating(1);
  return {
    name: "CartPole-v1 step, N = 1, p50 (peer: env.step in Python alone)",
    unit: "µs",
    better: "lower",
    target: "at most 6 µs above the peer",
    ours: () => p50(STEPS, (i) => env.step(actions[i % 2])),
    peer: async () =>
      (
        await alone(
          peer,
          "single",
          Int32Array.from({ length: STEPS }, (_, i) => i % 2),
          1,
        )
      ).p50,
  };
}

/** Steps per second of 64 CartPoles, against the same vector environment without a bridge. */
async function manySteps(worker: Worker, peer: Worker, mode: "sync" | "native"): Promise<Measure> {
  const count = 64;
  const calls = mode === "sync" ? 150 : 1500;
  const env = await makeVectorEnvironment("CartPole-v1", {
    worker,
    count,
    vectorization: mode === "sync" ? "copies" : "native",
  });
  await env.reset({ seed: 0 });
  const actions = alternating(count);
  const all = Int32Array.from({ length: calls * count }, (_, i) => (Math.floor(i / count) + i) % 2);
  return {
    name: `CartPole-v1 vector, N = 64, ${mode === "sync" ? "copies (peer: SyncVectorEnv)" : "native (peer: CartPoleVectorEnv)"}`,
    unit: "env-steps/s",
    better: "higher",
    target: `at least ${mode === "sync" ? 0.95 : 0.85} of the peer`,
    ours: async () => rate(calls * count, () => repeat(calls, (i) => env.step(actions[i % 2]))),
    peer: async () => (calls * count) / (await alone(peer, mode, all, count)).seconds,
  };
}

async function alone(
  peer: Worker,
  mode: string,
  actions: Int32Array,
  count: number,
): Promise<{ seconds: number; p50: number }> {
  const sent = { actions: ndarray(actions, [actions.length / count, count]) };
  return (await peer.call("bridge_bench:alone", { mode }, sent)).result as { seconds: number; p50: number };
}

/** Frames of 28 KB per second, one per message, from a few environments at a time; against bare ZeroMQ moving the same bytes. */
async function frames(worker: Worker, echo: Echo): Promise<Measure> {
  const inFlight = 4;
  const calls = 1500;
  const make = (): Promise<VectorEnvironment<Uint8Array>> =>
    makeVectorEnvironment("bridge_bench:dsqn-bench/Frames-v0", { worker, count: 1 });
  const envs = await Promise.all(Array.from({ length: inFlight }, make));
  await Promise.all(envs.map((env) => env.reset()));
  const action = new Int32Array(1);
  const frame = Buffer.alloc(FRAME);
  return {
    name: "28 KB frames, one per step (peer: bare ZeroMQ echo)",
    unit: "frames/s",
    better: "higher",
    target: "at least 60 k, and 5 x the peer",
    ours: async () =>
      rate(inFlight * calls, () => Promise.all(envs.map((env) => repeat(calls, () => env.step(action))))),
    peer: async () => rate(inFlight * calls, () => echo.stream(frame, inFlight * calls, inFlight)),
  };
}

/** Agent steps per second of 8 Breakouts in one worker, stacked. */
async function games(worker: Worker, peer: Worker): Promise<Measure> {
  const [count, calls] = [8, 100];
  const envs = await makeAtari({ game: "BreakoutDeterministic-v4", count, worker });
  await envs.reset({ seed: Array.from({ length: count }, (_, k) => k) });
  let [seed, drawn] = [count, 1];
  const actions = Int32Array.from({ length: calls * count }, () => (drawn = (drawn * 48271) % 0x7fffffff) % 4);
  return {
    name: "Breakout, 8 games in one worker (peer: SyncVectorEnv of AtariPreprocessing, stacked)",
    unit: "agent steps/s",
    better: "higher",
    target: "at least 0.95 of the peer",
    ours: () =>
      rate(calls * count, () =>
        repeat(calls, async (t) => {
          const { terminated } = await envs.step(actions.subarray(t * count, (t + 1) * count));
          if (terminated.includes(1))
            await envs.reset({ seed: Array.from({ length: count }, () => seed++), mask: terminated });
        }),
      ),
    async peer() {
      const sent = { actions: ndarray(actions, [calls, count]) };
      const { result } = await peer.call("atari_bench:alone", { mode: "gymnasium" }, sent);
      return (calls * count) / (result["seconds"] as number);
    },
  };
}

/** Agent steps per second of 8 Breakouts in ale-py's vector environment, whose newest frames travel, as training reads them. */
async function vectorGames(worker: Worker, peer: Worker): Promise<Measure> {
  const [count, calls] = [8, 400];
  const game = "BreakoutDeterministic-v4";
  const envs = await makeAtari({ game, count, worker, world: "ale-vector", observations: false });
  await envs.reset({ seed: Array.from({ length: count }, (_, k) => k) });
  let drawn = 1;
  const actions = Int32Array.from({ length: calls * count }, () => (drawn = (drawn * 48271) % 0x7fffffff) % 4);
  return {
    name: "Breakout, 8 games in ale-py's AtariVectorEnv, newest frames (peer: the same in Python alone)",
    unit: "agent steps/s",
    better: "higher",
    target: "at least 0.95 of the peer",
    // Games that end start anew by themselves there, in both.
    ours: () =>
      rate(calls * count, () => repeat(calls, (t) => envs.step(actions.subarray(t * count, (t + 1) * count)))),
    async peer() {
      const sent = { actions: ndarray(actions, [calls, count]) };
      const { result } = await peer.call("atari_bench:alone", { mode: "ale" }, sent);
      return (calls * count) / (result["seconds"] as number);
    },
  };
}

/** What a run of 100 states in NEST takes, as a call, against what of it passes within the method: the rest is the bridge. */
async function nest(worker: Worker): Promise<Measure> {
  let last: { took: number; within: number } | undefined;
  const call: Worker["call"] = async (method, params, arrays, options) => {
    if (method !== "nest.run") return worker.call(method, params, arrays, options);
    const started = performance.now();
    const outcome = await worker.call("bridge_bench:timed", { ...params, method }, arrays, options);
    last = { took: performance.now() - started, within: 1000 * (outcome.result["within"] as number) };
    return outcome;
  };
  const simulator = await openSimulator("nest", { worker: { call } as Worker });
  const network = createSpikingNetwork([4, 64, 64, 2], new Random(1), { steps: 100 });
  const inputs = Float32Array.from({ length: 400 }, (_, i) => Math.sin(i));
  const loaded = await simulator.load(network);
  const run = async (): Promise<{ took: number; within: number }> => {
    await loaded.run(inputs, { recordSpikes: true });
    return last!;
  };
  return {
    name: "NEST, 100 states x 4-64-64-2, T = 100, a call with its spikes (peer: the method within)",
    unit: "ms",
    better: "lower",
    target: "at most 1.02 x the peer",
    ours: async () => (await run()).took,
    // Of the same run: there is nothing to take turns with.
    peer: async () => (last ?? (await run())).within,
  };
}

interface Echo {
  send(message: Buffer): Promise<unknown>;
  /** `count` messages, `inFlight` at a time. */
  stream(message: Buffer, count: number, inFlight: number): Promise<void>;
  close(): Promise<void>;
}

async function openEcho(worker: Worker): Promise<Echo> {
  const folder = mkdtempSync(join(tmpdir(), "dsqn-bench-"));
  const address = `ipc://${join(folder, "echo")}`;
  const child = execa(worker.executable, [join(HERE, "echo.py"), address], { reject: false });
  const socket = new Dealer({ linger: 0, sendHighWaterMark: 0, receiveHighWaterMark: 0, reconnectInterval: 20 });
  socket.connect(address);
  return {
    async send(message) {
      await socket.send(message);
      return socket.receive();
    },
    async stream(message, count, inFlight) {
      for (let sent = 0, received = 0; received < count;) {
        for (; sent < count && sent - received < inFlight; sent++) void socket.send(message);
        await socket.receive();
        received++;
      }
    },
    async close() {
      socket.close();
      child.kill();
      await child;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Actions for even and odd steps, so that the poles stand for a while. */
function alternating(count: number): Int32Array[] {
  return [0, 1].map((phase) => Int32Array.from({ length: count }, (_, i) => (phase + i) % 2));
}

async function repeat(times: number, step: (i: number) => Promise<unknown>): Promise<void> {
  for (let i = 0; i < times; i++) await step(i);
}

async function p50(times: number, step: (i: number) => Promise<unknown>): Promise<number> {
  const samples: number[] = [];
  for (let i = 0; i < times; i++) {
    const started = performance.now();
    await step(i);
    samples.push((performance.now() - started) * 1000);
  }
  return percentile(samples, 0.5);
}

async function rate(work: number, run: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await run();
  return (work / (performance.now() - started)) * 1000;
}
