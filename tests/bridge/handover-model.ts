import {
  type Client,
  clientStep,
  type Memory,
  newClient,
  newWorker,
  WORDS,
  type Worker,
  type WorkerMemory,
  workerStep,
} from "../../src/bridge/shared/handover.ts";

/** What the two sides are, so that a test can put bugs into them. */
export interface Sides {
  client(client: Client, memory: Memory): ReturnType<typeof clientStep>;
  worker(worker: Worker, memory: WorkerMemory, tired: boolean): ReturnType<typeof workerStep>;
  /** The worker writes its output before it is published, as it should. */
  readonly outputFirst: boolean;
}

export const sides: Sides = { client: clientStep, worker: workerStep, outputFirst: true };

export interface Bounds {
  readonly requests: number;
  readonly calls: number;
  /** How often the worker may be killed; another one with memory of its own takes its place. */
  readonly kills: number;
}

const OUTCOMES = ["unasked", "asked", "resolved", "rejected"] as const;
type Outcome = (typeof OUTCOMES)[number];

/** Everything: two programs, the memory between them, what the worker has stored and nobody sees yet, messages under way. */
interface State {
  /** By place (`PLACES`). */
  readonly memory: number[];
  /** Stores of the worker that have not reached memory (x86-64's store buffer), oldest first. */
  buffer: [place: number, value: number][];
  readonly client: Client;
  readonly worker: Worker;
  /** Of the request being served: one more than what was read, once it was. */
  input: number;
  /** Bells (0), and calls: one more than the requests that were made before it. */
  readonly toWorker: number[];
  readonly toClient: ("wake" | "answer")[];
  readonly requests: Outcome[];
  readonly calls: Outcome[];
  /** There is a call whose number is on the board, but which is not sent yet. */
  posting: boolean;
  alive: boolean;
  kills: number;
  /** Number of the first request to the present worker, which counts from its own beginning. */
  base: number;
}

const PORTS = 2;
/** One before the counters overflow. */
const BEGIN = 0x7fffffff - 1;
/** A counter as the number of those that it has counted, and back. */
const counted = (count: number): number => (count - BEGIN) | 0;
const countOf = (number: number): number => (BEGIN + number) | 0;
const PLACES = [WORDS.REQUESTS, WORDS.POSTED, WORDS.WAKE_AT, WORDS.REPLIES, WORDS.SLEEPS];
const COUNTERS = 4;
const INPUT = PLACES.length;
const OUTPUT = INPUT + PORTS;
const answerTo = (request: number): number => 100 + request;

export interface Found {
  readonly states: number;
  /** What went wrong; undefined where nothing did. */
  readonly fault: string | undefined;
}

/**
 * Looks at every state that can come about, and whether each leads to one in which all that was asked has had exactly one outcome: without
 * anything more
 * being asked, which would wake who sleeps, and without a kill, after which everything is rejected.
 */
export function explore(bounds: Bounds, { client, worker, outputFirst }: Sides = sides): Found {
  const seen = new Map<string, number>();
  const keys: string[] = [];
  /** Edges backwards, of those moves that are no choice. */
  const before: number[][] = [];
  const settled: number[] = [];
  const add = (state: State, from?: number): void => {
    const key = encode(state);
    let index = seen.get(key);
    if (index === undefined) {
      index = keys.length;
      seen.set(key, index);
      before.push([]);
      keys.push(key);
    }
    if (from !== undefined) before[index].push(from);
  };
  add(initial(bounds));
  for (let index = 0; index < keys.length; index++) {
    const copy = (): State => decode(keys[index], bounds);
    if (isSettled(copy())) settled.push(index);
    try {
      for (const next of clientMoves(copy, client)) add(next, index);
      for (const next of wishes(copy)) add(next);
      for (const next of workerMoves(copy, worker, outputFirst)) add(next, index);
      for (const next of deaths(copy)) add(next, copy().alive ? undefined : index);
    } catch (error) {
      return { states: keys.length, fault: `${(error as Error).message} in ${JSON.stringify(copy())}` };
    }
  }
  const good = new Set(settled);
  for (const index of good) for (const earlier of before[index]) good.add(earlier);
  const stuck = keys.findIndex((_, index) => !good.has(index));
  const fault = stuck === -1 ? undefined : `no way out of ${JSON.stringify(decode(keys[stuck], bounds))}`;
  return { states: keys.length, fault };
}

const CLIENT_POINTS = ["idle", "asking", "ringing", "looking", "dozing", "rechecking", "asleep"] as const;
const WORKER_POINTS = [
  ...["looking", "counting", "serving", "publishing", "fencing", "waking", "receiving"],
  ...["lying down", "settling", "rechecking", "asleep", "rising"],
] as Worker["at"][];

