import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { makeAtari } from "../src/environments/atari-worlds.ts";
import { ndarray, openWorker } from "../src/bridge/index.ts";
import { Random } from "../src/numeric/random.ts";
import { type BenchOptions, median, type Row } from "./measure.ts";

const COUNT = 8;
/** Two processors at most: what a laptop has to spare. */
const WORKERS = Math.min(2, availableParallelism());
/** A round: about half a second of play. */
const CALLS = 200;

/** The peers, in Python alone with the same number of games and the same kind of actions. */
const PEERS = [
  { mode: "ours", name: "the same games in Python alone", target: "at least 90 %", observations: false },
  {
    mode: "gymnasium",
    name: "SyncVectorEnv of AtariPreprocessing, stacked",
    target: "at least 90 %",
    observations: true,
  },
  {
    mode: "ale",
    name: "AtariVectorEnv on all cores, stacked",
    target: "no target: it plays other games",
    observations: true,
  },
] as const;

/** Agent steps per second of 8 Breakouts through the bridge, against Python without a bridge, in turns. */
export default async function bench({ rounds = 9, signal, onProgress }: BenchOptions): Promise<Row[]> {
  const path = [fileURLToPath(new URL("atari", import.meta.url))];
  const extras = ["base", "atari"] as const;
  const peer = await openWorker({ name: "bench-peer", extras, path, signal });
  try {
    const rows: Row[] = [];
    for (const [index, { mode, name, target, observations }] of PEERS.entries()) {
      const games = await makeAtari({ game: "BreakoutDeterministic-v4", count: COUNT, observations, workers: WORKERS });
      await games.reset({ seed: Array.from({ length: COUNT }, (_, k) => k) });
      const random = new Random(index);
      const drawn = (): Int32Array => Int32Array.from({ length: CALLS * COUNT }, () => random.integer(4));
      let seed = COUNT;
      const ours = async (): Promise<number> => {
        const actions = drawn();
        const started = performance.now();
        for (let t = 0; t < CALLS; t++) {
          const { terminated } = await games.step(actions.subarray(t * COUNT, (t + 1) * COUNT));
          if (terminated.includes(1))
            await games.reset({ seed: Array.from({ length: COUNT }, () => seed++), mask: terminated });
        }
        return (1000 * CALLS * COUNT) / (performance.now() - started);
      };
      const alone = async (): Promise<number> => {
        const sent = { actions: ndarray(drawn(), [CALLS, COUNT]) };
        const { result } = await peer.call("atari_bench:alone", { mode }, sent);
        return (CALLS * COUNT) / (result["seconds"] as number);
      };
      const [mine, theirs]: [number[], number[]] = [[], []];
      for (let round = -1; round < rounds; round++) {
        signal?.throwIfAborted();
        const first = round % 2 ? await ours() : undefined;
        const b = await alone();
        const a = first ?? (await ours());
        if (round < 0) continue;
        mine.push(a);
        theirs.push(b);
        onProgress?.({ stage: "bench", done: index * rounds + round + 1, total: PEERS.length * rounds, note: name });
      }
      await games.close();
      rows.push({
        name: `Breakout, ${COUNT} games in ${WORKERS} worker(s) (peer: ${name})`,
        unit: "agent steps/s",
        better: "higher",
        target,
        ours: median(mine),
        peer: median(theirs),
        ratio: median(mine.map((a, i) => a / theirs[i])),
      });
    }
    return rows;
  } finally {
    await peer.close();
  }
}
