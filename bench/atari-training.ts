import { execFileSync } from "node:child_process";
import { convDqnSchema } from "../src/learning/algorithms/dqn-config.ts";
import { trainDqn, withEnvironments } from "../src/learning/algorithms/index.ts";
import { tensorflowQLearner } from "../src/learning/q-learner/tensorflow.ts";
import type { Batch } from "../src/learning/replay/replay.ts";
import { architectures, createNetwork } from "../src/network/create.ts";
import { loadTfjs, type Tfjs } from "../src/engines/tensorflow/tfjs.ts";
import { DsqnError } from "../src/errors.ts";
import { ensurePython } from "../src/setup/python-environment.ts";
import { Random } from "../src/numeric/random.ts";
import { openPeer } from "./engine/peer.ts";
import { type BenchOptions, median, type Row } from "./measure.ts";

const BATCH = 32;
/** Agent steps of the loop before its time is taken, and while it is. */
const [BEFORE, DURING] = [800, 1600];

/** Learning from pixels against PyTorch on the same cores: a gradient step, and the whole loop with the games in it. */
export default async function bench({ rounds = 5, signal, onProgress }: BenchOptions): Promise<Row[]> {
  const tf = await loadTfjs({ onProgress, signal });
  const { python } = await ensurePython(["base", "atari"], { onProgress, signal });
  const packages = execFileSync(python, ["-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]);
  process.env.DSQN_BENCH_ATARI = packages.toString().trim();
  const peer = openPeer("../atari-training/torch", signal);
  const update = ourUpdate(tf);
  try {
    const [updates, loops] = [
      { ours: [] as number[], peer: [] as number[] },
      { ours: [] as number[], peer: [] as number[] },
    ];
    for (let round = 0; round < rounds; round++) {
      onProgress?.({ stage: "bench atari-training", done: round, total: rounds, unit: "rounds" });
      updates.peer.push(1000 * (await peer.seconds("update", 40)));
      updates.ours.push(1000 * clock(update, 40));
      loops.peer.push(1 / (await peer.seconds("loop", DURING)));
      loops.ours.push(await ourLoop(signal));
    }
    const ms = { ours: median(updates.ours), peer: median(updates.peer) };
    const rate = { ours: median(loops.ours), peer: median(loops.peer) };
    return [
      {
        name: "conv DQN update, Mnih 2015, batch 32 (peer: PyTorch eager)",
        unit: "ms",
        better: "lower",
        target: "at most 0.77: 1.3 times as fast",
        ...ms,
        ratio: ms.ours / ms.peer,
      },
      {
        name: "conv DQN training, Breakout, 4 agent steps per update (peer: a CleanRL-style PyTorch loop)",
        unit: "agent steps/s",
        better: "higher",
        target: "at least 1",
        ...rate,
        ratio: rate.ours / rate.peer,
      },
    ];
  } finally {
    peer.close();
    update.close();
  }
}

function clock(work: () => void, calls: number): number {
  const start = performance.now();
  for (let k = 0; k < calls; k++) work();
  return (performance.now() - start) / 1000 / calls;
}

const learning = {
  optimizer: { kind: "adam", beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
  clip: { kind: "none", limit: 1 },
  loss: "huber",
  doubleQ: false,
  advantageLearning: 0,
} as const;

/** The peer's work: a forward pass of the target network, one forward and backward of the online network, Adam. */
function ourUpdate(tf: Tfjs): (() => void) & { close(): void } {
  const random = new Random(1);
  const network = createNetwork([84, 84, 4], architectures["nature"](4), random, 1 / 255);
  const learner = tensorflowQLearner(tf, network, learning);
  const bytes = (): Uint8Array => Uint8Array.from({ length: BATCH * 84 * 84 * 4 }, () => random.integer(256));
  const batch: Batch = {
    size: BATCH,
    observations: bytes(),
    nextObservations: bytes(),
    actions: Uint8Array.from({ length: BATCH }, () => random.integer(4)),
    rewards: new Float32Array(BATCH).fill(1),
    discounts: new Float32Array(BATCH).fill(0.99),
    weights: new Float32Array(BATCH).fill(1),
    slots: new Int32Array(BATCH),
  };
  const run = (): void => void learner.update(batch, 1e-4);
  for (let k = 0; k < 5; k++) run();
  return Object.assign(run, { close: () => learner.close() });
}

/** Agent steps per second of `trainDqn` with the peer's settings, its first ones left out. */
function ourLoop(outer?: AbortSignal): Promise<number> {
  const config = convDqnSchema.parse({
    method: "conv-dqn",
    environment: { game: "Breakout", count: 8 },
    network: { architecture: "nature" },
    steps: 1e9,
    epsilon: { kind: "linear", start: 1, end: 0.05, steps: 500 },
    ...learning,
    optimizer: { ...learning.optimizer, learningRate: { kind: "constant", value: 1e-4 } },
    replay: { capacity: 20000, initial: 500 },
    target: { every: 1000 },
    evaluation: { every: 1e9 },
  });
  return withEnvironments(config, async (make) => {
    const enough = new AbortController();
    let [steps, start, end] = [0, 0, 0];
    try {
      await trainDqn(config, {
        makeEnvironments: make,
        signal: outer ? AbortSignal.any([outer, enough.signal]) : enough.signal,
        onSafePoint({ last }) {
          if (last) return;
          if (steps === BEFORE) start = performance.now();
          if (steps === BEFORE + DURING) {
            end = performance.now();
            enough.abort();
          }
          steps += config.environment.count;
        },
      });
    } catch (error) {
      outer?.throwIfAborted();
      if (!(error instanceof DsqnError && error.code === "INTERRUPTED")) throw error;
    }
    return DURING / ((end - start) / 1000);
  });
}
