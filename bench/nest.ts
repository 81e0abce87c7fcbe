import { fileURLToPath } from "node:url";
import { ndarray, openWorker, type NdArray, type TypedArray } from "../src/bridge/index.ts";
import { ensurePython } from "../src/setup/python-environment.ts";
import { Random } from "../src/numeric/random.ts";
import { createSpikingNetwork } from "../src/network/create.ts";
import type { Loaded } from "../src/network/engine.ts";
import { weightShape } from "../src/network/layer.ts";
import type { SpikingNetwork } from "../src/network/network.ts";
import { openSimulator } from "../src/simulators/open.ts";
import { type BenchOptions, median, type Row } from "./measure.ts";

/** The thesis's trained DSQN with its T, and a wider network for long T. */
const NETWORKS = [
  { shape: [5, 17, 17, 2], steps: 20 },
  { shape: [4, 64, 64, 2], steps: 100 },
];
const STATES = 100;

/** One decision through the bridge against plain PyNEST, and many states in one kernel against one after the other. */
export default async function bench({ rounds = 15, signal, onProgress }: BenchOptions): Promise<Row[]> {
  const { python } = await ensurePython(["nest"], { onProgress, signal });
  const worker = await openWorker({
    name: "bench-nest",
    python,
    path: [fileURLToPath(new URL("nest", import.meta.url))],
    signal,
  });
  const simulator = await openSimulator("nest", { worker, signal });
  const rows: Row[] = [];
  try {
    for (const { shape, steps } of NETWORKS) {
      const network = createSpikingNetwork(shape, new Random(1), { steps });
      const inputs = Float32Array.from({ length: STATES * shape[0] }, (_, i) => Math.sin(i));
      const loaded = await simulator.load(network);
      const plain = async (): Promise<number> => {
        const { result } = await worker.call(
          "plain:decide",
          { steps, layers: network.layers.length },
          plainArrays(network, inputs.slice(0, shape[0])),
        );
        return result.seconds as number;
      };
      // In a row: what the worker does after its answer is part of the time.
      const one = (): Promise<number> => oneByOne(loaded, inputs, shape[0]);
      const name = `${shape.join("-")}, T = ${steps}`;
      rows.push(await row(`one decision in NEST, ${name} (peer: plain PyNEST)`, "ms", "at most 1.15", one, plain));
      const batch = async (): Promise<number> =>
        (await clock(async () => loaded.run(inputs, { recordSpikes: true }))) / STATES;
      rows.push(
        await row(
          `${STATES} states in one NEST kernel, per state, ${name} (peer: one by one)`,
          "ms",
          "at most 0.10",
          batch,
          one,
        ),
      );
    }
  } finally {
    await simulator.close();
    await worker.close();
  }
  return rows;

  /** Medians in ms over interleaved rounds, after two to warm up. */
  async function row(
    name: string,
    unit: string,
    target: string,
    ours: () => Promise<number>,
    peer: () => Promise<number>,
  ): Promise<Row> {
    const [a, b]: [number[], number[]] = [[], []];
    for (let round = -2; round < rounds; round++) {
      signal?.throwIfAborted();
      const first = round % 2 ? await ours() : undefined;
      const theirs = await peer();
      const mine = first ?? (await ours());
      if (round < 0) continue;
      a.push(mine * 1000);
      b.push(theirs * 1000);
      onProgress?.({ stage: "bench", done: round + 1, total: rounds, note: name });
    }
    return {
      name,
      unit,
      better: "lower",
      target,
      ours: median(a),
      peer: median(b),
      ratio: median(a.map((mine, i) => mine / b[i])),
    };
  }
}

/** Mean over ten states, each a run of its own. */
async function oneByOne(loaded: Loaded, inputs: Float32Array, size: number): Promise<number> {
  const seconds = await clock(async () => {
    for (let s = 0; s < 10; s++) await loaded.run(inputs.subarray(s * size, (s + 1) * size), { recordSpikes: true });
  });
  return seconds / 10;
}

async function clock(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return (performance.now() - began) / 1000;
}

function plainArrays(network: SpikingNetwork, state: Float32Array): Record<string, NdArray> {
  const weights = network.layers.map(
    (layer, l) => [`w${l}`, ndarray(layer.weights as TypedArray, weightShape(layer))] as const,
  );
  return { ...Object.fromEntries(weights), inputs: ndarray(state) };
}
