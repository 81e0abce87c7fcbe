import { processors } from "./processors.ts";

/** How long a wait looks at the counter without leaving the event loop to others; then with every turn of the event loop. In microseconds. */
export interface Budget {
  readonly spin: number;
  readonly poll: number;
}

/** What a worker looks for the next request before it sleeps; none where it would take the processor that we need. */
export const spinMicros = (): number => (processors() > 1 ? 200 : 0);

const MOST_SPIN = 50;
const MOST_POLL = 5000;
const MOST_SKIPPED = 64;
const NONE: Budget = { spin: 0, poll: 0 };

/** Workers that are at work for us, each on a processor of its own if there are enough. */
let busy = 0;
export const working = (change: 1 | -1): void => void (busy += change);

/**
 * Learns from the waits before how long the next one will look before it sleeps: about twice as long as replies took, if that is short enough. Where looking has
 * not paid, none: the next 1, 2, 4, ... waits sleep at once. Never where the worker needs this processor.
 */
export class Patience {
  /** Microseconds until a reply, a moving average. */
  #expected = 20;
  #misses = 0;
  #skip = 0;
  readonly #processors: number;

  constructor(available = processors()) {
    this.#processors = available;
  }

  budget(): Budget {
    if (busy >= this.#processors || this.#expected * 2 > MOST_POLL) return NONE;
    if (this.#skip > 0) {
      this.#skip--;
      return NONE;
    }
    const spin = this.#expected < MOST_SPIN ? Math.min(MOST_SPIN, 10 + 2 * this.#expected) : 0;
    return { spin, poll: Math.min(MOST_POLL, 200 + 2 * this.#expected) };
  }

  /** A reply took so long; `looked`: it was waited for by looking, and came (true) or did not come in time (false). */
  took(microseconds: number, looked: boolean | undefined): void {
    this.#expected += (Math.min(microseconds, 2 * MOST_POLL) - this.#expected) / 8;
    if (looked === undefined) return;
    this.#misses = looked ? 0 : Math.min(this.#misses + 1, Math.log2(MOST_SKIPPED));
    this.#skip = looked ? 0 : 2 ** this.#misses / 2;
  }
}
