import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { Random } from "../../src/numeric/random.ts";
import { faults, fits, MISSED, states, strike } from "./bridge.ts";
import { clientFaults, clientStates, strikeClient } from "./client.ts";
import { fullDisks, strikeDisk } from "./disk.ts";
import type { Outcome } from "./outcome.ts";
import { setupFaults, setupStates, setUpWhole, strikeSetup } from "./setup.ts";
import { jumpingClock, strikeTraining, trainingFaults, trainWhole } from "./training.ts";

/** A line of the file of outcomes. */
export interface Entry extends Outcome {
  readonly index: number;
  readonly seed: number;
  readonly what: string;
  readonly seconds: number;
}

export interface Campaign {
  readonly folder: string;
  readonly faults: number;
  readonly seed: number;
  /** Go on behind the outcomes that the folder holds. */
  readonly resume: boolean;
  /** What is struck; a mixture unless given. */
  readonly only?: Victim;
  readonly signal?: AbortSignal;
  readonly onOutcome?: (entry: Entry) => void;
}

export const victims = ["worker", "client", "training", "disk", "clock", "setup"] as const;
export type Victim = (typeof victims)[number];

/** Of twenty faults one strikes a training, three a client, the others a worker. Disks, clocks and set-ups have to be named. */
function victimOf(index: number): Victim {
  const kind = index % 20;
  return kind === 10 ? "training" : kind % 6 === 5 ? "client" : "worker";
}

const pick = <T>(random: Random, items: readonly T[]): T => items[random.integer(items.length)];
const pairs = states.flatMap((state) => faults.filter((fault) => fits(state, fault)).map((fault) => [state, fault] as const)); // prettier-ignore

/** The same faults for the same seed. */
export async function chaos({
  folder,
  faults: count,
  seed,
  resume,
  only,
  signal,
  onOutcome,
}: Campaign): Promise<Entry[]> {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, "outcomes.jsonl");
  if (!resume) rmSync(file, { force: true });
  const entries = existsSync(file) ? linesOf(file, seed) : [];
  // What was cut off, or is of another seed, goes.
  writeFileSync(file, entries.map((entry) => `${JSON.stringify(entry)}\n`).join(""));
  let whole: Awaited<ReturnType<typeof trainWhole>> | undefined;
  let clone: Awaited<ReturnType<typeof setUpWhole>> | undefined;
  try {
    for (let index = entries.length; index < count && !signal?.aborted; index++) {
      const random = Random.stream(seed, `chaos/${index}`);
      const started = performance.now();
      const victim = only ?? victimOf(index);
      let struck: readonly [string, Outcome];
      if (victim === "training" || victim === "clock") {
        whole ??= await trainWhole(join(folder, "training"));
        const fault = pick(random, trainingFaults);
        const clock = victim === "clock" ? jumpingClock : undefined;
        struck = [`training${clock ? " on a clock that jumps" : ""}: ${fault}`, await strikeTraining(whole, fault, random, clock)]; // prettier-ignore
      } else if (victim === "disk") {
        whole ??= await trainWhole(join(folder, "training"));
        const which = pick(random, fullDisks);
        struck = [`training: ${which} disk is full`, await strikeDisk(whole, which, random)];
      } else if (victim === "setup") {
        clone ??= await setUpWhole(resolve(folder, "setup"));
        const [state, fault] = [pick(random, setupStates), pick(random, setupFaults)];
        struck = [`set-up, ${state}: ${fault}`, await strikeSetup(clone, state, fault, random)];
      } else if (victim === "client") {
        const [state, fault] = [pick(random, clientStates), pick(random, clientFaults)];
        struck = [`client, ${state}: ${fault}`, await strikeClient(state, fault, random)];
      } else {
        const [state, fault] = pick(random, pairs);
        struck = [`worker, ${state}: ${fault}`, await strike(state, fault, random)];
      }
      const [what, outcome] = struck;
      const entry = { index, seed, what, ...outcome, seconds: Math.round(performance.now() - started) / 1000 };
      entries.push(entry);
      appendFileSync(file, `${JSON.stringify(entry)}\n`);
      onOutcome?.(entry);
    }
  } finally {
    for (const made of [whole, clone]) if (made) rmSync(made.folder, { recursive: true, force: true });
  }
  return entries;
}

/** Those of that seed, up to a line that was cut off. */
function linesOf(file: string, seed: number): Entry[] {
  const entries: Entry[] = [];
  for (const line of readFileSync(file, "utf8").split("\n").filter(Boolean)) {
    try {
      entries.push(JSON.parse(line) as Entry);
    } catch {
      break;
    }
  }
  return entries.filter((entry, k) => entry.seed === seed && entry.index === k);
}

/** Counts that are 0 where all is well, and how many faults came too late to count. */
export function summed(entries: readonly Entry[]): Record<string, number> {
  const sum = (field: keyof Entry): number => entries.reduce((total, entry) => total + Number(entry[field]), 0);
  const missed = entries.filter(({ code }) => code === MISSED).length;
  return {
    faults: entries.length - missed,
    missed,
    hangs: sum("hang"),
    orphans: sum("orphans"),
    leaked: sum("leaked"),
    lostTransitions: sum("lost"),
    wrong: sum("wrong"),
    seconds: Math.round(sum("seconds")),
  };
}