/** A state in a few dozen characters. */
function encode(s: State): string {
  const { client, worker } = s;
  return String.fromCharCode(
    ...s.memory.map((value, place) => (place < COUNTERS ? counted(value) : value)),
    ...[counted(client.asked), counted(client.seen), CLIENT_POINTS.indexOf(client.at)],
    ...[worker.served, worker.received, worker.posted, worker.target].map(counted),
    ...[WORKER_POINTS.indexOf(worker.at), s.input, Number(s.posting), Number(s.alive), s.kills, s.base],
    ...[...s.requests, ...s.calls].map((outcome) => OUTCOMES.indexOf(outcome)),
    ...[s.buffer.length, ...s.buffer.flatMap(([place, value]) => [place, place < COUNTERS ? counted(value) : value])],
    ...[s.toWorker.length, ...s.toWorker, ...s.toClient.map((message) => (message === "wake" ? 0 : 1))],
  );
}

function decode(key: string, { requests, calls }: Bounds): State {
  let at = 0;
  const take = (): number => key.charCodeAt(at++);
  const several = <T>(n: number, one: (index: number) => T): T[] => Array.from({ length: n }, (_, i) => one(i));
  const value = (place: number): number => (place < COUNTERS ? countOf(take()) : take());
  return {
    memory: several(OUTPUT + PORTS, value),
    client: { asked: countOf(take()), seen: countOf(take()), at: CLIENT_POINTS[take()] },
    worker: {
      served: countOf(take()),
      received: countOf(take()),
      posted: countOf(take()),
      target: countOf(take()),
      at: WORKER_POINTS[take()],
    },
    input: take(),
    posting: take() === 1,
    alive: take() === 1,
    kills: take(),
    base: take(),
    requests: several(requests, () => OUTCOMES[take()]),
    calls: several(calls, () => OUTCOMES[take()]),
    buffer: several(take(), () => {
      const place = take();
      return [place, value(place)];
    }),
    toWorker: several(take(), take),
    toClient: several(key.length - at, () => (take() === 0 ? "wake" : "answer")),
  };
}

function initial({ requests, calls, kills }: Bounds): State {
  return {
    ...fresh(),
    requests: Array<Outcome>(requests).fill("unasked"),
    calls: Array<Outcome>(calls).fill("unasked"),
    posting: false,
    kills,
    base: 0,
  };
}

/** A worker, its memory, and what the client knows of it. */
function fresh(): Omit<State, "requests" | "calls" | "posting" | "kills" | "base"> {
  return {
    memory: Array.from({ length: OUTPUT + PORTS }, (_, place) => (place < COUNTERS ? BEGIN : 0)),
    buffer: [],
    client: { ...newClient(), asked: BEGIN, seen: BEGIN },
    worker: { ...newWorker(), served: BEGIN, received: BEGIN, posted: BEGIN, target: BEGIN },
    input: 0,
    toWorker: [],
    toClient: [],
    alive: true,
  };
}

const isSettled = ({ requests, calls, posting }: State): boolean =>
  !posting && ![...requests, ...calls].includes("asked");

type Copy = () => State;

function changed(copy: Copy, change: (s: State) => void): State {
  const s = copy();
  change(s);
  return s;
}

function clientAct(s: State, step: Sides["client"]): State {
  const seen = s.client.seen;
  const effect = step(s.client, clientMemory(s));
  if (effect === "bell") s.toWorker.push(0);
  if (effect === "nonsense") fail("a counter that no worker can have written");
  for (let number = seen; number !== s.client.seen; number = (number + 1) | 0) {
    const request = s.base + counted(number);
    if (s.requests[request] !== "asked") fail(`request ${request} is answered, which is ${s.requests[request]}`);
    if (s.memory[OUTPUT + (request % PORTS)] !== answerTo(request)) fail(`request ${request} gets a wrong answer`);
    s.requests[request] = "resolved";
  }
  return s;
}

function* clientMoves(copy: Copy, step: Sides["client"]): Generator<State> {
  const from = copy();
  const { at } = from.client;
  if (at !== "idle" && at !== "looking" && at !== "asleep") return yield clientAct(from, step);
  if (from.posting)
    return yield changed(copy, (s) => {
      s.posting = false;
      s.toWorker.push(1 + counted(s.client.asked));
    });
  if (at === "looking") {
    yield clientAct(copy(), step);
    yield changed(copy, (s) => (s.client.at = "dozing"));
  }
  if (from.toClient.length > 0)
    yield changed(copy, (s) => {
      if (s.toClient.shift() === "answer") s.calls[s.calls.indexOf("asked")] = "resolved";
      else if (s.client.at === "asleep") s.client.at = "looking";
    });
}

