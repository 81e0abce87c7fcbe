import { openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { DsqnError } from "../../src/errors.ts";
import { Random } from "../../src/numeric/random.ts";
import { keepInMemory } from "./memory-files.ts";
import { mutated } from "./mutate.ts";
import { isTyped, type Target, targetOf } from "./targets.ts";

/** A stretch of inputs for one reader. */
export interface Order {
  readonly target: string;
  readonly seed: number;
  readonly from: number;
  readonly to: number;
}

/** What was wrong with an input. */
export type Fault = "untyped" | "hang" | "slow" | "memory" | "polluted" | "executed";

export interface Finding {
  readonly target: string;
  readonly index: number;
  readonly fault: Fault;
  readonly message: string;
}

export type Report =
  | { readonly kind: "ready" }
  | { readonly kind: "finding"; readonly finding: Finding; readonly bytes: string }
  | { readonly kind: "done"; readonly read: number; readonly refused: number };

/** The most that an input may take, in time of a processor; it counts only if it does so three times. */
export const SLOW_MS = 1000;

/** The input of that number: the same for the same seed, on every machine. */
export async function inputOf(target: Target, seed: number, index: number): Promise<Uint8Array> {
  const random = Random.stream(seed, `${target.name}/${index}`);
  const seeds = await seedsOf(target);
  return mutated(seeds[random.integer(seeds.length)], random, tokensOf(target), target.form);
}

const seedCache = new Map<string, Promise<Uint8Array[]>>();
function seedsOf(target: Target): Promise<Uint8Array[]> {
  if (!seedCache.has(target.name)) seedCache.set(target.name, Promise.resolve(target.seeds()));
  return seedCache.get(target.name)!;
}

const tokenCache = new Map<string, Uint8Array[]>();
function tokensOf({ name, tokens = [] }: Target): Uint8Array[] {
  if (!tokenCache.has(name))
    tokenCache.set(name, tokens.map((token) => Uint8Array.from(token, (c) => c.charCodeAt(0)))); // prettier-ignore
  return tokenCache.get(name)!;
}

const names = [Object.prototype, Array.prototype, Function.prototype].map((one) => [one, Object.getOwnPropertyNames(one).length] as const); // prettier-ignore

/** Whether something has grown on what all objects share; it is taken off again. */
function polluted(): boolean {
  let found = false;
  for (const [one, count] of names) {
    const now = Object.getOwnPropertyNames(one);
    if (now.length === count) continue;
    found = true;
    for (const name of now.slice(count)) delete (one as Record<string, unknown>)[name];
  }
  return found;
}

/** Reads one input, and says what was wrong about it. */
export async function tryInput(
  target: Target,
  bytes: Uint8Array,
  scratch: string,
): Promise<{ refused: boolean; fault?: Fault; message?: string }> {
  const started = performance.now();
  const { refused, error } = await reading(target, bytes, scratch);
  if (refused && !isTyped(target, error))
    return { refused, fault: "untyped", message: (error as Error)?.stack ?? String(error) };
  if (error instanceof DsqnError && error.code === "INTERNAL") return { refused, fault: "untyped", message: error.message }; // prettier-ignore
  if (polluted()) return { refused, fault: "polluted", message: "a prototype has a property more" };
  if (performance.now() - started <= SLOW_MS) return { refused };
  // The clock counts what others had of the processor, too. What it takes itself is dear to ask for, and only a second reading is measured so.
  const before = process.cpuUsage();
  await reading(target, bytes, scratch);
  const { user, system } = process.cpuUsage(before);
  const ms = (user + system) / 1000;
  return ms > SLOW_MS ? { refused, fault: "slow", message: `${Math.round(ms)} ms` } : { refused };
}

async function reading(
  target: Target,
  bytes: Uint8Array,
  scratch: string,
): Promise<{ refused: boolean; error?: unknown }> {
  try {
    await target.read(bytes, scratch);
    return { refused: false };
  } catch (error) {
    return { refused: true, error };
  }
}

interface Place {
  readonly scratch: string;
  /** A file that says which input this is at, and since when. */
  readonly place: number;
  /** Whether a file is there in truth. */
  readonly exists: (path: string) => boolean;
}

async function work({ target: name, seed, from, to }: Order, { scratch, place, exists }: Place): Promise<void> {
  const target = targetOf(name);
  let [read, refused] = [0, 0];
  for (let index = from; index < to; index++) {
    const bytes = await inputOf(target, seed, index);
    writeSync(place, Float64Array.of(index, Date.now()), 0, 16, 0);
    let outcome = await tryInput(target, bytes, scratch);
    // A trace is dear, and most inputs end in an error: it is taken where it is wanted.
    if (outcome.fault === "untyped") outcome = await traced(() => tryInput(target, bytes, scratch), outcome);
    for (let again = 0; outcome.fault === "slow" && again < 2; again++)
      outcome = await tryInput(target, bytes, scratch);
    if (outcome.refused) refused++;
    else read++;
    const { fault, message = "" } = outcome;
    if (fault) say({ kind: "finding", finding: { target: name, index, fault, message }, bytes: base64(bytes) });
  }
  for (const canary of [join(scratch, "canary"), "canary", join(scratch, "..", "canary")])
    if (exists(canary)) {
      rmSync(canary, { recursive: true });
      say({ kind: "finding", finding: { target: name, index: to - 1, fault: "executed", message: canary }, bytes: "" }); // prettier-ignore
    }
  say({ kind: "done", read, refused });
}

async function traced<T extends { fault?: Fault }>(again: () => Promise<T>, before: T): Promise<T> {
  Error.stackTraceLimit = 10;
  const now = await again();
  Error.stackTraceLimit = 0;
  return now.fault ? now : before;
}

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");
const say = (report: Report): void => void process.send!(report);

// As a process of its own: with the folder that it may write in, and the file that says which input it is at, and since when.
if (process.send && process.argv[1] === fileURLToPath(import.meta.url)) {
  const [scratch, placeFile] = process.argv.slice(2);
  const place = openSync(placeFile, "w");
  process.chdir(scratch);
  const exists = keepInMemory(scratch);
  Error.stackTraceLimit = 0;
  process.on("message", (order: Order) => void work(order, { scratch, place, exists }));
  process.on("disconnect", () => process.exit());
  say({ kind: "ready" });
}
