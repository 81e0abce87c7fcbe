import { type Client, type ClientEffect, clientStep, type Memory, newClient, TURNS, WORDS } from "./handover.ts";
import { type Budget, type Patience, workersLook, workerSpin, working } from "./patience.ts";

/** What the exchange needs of the worker's sockets, and what it tells. */
export interface Surroundings {
  /** Sends the message that wakes a sleeping worker. */
  bell(): void;
  /** The worker wrote what no worker writes: ends it. Never resolves. */
  nonsense(what: string, cause?: unknown): Promise<never>;
}

interface Waiting {
  readonly number: number;
  readonly patience: Patience;
  readonly since: number;
  /** Until when it looks; `since` itself where it does not. */
  readonly until: number;
  readonly how: keyof Budget;
  resolve(): void;
  reject(error: unknown): void;
}

/** Steps that come at once resolve without a turn of the event loop; timers and signals get one at least this often. Milliseconds. */
const TURN_EVERY = 2;
let lastTurn = 0;

/** Requests and replies of all ports of one worker, in order, by the two counters on the board. */
export class Exchange {
  readonly #board: Memory;
  readonly #around: Surroundings;
  readonly #client: Client = newClient();
  #waiting: Waiting[] = [];
  #posted: number;
  #polling = false;
  /** When the newest wait began, and what it may look. */
  #since = 0;
  #budget: Budget = { spin: 0, poll: 0 };
  #several = false;
  #lastPort = -1;
  /** The worker slept when the newest request was made. */
  #rung = false;
  /** The counters say what cannot be: nothing is looked at any more, and the worker is being ended. */
  #broken = false;
  #over: { error: unknown } | undefined;
  readonly #lends = workersLook();
  #lent = -1;

  constructor(board: Memory, around: Surroundings) {
    this.#board = board;
    this.#around = around;
    this.#posted = board.load(WORDS.POSTED);
    this.#lend(performance.now());
  }

  /** A message is about to be sent on the work channel: a worker that is busy with requests then knows of it. */
  posting(): void {
    this.#posted = (this.#posted + 1) | 0;
    this.#board.store(WORDS.POSTED, this.#posted);
  }

  /** Asks for the port's turn; what it needs is written. Returns the request's number. */
  ask(port: number): number {
    if (this.#over) throw this.#over.error;
    const client = this.#client;
    if (client.asked === client.seen) working(1);
    this.#several = port !== this.#lastPort;
    this.#lastPort = port;
    this.#board.store(WORDS.TURN + ((client.asked + 1) & (TURNS - 1)), port);
    client.at = "asking";
    this.#step();
    this.#rung = this.#step() === "bell";
    if (this.#rung) this.#around.bell();
    return client.asked;
  }

  /** Whether the last two requests were those of different ports. */
  get several(): boolean {
    return this.#several;
  }

  /** Looks on the spot for the answer to request `number`. False where it has to be waited for, or the event loop is due a turn. */
  spin(number: number, patience: Patience): boolean {
    this.#since = performance.now();
    this.#budget = patience.budget(this.#since, this.#rung);
    this.#lend(this.#since);
    const { spin } = this.#budget;
    if (spin === 0) return false;
    const until = this.#since + spin / 1000;
    for (let i = 1; this.#outstanding(number) && (i % 32 !== 0 || performance.now() < until); i++) this.#look();
    if (this.#outstanding(number)) return false;
    patience.looked(true, "spin");
    return this.#since - lastTurn < TURN_EVERY;
  }

  /** After `spin`: resolves when request `number` is answered. Rejects when the worker is lost. */
  wait(number: number, patience: Patience): Promise<void> {
    if (this.#over) return Promise.reject(this.#over.error);
    if (!this.#outstanding(number)) return turn();
    const { spin, poll } = this.#budget;
    return new Promise((resolve, reject) => {
      const [since, until] = [this.#since, this.#since + Math.max(spin, poll) / 1000];
      this.#waiting.push({ number, patience, since, until, how: poll > 0 ? "poll" : "spin", resolve, reject });
      if (!this.#polling) this.#poll();
    });
  }

  /** A wake-up message, or any other, came: replies are looked for. */
  woken(): void {
    this.#look();
    if (this.#waiting.length > 0 && !this.#polling) this.#sleep();
  }

  /** Rejects what is waited for, now and later. */
  fail(error: unknown): void {
    if (this.#over) return;
    this.#over = { error };
    if (this.#client.asked !== this.#client.seen) working(-1);
    for (const { reject } of this.#waiting.splice(0)) reject(error);
  }

  /** Tells the worker how long it may look for the next request. */
  #lend(now: number): void {
    const spin = this.#lends ? workerSpin(now) : 0;
    if (spin !== this.#lent) this.#board.store(WORDS.SPIN, (this.#lent = spin));
  }

  #outstanding(number: number): boolean {
    return ((number - this.#client.seen) | 0) > 0;
  }

  #step(): ClientEffect {
    return clientStep(this.#client, this.#board);
  }

  #look(): void {
    if (this.#broken) return;
    if (this.#client.at === "asleep") this.#client.at = "looking";
    this.#take(this.#step());
  }

  #take(effect: ClientEffect): void {
    if (effect === "nonsense") {
      this.#broken = true;
      // Whoever waits hears of it when the process is gone.
      return void this.#around.nonsense("counts replies to requests that nobody made").catch(() => undefined);
    }
    if (effect !== "replies") return;
    if (this.#client.at === "idle") working(-1);
    if (this.#waiting.length === 0) return;
    const now = performance.now();
    const done = this.#waiting.filter(({ number }) => !this.#outstanding(number));
    if (done.length === 0) return;
    this.#waiting = this.#waiting.filter(({ number }) => this.#outstanding(number));
    for (const { patience, since, until, how, resolve } of done) {
      if (until > since) patience.looked(now <= until, how);
      resolve();
    }
  }

  /** Looks once each turn of the event loop, as long as one of those who wait wants to. */
  #poll(): void {
    const now = performance.now();
    this.#polling = this.#waiting.some(({ until }) => now < until);
    if (!this.#polling) return this.#sleep();
    setImmediate(() => {
      lastTurn = performance.now();
      this.#look();
      this.#polling = false;
      if (this.#waiting.length > 0) this.#poll();
    });
  }

  /** Asks for a wake-up message. A reply that came meanwhile is seen now, and makes none necessary. */
  #sleep(): void {
    while (this.#waiting.length > 0 && !this.#broken && this.#client.at === "looking") {
      this.#client.at = "dozing";
      this.#step();
      this.#take(this.#step());
    }
  }
}

/** Of the event loop. */
export function turn(): Promise<void> {
  return new Promise((resolve) =>
    setImmediate(() => {
      lastTurn = performance.now();
      resolve();
    }),
  );
}
