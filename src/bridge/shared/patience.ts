import { readFileSync } from "node:fs";
import { cpus } from "node:os";
import { processors } from "./processors.ts";

/** How long a wait looks at the counter without leaving the event loop to others; then with every turn of the event loop. In microseconds. */
export interface Budget {
  readonly spin: number;
  readonly poll: number;
}

/** About what a wake-up message costs: to look so long costs at most twice as much as to have known better, whoever else wants the processor. */
const MOST_SPIN = 100;
/** Of replies that take longer, the spin would end in vain. */
const SPUN_FOR = 90;
const MOST_POLL = { free: 5000, crowded: 400 };
/**
 * What a worker looks for the next request before it sleeps: time enough for a client to wake that slept, or to collect its garbage; where
 * nobody else wants the processor, for a few gradient steps as well, since a message that wakes costs up to 2 ms when both processors are busy.
 */
const WORKER_SPIN = { free: 3000, crowded: 500 };
/** What a worker that sleeps may need to wake, over three threads on processors that sleep too. */
const WAKING = 1000;
/**
 * After waits that did not pay, at most half as many sleep at once: few where looking costs little, since two who look at the same time
 * soon answer at once.
 */
const MOST_SKIPPED = { spin: 7, poll: 127 };
const NONE: Budget = { spin: 0, poll: 0 };

/** How often the machine is asked whether it is crowded, in milliseconds. */
const ASK_EVERY = 100;
/** A moment shows more threads than those that stay: of the kernel, and our own that wake each other. A whole one more is somebody. */
const SLACK = 0.9;

/** Whether looking takes a processor from nobody: no more wants to run than there are. */
export class Machine {
  #free = true;
  #runnable = 0;
  #asked = -Infinity;
  readonly #all: number;
  readonly #read: () => string;

  /**
   * `read`: what the kernel says of its load, the fourth field being how many threads want to run now, of how many; `all`: the machine's
   * processors.
   */
  constructor(read: () => string, all = cpus().length) {
    this.#read = read;
    this.#all = all;
  }

  free(now: number): boolean {
    if (now - this.#asked < ASK_EVERY) return this.#free;
    this.#asked = now;
    const runnable = parseInt(this.#read().split(" ")[3] ?? "");
    this.#runnable += ((Number.isNaN(runnable) ? 0 : runnable) - this.#runnable) / 8;
    return (this.#free = this.#runnable < this.#all + SLACK);
  }
}

const machine = new Machine(() => readFileSync("/proc/loadavg", "utf8"));

/** Workers that are at work for us, each on a processor of its own if there are enough. */
let busy = 0;
export const working = (change: 1 | -1): void => void (busy += change);

/** Whether a worker may look for its next request at all. */
export const workersLook = (): boolean => processors() >= 2 && !neverLooks();

/** Microseconds that a worker that may look does so. */
export const workerSpin = (now: number): number => (machine.free(now) ? WORKER_SPIN.free : WORKER_SPIN.crowded);

const neverLooks = (): boolean => process.env["DSQN_BRIDGE_SPIN"] === "0";

/**
 * Learns from the waits before how long the next one will look before it sleeps: about twice as long as replies took, if that is short
 * enough. Where looking has
 * not paid, none: the next 0, 1, 3, 7, ... waits sleep at once. Never where it would take the processor from somebody.
 */
export class Patience {
  /** Microseconds that the worker needs for a reply, a moving average. */
  #expected = 20;
  #missed = 0;
  #skip = 0;
  readonly #processors: number;
  readonly #machine: Machine;

  constructor(available = neverLooks() ? 0 : processors(), on = machine) {
    this.#processors = available;
    this.#machine = on;
  }

  /** `woken`: the worker sleeps and has to wake first. */
  budget(now: number, woken = false): Budget {
    if (busy >= this.#processors) return NONE;
    const expected = this.#expected;
    const spin = expected < SPUN_FOR ? (woken ? MOST_SPIN : Math.min(MOST_SPIN, 10 + 2 * expected)) : 0;
    const most = this.#machine.free(now) ? MOST_POLL.free : MOST_POLL.crowded;
    const poll = 2 * expected < most ? Math.min(most, (woken ? WAKING : 200) + 2 * expected) : 0;
    if (spin + poll === 0) return NONE;
    if (this.#skip === 0) return { spin, poll };
    this.#skip--;
    return NONE;
  }

  /** What the worker needed for a reply, by its own clock: how long waiting takes depends on how one waits. */
  took(microseconds: number): void {
    this.#expected += (Math.min(Math.max(0, microseconds), 2 * MOST_POLL.free) - this.#expected) / 8;
  }

  /** Whether a reply came while it was looked for, on the spot or in turns. */
  looked(inTime: boolean, how: keyof Budget): void {
    this.#missed = inTime ? 0 : Math.min(2 * this.#missed + 1, MOST_SKIPPED[how]);
    this.#skip = this.#missed >> 1; // one miss alone is chance
  }
}
