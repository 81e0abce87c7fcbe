import { describe, expect, it } from "@jest/globals";
import { createTrainable } from "../../src/engines/create.ts";
import { referenceEngine } from "../../src/engines/reference/index.ts";
import { mergeConfig, type PlainObject } from "../../src/learning/config.ts";
import { type DqnConfig, dqnSchema } from "../../src/learning/algorithms/dqn-config.ts";
import { trainDqn, type TrainOptions } from "../../src/learning/algorithms/index.ts";
import type { Snapshot } from "../../src/learning/snapshot.ts";
import type { Trained } from "../../src/learning/train.ts";
import { makeInParts } from "../../src/environments/joined.ts";
import type { Environments, MakeEnvironments } from "../../src/environments/worlds.ts";
import { corridor } from "../fixtures/corridor.ts";

const base = {
  method: "dqn",
  environment: { id: "Corridor", count: 3 },
  network: { kind: "dense", hidden: [16] },
  episodes: 60,
  gamma: 0.9,
  epsilon: { kind: "linear", start: 1, end: 0.1, steps: 300 },
  replay: { capacity: 500 },
  batchSize: 16,
  optimizer: { kind: "adam", learningRate: { kind: "constant", value: 0.005 } },
  target: { kind: "steps", every: 50 },
  evaluation: { every: 200, episodes: 5 },
};
const configure = (changes: PlainObject = {}): DqnConfig => dqnSchema.parse(mergeConfig(base, changes));
const train = (config: DqnConfig, options: TrainOptions = {}): Promise<Trained> =>
  trainDqn(config, { makeEnvironments: corridor(), makeTrainable: createTrainable, ...options });
const comparable = ({ seconds: _, ...result }: Trained): unknown => structuredClone(result);

const variants: Record<string, PlainObject> = {
  "plain": {},
  "prioritised, 3-step, dueling, soft, huber": {
    network: { dueling: true },
    nStep: 3,
    loss: "huber",
    replay: { prioritisation: {} },
    target: { kind: "soft", tau: 0.05 },
    clip: { kind: "norm", limit: 10 },
    advantageLearning: 0.3,
    scaling: { center: [0.1, 0], scale: [2, 1] },
    evaluation: { of: "target" },
  },
  "lif neurons, arctan, a price on spikes, dueling": {
    method: "dsqn",
    network: {
      ...{ kind: "spiking", hidden: [8], steps: 4, neuron: "lif", beta: 0.9, reset: "value", dueling: true },
      ...{ surrogate: "arctan", surrogateScale: 2, regulariser: { strength: 0.01 }, learn: ["beta", "threshold"] },
    },
    episodes: 24,
    replay: { initial: 100 },
    updateEvery: 8,
    truncation: "drop",
    scaling: "observed",
  },
  "few bits, common mode, restarted": {
    network: { bits: 5 },
    commonMode: { hidden: [8] },
    restart: { after: 400, below: 1000 },
    scaling: { center: [0.1, 0], scale: [2, 1] },
  },
  "spiking, settling": {
    evaluation: { settle: { mean: -20, factor: 0.5 } },
    method: "dsqn",
    network: { kind: "spiking", hidden: [8], steps: 8, surrogateScale: 10 },
    episodes: 20,
    optimizer: { kind: "rmsprop", learningRate: { kind: "constant", value: 0.001 } },
  },
};

describe.each(Object.entries(variants))("a run (%s)", (_name, changes) => {
  it("repeats bit for bit from its seed, and differs from another seed's", async () => {
    const [a, b, c] = [
      await train(configure(changes)),
      await train(configure(changes)),
      await train(configure({ ...changes, seed: 1 })),
    ];
    expect(comparable(b)).toEqual(comparable(a));
    expect(c.curve).not.toEqual(a.curve);
  });

  it("is the same, bit for bit, where the environments step in parts", async () => {
    const inParts: MakeEnvironments = (count) => makeInParts(count, 2, corridor());
    expect(comparable(await train(configure(changes), { makeEnvironments: inParts }))).toEqual(
      comparable(await train(configure(changes))),
    );
  });

  it("goes on from any snapshot to the same result, bit for bit", async () => {
    const config = configure(changes);
    const snapshots: Snapshot[] = [];
    let calls = 0;
    const whole = await train(config, {
      onSafePoint({ snapshot, last }) {
        if (!last && calls++ % 61 === 31) snapshots.push(structuredClone(snapshot()));
      },
    });
    expect(snapshots.length).toBeGreaterThan(1);
    for (const snapshot of snapshots)
      expect(comparable(await train(config, { resume: snapshot }))).toEqual(comparable(whole));
  });
});

