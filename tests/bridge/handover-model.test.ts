// tier: python
import { makeVectorEnvironment } from "../../src/index.ts";
import { clientStep, newClient, newWorker, WORDS, workerStep } from "../../src/bridge/shared/handover.ts";
import { explore, sides, type Sides } from "./handover-model.ts";
import { open } from "./helpers.ts";

describe("the hand-over, in every order of steps that there is", () => {
  it.each([
    { requests: 3, calls: 0, kills: 0 },
    { requests: 2, calls: 1, kills: 0 },
    { requests: 2, calls: 0, kills: 1 },
    { requests: 2, calls: 1, kills: 1 },
  ])("gives each request one outcome and never stands still: %o", (bounds) => {
    const { states, fault } = explore(bounds);
    expect(fault).toBeUndefined();
    expect(states).toBeGreaterThan(1000);
  });

  const noFenceAt = (at: string): Partial<Sides> => ({
    worker: (worker, memory, tired) =>
      workerStep(worker, worker.at === at ? { ...memory, fence: () => undefined } : memory, tired),
  });
  const broken: Record<string, Partial<Sides>> = {
    "a worker without a fence before it sleeps": noFenceAt("settling"),
    "a worker without a fence before it looks whether to wake": noFenceAt("fencing"),
    "a worker that does not look again before it sleeps": {
      worker: (worker, memory, tired) => {
        if (worker.at !== "rechecking") return workerStep(worker, memory, tired);
        worker.at = "asleep";
        return "none";
      },
    },
    "a worker that looks whether to wake before it has published": {
      worker: (worker, memory, tired) => {
        if (worker.at === "publishing" && memory.load(WORDS.WAKE_AT) !== ((worker.served + 1) | 0)) {
          worker.at = "fencing";
          worker.served = (worker.served + 1) | 0;
          return "none";
        }
        return workerStep(worker, memory, tired);
      },
    },
    "a worker that publishes before its output is written": { outputFirst: false },
    "a worker that looks for requests before it looks for messages": {
      worker: (worker, memory, tired) => {
        if (worker.at === "looking") {
          worker.target = memory.load(WORDS.REQUESTS);
          worker.at = "counting";
          return "none";
        }
        if (worker.at !== "counting") return workerStep(worker, memory, tired);
        worker.posted = memory.load(WORDS.POSTED);
        if (worker.target !== worker.served) worker.at = "serving";
        else if (worker.posted !== worker.received) worker.at = "receiving";
        else worker.at = tired ? "lying down" : "looking";
        return "none";
      },
    },
    "a client that does not look again before it sleeps": {
      client: (client, memory) => {
        if (client.at !== "rechecking") return clientStep(client, memory);
        client.at = "asleep";
        return "asleep";
      },
    },
    "a client that never rings": {
      client: (client, memory) => {
        const effect = clientStep(client, memory);
        return effect === "bell" ? "none" : effect;
      },
    },
    "a client that counts replies by size": {
      client: (client, memory) => {
        if (client.at !== "looking" && client.at !== "rechecking") return clientStep(client, memory);
        const replies = memory.load(WORDS.REPLIES);
        if (replies > client.seen) client.seen = replies;
        client.at = client.seen === client.asked ? "idle" : "looking";
        return "replies";
      },
    },
  };
  it.each(Object.keys(broken))("finds %s", (name) => {
    expect(
      explore({ requests: 3, calls: name.includes("messages") ? 1 : 0, kills: 0 }, { ...sides, ...broken[name] }).fault,
    ).toBeDefined();
  });
});

describe("a counter that no worker can have written", () => {
  it.each([1, -1, 1000, -(2 ** 31)])("is noticed: %i off", (off) => {
    const client = { ...newClient(), at: "looking" } as const;
    const memory = { load: () => (client.seen + off) | 0, store: () => undefined };
    expect(clientStep({ ...client }, memory)).toBe("nonsense");
  });
});

describe("Python's side", () => {
  it.each([
    ["with looking", undefined],
    ["without", "0"],
  ])("does in real runs, %s, what the model's worker does", async (_how, spin) => {
    const before = process.env["DSQN_BRIDGE_SPIN"];
    if (spin === undefined) delete process.env["DSQN_BRIDGE_SPIN"];
    else process.env["DSQN_BRIDGE_SPIN"] = spin;
    const worker = await open({ module: "traced", data: "shared-memory" });
    const envs = await Promise.all([1, 2].map((count) => makeVectorEnvironment("CartPole-v1", { worker, count })));
    await Promise.all(envs.map((env) => env.reset({ seed: 1 })));
    for (let i = 0; i < 300; i++) {
      await Promise.all(envs.map((env) => env.step(new Int32Array(env.count))));
      if (i % 50 === 0) await new Promise((resolve) => setTimeout(resolve, 5));
      if (i % 7 === 0) await worker.call("core.echo");
    }
    const { events } = (await worker.call("traced:trace")).result as { events: Event[] };
    await worker.close();
    if (before === undefined) delete process.env["DSQN_BRIDGE_SPIN"];
    else process.env["DSQN_BRIDGE_SPIN"] = before;
    expect(accepted(events)).toEqual({ requests: 2 + 600, wrong: undefined });
  });
});

type Event = ["load" | "store", number, number] | ["fence" | "serve" | "wake"] | ["receive", boolean];

/** Lets the model's worker do what was recorded: it must do the same, event by event, given what the loads gave. */
function accepted(events: readonly Event[]): { requests: number; wrong: string | undefined } {
  const worker = newWorker();
  let [at, requests] = [0, 0];
  const expected = (kind: string, word?: number, value?: number): Event => {
    const event = events[at++];
    const same =
      event[0] === kind && (word === undefined || event[1] === word) && (value === undefined || event[2] === value);
    if (!same)
      throw new Error(`event ${at - 1} is ${String(event)}, the model's ${kind} ${word} ${value} at ${worker.at}`);
    return event;
  };
  const memory = {
    load: (word: number) => expected("load", word)[2]!,
    store: (word: number, value: number) => void expected("store", word, value),
    fence: () => void expected("fence"),
  };
  try {
    while (at < events.length) {
      const effect = workerStep(worker, memory, events[at + 1]?.[0] === "store");
      if (effect === "wake") expected("wake");
      if (effect === "serve") {
        expected("serve");
        requests++;
        worker.at = "publishing";
      }
      if (effect === "receive") {
        if (at === events.length) break;
        if (expected("receive")[1]) worker.received = (worker.received + 1) | 0;
        worker.at = "rising";
      }
    }
  } catch (error) {
    return { requests, wrong: (error as Error).message };
  }
  return { requests, wrong: undefined };
}
