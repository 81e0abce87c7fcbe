import { fileURLToPath } from "node:url";
import { ensurePython } from "../src/setup/python-environment.ts";
import { record, type Recording, replay } from "./board/recording.ts";
import { type BenchOptions, median, type Row } from "./measure.ts";

/** Layers, neurons, steps, rate of the source per step, what is recorded, time scale factor. */
const BUSY = ["2", "128", "200", "0.4", "spikes", "2"];
const SMALL_STEPS = 2000;
const SMALL = ["1", "16", String(SMALL_STEPS), "0.1", "record", "1"];
/** A step on a board, in ms. */
const REAL_STEP = 1;

/**
 * The emulated board, with sPyNNaker's own binaries: the host's side is recorded once and played again to boards of both kinds. Times are
 * CPU time of this process, threads of the compiler included.
 */
export default async function bench({ rounds = 5, signal, onProgress }: BenchOptions): Promise<Row[]> {
  const { python } = await ensurePython(["base", "nest", "pynn", "spinnaker"], { onProgress, signal });
  const script = fileURLToPath(new URL("board/network.py", import.meta.url));
  const busy = await record(python, [script, ...BUSY], signal);
  const small = await record(python, [script, ...SMALL], signal);
  return [...compare(busy, rounds), steps(small, rounds)];
}

/** Instructions per second: translated, and interpreted, by turns; the memories must be the same. */
function compare(recording: Recording, rounds: number): Row[] {
  const pairs = Array.from({ length: rounds }, () => {
    const translated = replay(recording, { engine: "translate" });
    const interpreted = replay(recording, { engine: "interpret" });
    if (translated.memory !== interpreted.memory || translated.instructions !== interpreted.instructions)
      throw new Error("Translator and interpreter differ.");
    const mips = [translated, interpreted].map(({ instructions, seconds }) => instructions / seconds / 1e6);
    return { ours: mips[0], peer: mips[1] };
  });
  const row = (name: string, target: string, some: typeof pairs): Row => ({
    name,
    unit: "MIPS",
    better: "higher",
    target,
    ours: median(some.map(({ ours }) => ours)),
    peer: median(some.map(({ peer }) => peer)),
    ratio: median(some.map(({ ours, peer }) => ours / peer)),
  });
  const [, neurons, time] = BUSY;
  const name = `two layers of ${neurons} neurons, ${time} steps`;
  return [
    row(`${name}: translated (peer: our interpreter)`, "at least 2.3", pairs.slice(1)),
    row(`${name}: the first time, with translating (peer: our interpreter)`, "at least 1", pairs.slice(0, 1)),
  ];
}

/** A step of the whole board against the time that a real one takes for it. */
function steps(recording: Recording, rounds: number): Row {
  const ours = median(Array.from({ length: rounds }, () => replay(recording, {}).seconds)) * (1000 / SMALL_STEPS);
  return {
    name: "16 recorded neurons and their source, a step, loading included (peer: a real board's time)",
    unit: "ms",
    better: "lower",
    target: "at most 0.1",
    ours,
    peer: REAL_STEP,
    ratio: ours / REAL_STEP,
  };
}