/** What the client may ask next, or never. */
function* wishes(copy: Copy): Generator<State> {
  const from = copy();
  if (from.posting || !["idle", "looking", "asleep"].includes(from.client.at)) return;
  // It looks again without having been woken.
  if (from.client.at === "asleep") yield changed(copy, (s) => (s.client.at = "looking"));
  const next = from.requests.indexOf("unasked");
  if (next !== -1 && (next < PORTS || from.requests[next - PORTS] !== "asked"))
    yield changed(copy, (s) => {
      s.memory[INPUT + (next % PORTS)] = next + 1;
      s.requests[next] = "asked";
      s.client.at = "asking";
    });
  if (from.calls.includes("unasked"))
    yield changed(copy, (s) => {
      s.calls[s.calls.indexOf("unasked")] = "asked";
      s.memory[1] = (s.memory[1] + 1) | 0;
      s.posting = true;
    });
}

function* workerMoves(copy: Copy, step: Sides["worker"], outputFirst: boolean): Generator<State> {
  const from = copy();
  if (!from.alive) return;
  if (from.buffer.length > 0) {
    const s = copy();
    flush(s, 1);
    yield s;
  }
  const { at } = from.worker;
  if (at === "serving" || (!outputFirst && at === "fencing" && from.input > 0)) return yield serve(from, outputFirst);
  for (const tired of at === "counting" ? [false, true] : [false]) {
    const s = copy();
    const effect = step(s.worker, workerMemory(s), tired);
    if (effect === "wake") s.toClient.push("wake");
    if (effect === "receive") {
      const message = s.toWorker.shift();
      if (message === undefined) return; // blocked
      if (message > 0) {
        if (message - 1 > counted(s.worker.served)) fail("a call is served before a request that was made before it");
        s.worker.received = (s.worker.received + 1) | 0;
        s.toClient.push("answer");
      }
      s.worker.at = "rising";
    }
    yield s;
  }
}

/** Reads what is asked, then writes what comes of it: two moves. */
function serve(s: State, outputFirst: boolean): State {
  if (s.input === 0) {
    const request = s.base + counted(s.worker.served);
    s.input = s.memory[INPUT + (request % PORTS)];
    if (!outputFirst) s.worker.at = "publishing";
    return s;
  }
  const request = s.input - 1;
  s.buffer.push([OUTPUT + (request % PORTS), answerTo(request)]);
  s.input = 0;
  if (outputFirst) s.worker.at = "publishing";
  return s;
}

/** Killed at any point, with whatever of its stores has reached memory; noticed at any later one. */
function* deaths(copy: Copy): Generator<State> {
  const from = copy();
  if (from.alive) {
    if (from.kills > 0) yield { ...from, alive: false, buffer: [], toWorker: [], kills: from.kills - 1 };
    return;
  }
  if (!["idle", "looking", "asleep"].includes(from.client.at)) return;
  const reject = (outcome: Outcome): Outcome => (outcome === "asked" ? "rejected" : outcome);
  const requests = from.requests.map(reject);
  const unasked = requests.indexOf("unasked");
  const base = unasked === -1 ? requests.length : unasked;
  yield { ...from, ...fresh(), requests, calls: from.calls.map(reject), posting: false, base };
}

function flush(s: State, count = s.buffer.length): void {
  for (const [place, value] of s.buffer.splice(0, count)) s.memory[place] = value;
}

/** No step may touch memory twice, or the model would miss what comes between. */
function once(): () => void {
  let touched = 0;
  return () => void (++touched > 1 && fail("a step touches memory twice"));
}

/** The client's: at once visible. */
function clientMemory(s: State): Memory {
  const touch = once();
  return {
    load: (word) => (touch(), s.memory[PLACES.indexOf(word as 0)]),
    store: (word, value) => (touch(), void (s.memory[PLACES.indexOf(word as 0)] = value)),
  };
}

/** The worker's: stores are visible to others later, in order; its own loads see them. */
function workerMemory(s: State): WorkerMemory {
  const touch = once();
  return {
    load(word) {
      touch();
      const place = PLACES.indexOf(word as 0);
      return s.buffer.findLast(([stored]) => stored === place)?.[1] ?? s.memory[place];
    },
    store: (word, value) => (touch(), void s.buffer.push([PLACES.indexOf(word as 0), value])),
    fence: () => (touch(), flush(s)),
  };
}