describe("training", () => {
  it("learns to walk the corridor", async () => {
    const result = await train(configure({ episodes: 150, evaluation: { episodes: 50 } }), {
      makeEnvironments: corridor({ slip: 0 }),
    });
    // Straight to the end from a uniform start: 4, 3, 2, 1, 0 steps that cost.
    expect(result.chosen.mean).toBeGreaterThan(-2.6);
  });

  it("ends early once an evaluation is confirmed, and keeps that network", async () => {
    const result = await train(configure({ episodes: 500, evaluation: { stop: { mean: -7, episodes: 40 } } }));
    expect(result.confirmed).toBe(true);
    expect(result.curve.length).toBeLessThan(500);
    expect(result.chosen).toEqual(result.evaluations.at(-1));
    expect(result.network).toEqual(result.last);
  });

  it("settles where an evaluation is good enough: it learns on by a smaller rate, or hardly at all", async () => {
    const settling = (mean: number): PlainObject => ({ evaluation: { settle: { mean, factor: 1e-9 } } });
    const [never, at] = [await train(configure(settling(1))), await train(configure(settling(-1000)))];
    expect(comparable(never)).toEqual(comparable(await train(configure())));
    const distance = ({ network, last }: Trained): number => {
      const [a, b] = [network, last].map((n) => n.layers[0].weights);
      return Math.max(...a.map((w, i) => Math.abs(w - b[i])));
    };
    // From its first evaluation on the network stays where it is, so that the chosen one is the last one.
    expect(at.evaluations.length).toBeGreaterThan(1);
    expect(distance(at)).toBeLessThan(1e-6);
    expect(at.updates).toBeGreaterThan(200);
  });

  it("begins anew from other weights where too many steps came to too little, and says so", async () => {
    const warnings: string[] = [];
    const onWarning = (message: string): void => void warnings.push(message);
    const run = await train(configure({ restart: { after: 300, below: 1 } }), { onWarning });
    expect(warnings.length).toBe(Math.floor(run.evaluations.at(-1)!.environmentSteps / 400));
    expect(warnings[0]).toContain("begins anew");
    expect(run.environmentSteps).toBeGreaterThan(400);
    // Above `below` it never does, and the run is the one without.
    const fine = await train(configure({ restart: { after: 300, below: -1000 } }));
    expect(comparable(fine)).toEqual(comparable(await train(configure())));
    expect(run.last).not.toEqual(fine.last);
  });

  it("stops at once when told to, with a snapshot from which it goes on to the same result", async () => {
    const config = configure();
    const abort = new AbortController();
    let last: Snapshot | undefined;
    const stopped = train(config, {
      signal: abort.signal,
      onEpisode: ({ episode }) => episode === 30 && abort.abort(),
      onSafePoint: (point) => point.last && (last = structuredClone(point.snapshot())),
    });
    await expect(stopped).rejects.toMatchObject({ code: "INTERRUPTED" });
    expect(comparable(await train(config, { resume: last }))).toEqual(comparable(await train(config)));
  });

  it("tells of an episode that does not end", async () => {
    const warnings: string[] = [];
    const changes = {
      episodes: 1,
      environment: { count: 1 },
      updateEvery: 1e6,
      evaluation: { every: 1e9, episodes: 1 },
    };
    await train(configure(changes), {
      makeEnvironments: corridor({ limit: 20_001, size: 1e9 }),
      onWarning: (message) => warnings.push(message),
    });
    // While it trains, and while it is scored.
    expect(warnings).toEqual([1, 2].map(() => expect.stringContaining("--max-steps")));
  });

  it("says so when it diverges", async () => {
    const wild = configure({ optimizer: { learningRate: { kind: "constant", value: 1e30 } }, clip: { kind: "none" } });
    await expect(train(wild)).rejects.toMatchObject({ code: "TRAINING_DIVERGED" });
  });

  it("ends after so many steps where episodes are not counted", async () => {
    const { episodes: _, ...rest } = base;
    const result = await train(dqnSchema.parse({ ...rest, steps: 100 }));
    expect(result.environmentSteps).toBe(102); // three environments side by side
    expect(dqnSchema.safeParse(rest).success).toBe(false);
  });

  it("refuses a shaping of MountainCar's rewards where there is no car", async () => {
    const three: MakeEnvironments = async (count) => ({ ...(await corridor()(count)), observationSize: 3 });
    await expect(
      train(configure({ rewardShaping: "mountaincar-energy" }), { makeEnvironments: three }),
    ).rejects.toMatchObject({ code: "CONFIG_INVALID" });
  });

  it("notes when training's own criterion was met", async () => {
    const result = await train(configure({ episodes: 100, solve: { average: -1000, window: 20, stay: 5 } }));
    expect(result.solvedAt).toBe(23);
  });

  it("copies the target network after episodes 0, f, 2f, ... as the original", async () => {
    const result = await train(configure({ target: { kind: "episodes", every: 10 } }));
    expect(result.curve.length).toBeGreaterThanOrEqual(60);
  });
});

describe("time limits", () => {
  /** One state, one reward of 1 per step, an episode of 4 steps that the limit cuts or the task ends. */
  const single =
    (end: "terminated" | "truncated") =>
    async (count: number): Promise<Environments> => {
      let step = 0;
      const observation = new Float32Array(count).fill(1);
      return {
        id: "Single",
        count,
        observationSize: 1,
        actions: 2,
        reset: async () => {
          step = 0;
          return observation;
        },
        step: async () => {
          step++;
          const flags = { terminated: new Uint8Array(count), truncated: new Uint8Array(count) };
          flags[end].fill(Number(step % 4 === 0));
          return { observations: observation, rewards: new Float64Array(count).fill(1), ...flags };
        },
        close: async () => {},
      };
    };
  const value = async (end: "terminated" | "truncated", changes: PlainObject = {}): Promise<number> => {
    const config = configure({
      environment: { count: 1 },
      gamma: 0.8,
      episodes: 400,
      epsilon: { kind: "constant", value: 1 },
      evaluation: { every: 100000 },
      ...changes,
    });
    const { last } = await train(config, { makeEnvironments: single(end) });
    return Math.max(...referenceEngine.load(last).run(Float32Array.of(1)).outputs);
  };

  it("a cut episode goes on in its value: 1 / (1 - gamma)", async () =>
    expect(await value("truncated")).toBeCloseTo(5, 0));
  it("and with 3-step returns", async () => expect(await value("truncated", { nStep: 3 })).toBeCloseTo(5, 0));
  // In the one state a fraction 1/4 of steps is the last: V = 1 + (3/4) gamma V.
  it("an ended one does not: 1 / (1 - 3/4 gamma)", async () => expect(await value("terminated")).toBeCloseTo(2.5, 0));
});
