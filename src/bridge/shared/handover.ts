/**
 * How a request and its reply change hands in shared memory: both sides as state machines whose every step touches the memory once, so that a
 * test can let them take turns in every possible way (tests/bridge/handover-model.test.ts). The client in exchange.ts is driven by
 * `clientStep`; py-bridge/dsqn_bridge/handover.py does what `workerStep` does, and its recorded traces are checked against it.
 *
 * Memory order: the client's accesses are Atomics (sequentially consistent). The worker's are plain loads and stores, which x86-64 keeps in
 * order but for
 * one case: a load may overtake an earlier store to another place. Where that would lose a wake-up, the worker has a fence.
 */

/** Places on the board, in words of 4 bytes. Each side writes to a cache line of its own, and nowhere else. */
export const WORDS = {
  /** Client: requests made so far. */
  REQUESTS: 0,
  /** Client: messages sent on the work channel, bells not counted. */
  POSTED: 1,
  /** Client: the number of the reply that it wants a wake-up message for. */
  WAKE_AT: 2,
  /** Client: slots of the worker's that it has read (slots.ts). */
  DOWN_RETURNED: 3,
  /** Client: for how many microseconds the worker may look for the next request before it sleeps. */
  SPIN: 4,
  /** Worker: requests answered so far. */
  REPLIES: 16,
  /** Worker: 1 while it sleeps, or is about to, until a message comes. */
  SLEEPS: 17,
  /** Worker: slots of the client's that it has read. */
  UP_RETURNED: 18,
  /** Client: a ring of port numbers, `TURNS` long: whose turn request n is. */
  TURN: 256,
} as const;

export const TURNS = 256;

/** Counters begin just below their overflow, so that every run passes it. They count modulo 2^32: only differences mean something. */
export const FIRST = 0x7fffffff - 40;

export type Word = number;

export interface Memory {
  load(word: Word): number;
  store(word: Word, value: number): void;
}

/** Of the worker, which needs more than x86-64 gives by itself. */
export interface WorkerMemory extends Memory {
  /** No later load before this, no earlier store after it. */
  fence(): void;
}

/** What the client does next. "looking" and "asleep" are where it waits, "idle" where it has nothing to wait for. */
export type ClientPoint = "idle" | "asking" | "ringing" | "looking" | "dozing" | "rechecking" | "asleep";

export interface Client {
  asked: number;
  seen: number;
  at: ClientPoint;
}

/** "bell": send the bell now; "nonsense": the worker's counter is one that no worker can have written. */
export type ClientEffect = "none" | "bell" | "replies" | "asleep" | "nonsense";

export const newClient = (): Client => ({ asked: FIRST, seen: FIRST, at: "idle" });

/**
 * One step of the client. From outside it is set to "asking" (what it asks is written), "dozing" (it has looked long enough), or "looking"
 * (woken).
 */
export function clientStep(client: Client, memory: Memory): ClientEffect {
  switch (client.at) {
    case "asking":
      client.asked = (client.asked + 1) | 0;
      memory.store(WORDS.REQUESTS, client.asked);
      client.at = "ringing";
      return "none";
    case "ringing":
      client.at = "looking";
      return memory.load(WORDS.SLEEPS) === 0 ? "none" : "bell";
    case "dozing":
      memory.store(WORDS.WAKE_AT, (client.seen + 1) | 0);
      client.at = "rechecking";
      return "none";
    case "looking":
    case "rechecking": {
      const replies = memory.load(WORDS.REPLIES);
      const more = (replies - client.seen) | 0;
      const due = (client.asked - client.seen) | 0;
      if (more < 0 || more > due) return "nonsense";
      client.seen = replies;
      if (more === 0 && client.at === "rechecking") {
        client.at = "asleep";
        return "asleep";
      }
      client.at = more === due ? "idle" : "looking";
      return more > 0 ? "replies" : "none";
    }
    default:
      return "none";
  }
}

export type WorkerPoint =
  | "looking" // for messages, then for requests
  | "counting"
  | "serving" // outside of this machine: what was asked is done
  | "publishing"
  | "fencing"
  | "waking"
  | "receiving" // a message that is on its way
  | "lying down"
  | "settling"
  | "rechecking"
  | "asleep" // until a message comes
  | "rising";

export interface Worker {
  served: number;
  received: number;
  /** What the two counters were when it looked last. */
  posted: number;
  target: number;
  at: WorkerPoint;
}

/** "serve": do the request's work; "wake": send the wake-up message; "receive": block until there is a message. */
export type WorkerEffect = "none" | "serve" | "wake" | "receive";

export const newWorker = (): Worker => ({
  served: FIRST,
  received: FIRST,
  posted: FIRST,
  target: FIRST,
  at: "looking",
});

/**
 * One step of the worker; `tired` says whether it has looked long enough. After "serve" it is set to "publishing", after "receive" to "rising"; every
 * message but a bell counts as `received`.
 */
export function workerStep(worker: Worker, memory: WorkerMemory, tired: boolean): WorkerEffect {
  switch (worker.at) {
    case "looking":
      // In this order: a request made before a message was sent is seen if the message's number is.
      worker.posted = memory.load(WORDS.POSTED);
      worker.at = "counting";
      return "none";
    case "counting":
      worker.target = memory.load(WORDS.REQUESTS);
      if (worker.target === worker.served && worker.posted === worker.received) {
        worker.at = tired ? "lying down" : "looking";
        return "none";
      }
      goOn(worker);
      return "none";
    case "publishing":
      worker.served = (worker.served + 1) | 0;
      memory.store(WORDS.REPLIES, worker.served);
      worker.at = "fencing";
      return "none";
    case "fencing":
      memory.fence();
      worker.at = "waking";
      return "none";
    case "waking":
      goOn(worker);
      return memory.load(WORDS.WAKE_AT) === worker.served ? "wake" : "none";
    case "lying down":
      memory.store(WORDS.SLEEPS, 1);
      worker.at = "settling";
      return "none";
    case "settling":
      memory.fence();
      worker.at = "rechecking";
      return "none";
    case "rechecking":
      worker.at = memory.load(WORDS.REQUESTS) === worker.served ? "asleep" : "rising";
      return "none";
    case "rising":
      memory.store(WORDS.SLEEPS, 0);
      worker.at = "looking";
      return "none";
    case "serving":
      return "serve";
    case "receiving":
    case "asleep":
      return "receive";
  }
}

/** First the requests that were there, then one message: neither keeps the other waiting. */
function goOn(worker: Worker): void {
  worker.at =
    worker.served !== worker.target ? "serving" : worker.posted !== worker.received ? "receiving" : "looking";
}
