import { DsqnError } from "../src/errors.ts";
import { type BenchOptions, median, type Row } from "./measure.ts";
import { ownWork } from "./engine/ours.ts";
import { openPeer, type Peer } from "./engine/peer.ts";
import { openTfjs } from "./engine/tfjs_peer.ts";

/** One figure: how often per second we and a peer do the same piece of work, measured in turns. */
interface Figure {
  readonly name: string;
  readonly target: number;
  /** Names in engine/ours.ts. */
  readonly ours: string;
  /** Which peer, and the name of the work in its script. "ours": another piece of our own work. */
  readonly peer: "jax" | "torch" | "snntorch" | "tfjs" | "ours";
  readonly work: string;
}

const figures: readonly Figure[] = [
  {
    name: "forward + backward, [5,17,17,2], batch 128, T 20 (peer: JAX jit)",
    target: 3,
    ours: "gradient 5-17-17-2",
    peer: "jax",
    work: "gradient 5-17-17-2",
  },
  {
    name: "forward + backward, [3,65,65,3], batch 128, T 20 (peer: JAX jit)",
    target: 2,
    ours: "gradient 3-65-65-3",
    peer: "jax",
    work: "gradient 3-65-65-3",
  },
  {
    name: "full double-DQN update, [5,64,64,2], batch 128, T 20 (peer: PyTorch eager)",
    target: 5,
    ours: "update 5-64-64-2",
    peer: "torch",
    work: "update 5-64-64-2",
  },
  {
    name: "one decision, [5,17,17,2], T 20 (peer: JAX jit)",
    target: 20,
    ours: "decision 5-17-17-2",
    peer: "jax",
    work: "decision 5-17-17-2",
  },
  {
    name: "one decision, [4,64,64,2], T 500 (peer: PyTorch eager)",
    target: 200,
    ours: "decision 4-64-64-2",
    peer: "torch",
    work: "decision 4-64-64-2",
  },
  {
    name: "one decision, Nature's convolutional network spiking at some 10 %, T 100 (peer: PyTorch eager)",
    target: 8,
    ours: "decision nature",
    peer: "torch",
    work: "decision nature",
  },
  {
    name: "dense DQN update 4-64-64-2, batch 128 (peer: PyTorch eager)",
    target: 3,
    ours: "dense update 4-64-64-2",
    peer: "torch",
    work: "dense update 4-64-64-2",
  },
  {
    name: "dense DQN update 4-64-64-2, batch 128 (peer: tfjs-node)",
    target: 8,
    ours: "dense update 4-64-64-2",
    peer: "tfjs",
    work: "dense update 4-64-64-2",
  },
  {
    name: "forward + backward + Adam, [5,64,64,2], batch 128, T 20 (peer: snnTorch)",
    target: 8,
    ours: "training 5-64-64-2",
    peer: "snntorch",
    work: "training 5-64-64-2",
  },
  {
    name: "lif, forward + backward, [4,64,64,2], batch 128, T 4 (peer: JAX jit)",
    target: 3,
    ours: "gradient lif, T 4",
    peer: "jax",
    work: "gradient lif, T 4",
  },
  {
    name: "lif, forward + backward, [4,64,64,2], batch 128, T 20 (peer: JAX jit)",
    target: 2,
    ours: "gradient lif, T 20",
    peer: "jax",
    work: "gradient lif, T 20",
  },
  {
    name: "lif, forward + backward, [4,64,64,2], batch 128, T 4 (peer: snnTorch)",
    target: 10,
    ours: "gradient lif, T 4",
    peer: "snntorch",
    work: "gradient lif, T 4",
  },
  {
    name: "lif, forward + backward, [4,64,64,2], batch 128, T 20 (peer: snnTorch)",
    target: 10,
    ours: "gradient lif, T 20",
    peer: "snntorch",
    work: "gradient lif, T 20",
  },
  {
    name: "lif, one decision, [4,64,64,2], T 4 (peer: JAX jit)",
    target: 20,
    ours: "decision lif, T 4",
    peer: "jax",
    work: "decision lif, T 4",
  },
  {
    name: "event-driven at 5 % activity, 6400-1000-4, T 20 (peer: own dense kernel)",
    target: 8,
    ours: "event 6400-1000-4",
    peer: "ours",
    work: "dense 6400-1000-4",
  },
  {
    name: "four neurons for one that share their synapses, small Breakout network, T 100 (peer: own kernel, each neuron for itself)",
    target: 2,
    ours: "small in fours",
    peer: "ours",
    work: "small in fours, each for itself",
  },
  {
    name: "2 threads, forward + backward, [5,64,64,2], batch 128 (peer: 1 thread)",
    target: 1.6,
    ours: "gradient 5-64-64-2",
    peer: "ours",
    work: "gradient 5-64-64-2, 1 thread",
  },
  {
    name: "forward + backward, [5,64,64,2], batch 128, T 20 (peer: torch.compile)",
    target: 1,
    ours: "gradient 5-64-64-2",
    peer: "torch",
    work: "compiled gradient 5-64-64-2",
  },
];

/** Seconds that one measurement takes about. */
const SLICE = 0.05;

/** The engine against JAX, PyTorch and snnTorch (set up by `node bench/engine/setup.mjs`) and tfjs-node (`npm run setup -- --extras tfjs`); a peer that is missing leaves its rows out, with a note. */
export default async function bench({ rounds = 15, signal, onProgress }: BenchOptions): Promise<Row[]> {
  const peers = new Map<string, Peer>();
  const ours = ownWork();
  const rows: Row[] = [];
  try {
    for (const [index, figure] of figures.entries()) {
      signal?.throwIfAborted();
      const mine = ours.get(figure.ours)!;
      const peer = figure.peer === "ours" ? ours.get(figure.work)! : await open(peers, figure, signal);
      if (!peer) continue;
      const [a, b]: [number[], number[]] = [[], []];
      let [mineCalls, theirCalls] = [1, 1];
      for (let round = -2; round < rounds; round++) {
        signal?.throwIfAborted();
        const theirs = await peer(theirCalls);
        const own = await mine(mineCalls);
        mineCalls = Math.max(1, Math.round(SLICE / own));
        theirCalls = Math.max(1, Math.round(SLICE / theirs));
        if (round < 0) continue;
        a.push(1 / own);
        b.push(1 / theirs);
        onProgress?.({
          stage: "bench",
          done: index * rounds + round + 1,
          total: figures.length * rounds,
          note: figure.name,
        });
      }
      rows.push({
        name: figure.name,
        unit: "per second",
        better: "higher",
        target: `at least ${figure.target} x`,
        ours: median(a),
        peer: median(b),
        ratio: median(a.map((rate, i) => rate / b[i])),
      });
    }
    return rows;
  } finally {
    ours.close();
    for (const peer of peers.values()) peer.close();
  }
}

async function open(
  peers: Map<string, Peer>,
  figure: Figure,
  signal?: AbortSignal,
): Promise<((calls: number) => Promise<number>) | undefined> {
  try {
    let peer = peers.get(figure.peer);
    peer ??= figure.peer === "tfjs" ? openTfjs() : openPeer(figure.peer, signal);
    peers.set(figure.peer, peer);
    await peer.seconds(figure.work, 1);
    return (calls) => peer.seconds(figure.work, calls);
  } catch (error) {
    const hint = error instanceof DsqnError ? error.hint : undefined;
    const reason = [error instanceof Error ? error.message : String(error), hint].filter(Boolean).join(" ");
    process.stderr.write(`${figure.name}: not available (${reason})\n`);
    return undefined;
  }
}
