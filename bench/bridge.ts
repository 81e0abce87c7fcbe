import { execa } from "execa";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Dealer } from "zeromq";
import { ndarray, openWorker, type Worker } from "../src/bridge/index.ts";
import { makeVectorEnvironment, type VectorEnvironment } from "../src/environments/index.ts";
import { type BenchOptions, median, percentile, type Row } from "./measure.ts";

const HERE = fileURLToPath(new URL("bridge", import.meta.url));
const FRAME = 84 * 84 * 4;

/** The bridge against bare ZeroMQ and against Gymnasium in Python alone. Ours and the peer take turns in every round. */
export default async function bench({ rounds = 15, signal, onProgress }: BenchOptions): Promise<Row[]> {
  const worker = await openWorker({ name: "bench", path: [HERE], signal });
  const peer = await openWorker({ name: "bench-peer", path: [HERE], signal });
  const echo = await openEcho(worker);
  try {
    const measures = await Promise.all([
      oneStep(worker, echo),
      manySteps(worker, peer, "sync"),
      manySteps(worker, peer, "native"),
      frames(worker, echo),
    ]);
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

/** p50 of a step of one CartPole, against an echo of a message as large as the reply. */
async function oneStep(worker: Worker, echo: Echo): Promise<Measure> {
  const env = await makeVectorEnvironment("CartPole-v1", { worker, count: 1, autoreset: "same-step" });
  await env.reset({ seed: 0 });
  const actions = alternating(1);
  const message = Buffer.alloc(230);
  return {
    name: "CartPole-v1 step, N = 1, p50",
    unit: "µs",
    better: "lower",
    target: "at most 1.3 x a bare ZeroMQ echo of the same size",
    ours: () => p50(500, (i) => env.step(actions[i % 2])),
    peer: () => p50(500, () => echo.send(message)),
  };
}

/** Steps per second of 64 CartPoles, against the same vector environment without a bridge. */
async function manySteps(worker: Worker, peer: Worker, mode: "sync" | "native"): Promise<Measure> {
  const count = 64;
  const calls = mode === "sync" ? 60 : 400;
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
    target: "at least 500 k or 80 % of the peer, whichever is less",
    ours: async () => rate(calls * count, () => repeat(calls, (i) => env.step(actions[i % 2]))),
    peer: async () => {
      const { result } = await peer.call("bridge_bench:alone", { mode }, { actions: ndarray(all, [calls, count]) });
      return (calls * count) / (result["seconds"] as number);
    },
  };
}

/** Frames of 28 KB per second, one per message, from a few environments at a time; against bare ZeroMQ moving the same bytes. */
async function frames(worker: Worker, echo: Echo): Promise<Measure> {
  const inFlight = 4;
  const calls = 300;
  const make = (): Promise<VectorEnvironment<Uint8Array>> =>
    makeVectorEnvironment("bridge_bench:dsqn-bench/Frames-v0", { worker, count: 1 });
  const envs = await Promise.all(Array.from({ length: inFlight }, make));
  await Promise.all(envs.map((env) => env.reset()));
  const action = new Int32Array(1);
  const frame = Buffer.alloc(FRAME);
  return {
    name: "28 KB frames, one per message",
    unit: "frames/s",
    better: "higher",
    target: "at least 8000",
    ours: async () =>
      rate(inFlight * calls, () => Promise.all(envs.map((env) => repeat(calls, () => env.step(action))))),
    peer: async () => rate(inFlight * calls, () => echo.stream(frame, inFlight * calls, inFlight)),
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
