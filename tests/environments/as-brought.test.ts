// tier: python
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { fileURLToPath } from "node:url";
import { openWorker, type Worker } from "../../src/bridge/index.ts";
import { watchNumbers } from "../../src/environments/finite.ts";
import { withGymnasium } from "../../src/environments/gymnasium-worlds.ts";
import { flatSize, makeEnvironment, makeVectorEnvironment } from "../../src/environments/index.ts";
import { collectStates } from "../../src/learning/collect.ts";
import { evaluate } from "../../src/learning/evaluate.ts";
import { fitted } from "../../src/learning/fits.ts";
import type { Policy } from "../../src/learning/policy.ts";
import { failure } from "../bridge/helpers.ts";

const path = [fileURLToPath(new URL("../fixtures/environments", import.meta.url))];
const id = "brought:Brought-v0";

/** Always the first action. */
const policy = (observationSize: number, observationShape?: readonly number[]): Policy => ({
  observationSize,
  observationShape,
  actions: 3,
  act: async (_observations, batch) => new Int32Array(batch),
});
const scored = (kwargs: Record<string, unknown>, player: Policy, more: object = {}) =>
  withGymnasium({ id, path, kwargs, ...more }, (make) => evaluate(player, make, { episodes: 2, firstSeed: 7 }));

describe("observations of any space that can be a list of numbers", () => {
  it.each(["float64", "bool", "int64", "multi-discrete"])("%s, as evaluation and collection see it", async (space) => {
    const size = space === "multi-discrete" ? 6 : 3;
    const states = await withGymnasium({ id, path, kwargs: { space } }, (make) =>
      collectStates(policy(size), make, { size: 30 }),
    );
    expect(states).toHaveLength(30 * size);
    expect(new Set(states).size).toBeGreaterThan(1);
    if (size === 6) for (let i = 0; i < 180; i += 6) expect(sum(states.slice(i, i + 6))).toBe(2);
  });

  it("every other kind: as many values as Gymnasium's flatten gives", async () => {
    const sizes = { "float16": 3, "uint8": 3, "int16": 3, "table": 4, "discrete": 5, "multi-binary": 4, "dict": 7 };
    const worker = await openWorker({ path });
    for (const [space, size] of Object.entries(sizes)) {
      const env = await makeEnvironment(id, { worker, kwargs: { space }, flat: true });
      expect(flatSize(env.observationSpace)).toBe(size);
      const { observation } = await env.reset({ seed: 1 });
      expect(observation).toHaveLength(size);
      if (space === "discrete") expect(sum(observation)).toBe(1);
      expect((await env.step(2)).observation).toHaveLength(size);
    }
    await worker.close();
  });

  it("flat: the same for whoever steps by oneself, on both ways", async () => {
    const seen = [];
    for (const data of ["auto", "zeromq"] as const) {
      const worker = await openWorker({ path, data });
      const options = { worker, kwargs: { space: "dict" }, flat: true };
      const one = await makeEnvironment(id, options);
      const many = await makeVectorEnvironment(id, { ...options, count: 2, autoreset: "same-step" });
      expect(one.observationSpace).toMatchObject({ type: "box", dtype: "float32", shape: [7] });
      const told = [(await one.reset({ seed: 3 })).observation, (await many.reset({ seed: 3 })).observations];
      for (let t = 0; t < 7; t++) {
        const { observations, finalObservations } = await many.step(Int32Array.of(2, 4));
        told.push(observations, ...(finalObservations ? [finalObservations.observations] : []));
      }
      seen.push(told);
      await worker.close();
    }
    expect(seen[0]).toHaveLength(2 + 7 + 1);
    expect(seen[1]).toEqual(seen[0]);
  });

  it("a Sequence can't be one, and is named", async () => {
    const error = await failure(scored({ space: "sequence" }, policy(1)));
    expect([error.code, error.message]).toEqual(["OBSERVATIONS_UNSUPPORTED", expect.stringContaining("Sequence")]);
  });

  it.each([
    ["box", "DiscretizeAction"],
    ["multi-discrete", "a few numbered actions"],
  ])("actions that are none of a few (%s) say what to do instead", async (actions, hint) => {
    const error = await failure(scored({ actions }, policy(3)));
    expect([error.code, error.hint]).toEqual(["ACTIONS_NOT_DISCRETE", expect.stringContaining(hint)]);
  });

  it("continuous ones are played with the wrapper that the hint names", async () => {
    const wrappers = [{ name: "DiscretizeAction", kwargs: { bins: 3 } }];
    const spec = { id: "MountainCarContinuous-v0", maxSteps: 5, wrappers };
    const { returns } = await withGymnasium(spec, (make) =>
      evaluate({ ...policy(2), actions: 3 }, make, { episodes: 1 }),
    );
    expect(returns[0]).toBeLessThan(0);
  });
});

it("native where there is an implementation; where there is none, or what it needs is missing, is said", async () => {
  const worker = await openWorker();
  const make = (one: string) => makeVectorEnvironment(one, { worker, count: 3, vectorization: "native" });
  for (const one of ["CartPole-v0", "CartPole-v1"]) {
    const env = await make(one);
    expect((await env.reset({ seed: 1 })).observations).toHaveLength(12);
    expect((await env.step(new Int32Array(3))).rewards).toEqual(Float64Array.of(1, 1, 1));
  }
  for (const one of ["Pendulum-v1", "LunarLander-v3", "Ant-v5"]) {
    const error = await failure(make(one));
    expect([error.code, error.message]).toEqual(["ENV_OPTIONS_INVALID", expect.stringContaining("no vectorised")]);
  }
  await worker.close();
});

describe("images are compared by their shape", () => {
  const [image, values] = [[4, 5, 2], 40];

  it("channels last as they are, channels first moved", async () => {
    expect((await scored({ space: "last" }, policy(values, image))).mean).toBe(6);
    expect((await scored({ space: "first" }, policy(values, image))).mean).toBe(6);
    await withGymnasium({ id, path, kwargs: { space: "first" } }, async (make) => {
      const [plain, moved] = [await make(1), fitted(policy(values, image), await make(1))];
      const [first, last] = [await plain.reset({ seed: [1] }), await moved.reset({ seed: [1] })];
      for (let c = 0; c < 2; c++) for (let p = 0; p < 20; p++) expect(last[2 * p + c]).toBe(first[20 * c + p]);
    });
  });

  it.each(["other order", "multi-binary"])(
    "another shape (%s) is refused, also where the count is right",
    async (space) => {
      const error = await failure(
        scored({ space }, policy(space === "other order" ? values : 4, space === "other order" ? image : [2, 2, 1])),
      );
      expect([error.code, error.message]).toEqual(["MODEL_DOES_NOT_FIT", expect.stringContaining("gives")]);
    },
  );
});

describe("what an environment may not give", () => {
  it.each([
    ["nan", "OBSERVATION_NOT_FINITE", "NaN"],
    ["-inf", "OBSERVATION_NOT_FINITE", "-Infinity"],
    ["nan reward", "REWARD_NOT_FINITE", "NaN"],
  ])("%s: %s, with the episode and the step", async (trouble, code, value) => {
    const error = await failure(scored({ trouble }, policy(3)));
    expect([error.code, error.message]).toEqual([code, expect.stringContaining(value)]);
    expect(error.facts).toMatchObject({ environment: id, seed: 7, step: 4 });
  });

  it("says it of the right copy, counted from its own start", () => {
    const watched = watchNumbers("X", 2, 1);
    watched.begun([5, 6], Float32Array.of(0, 0));
    watched.stepped(Float32Array.of(0, 0), Float64Array.of(0, 0));
    watched.begun([8, 9], Float32Array.of(0, 0), Uint8Array.of(0, 1));
    expect(() => watched.stepped(Float32Array.of(0, NaN), Float64Array.of(0, 0))).toThrow(
      expect.objectContaining({ facts: { environment: "X", seed: 9, step: 1, element: 0 } }),
    );
  });

  it("another shape: OBSERVATION_INVALID names the environment and both shapes", async () => {
    const error = await failure(scored({ trouble: "shape" }, policy(3)));
    expect(error.code).toBe("OBSERVATION_INVALID");
    for (const said of [id, "[7]", "[3]", "observation"]) expect(error.message).toContain(said);
  });

  it("no reward: ENV_FAILED says so", async () => {
    const error = await failure(scored({ trouble: "no reward" }, policy(3)));
    expect([error.code, error.message]).toEqual(["ENV_FAILED", expect.stringContaining("reward is None")]);
  });
});

describe("what it may", () => {
  it("print, and be warned: its user hears of it", async () => {
    const lines: string[] = [];
    const { mean } = await scored({ trouble: "prints" }, policy(3), { onLog: (line: string) => lines.push(line) });
    expect(mean).toBe(6);
    expect(lines).toContain("a line of mine 6");
    expect(lines.join("\n")).toContain("soon gone");
  });

  it("be opened by a program, which hears it too; a lent worker has its own", async () => {
    const lines: string[] = [];
    const onLog = (line: string) => lines.push(line);
    const kwargs = { trouble: "prints" };
    const env = await makeEnvironment(id, { path, onLog, kwargs });
    await env.reset();
    await env.step(2);
    await env.close();
    const envs = await makeVectorEnvironment(id, { path, kwargs, count: 2, parts: 2 });
    await envs.reset();
    await envs.close();
    expect(lines).toContain("a line of mine 1");
    const worker = await openWorker({ path });
    expect((await failure(makeEnvironment(id, { worker, path }))).code).toBe("ENV_OPTIONS_INVALID");
    await worker.close();
  });

  it("never end: as many states as were asked for are collected, and whoever waits is told", async () => {
    const states = await withGymnasium({ id, path, kwargs: { trouble: "never" } }, (make) =>
      collectStates(policy(3), make, { size: 50 }),
    );
    expect(states).toHaveLength(150);
    const warnings: string[] = [];
    const controller = new AbortController();
    const forever = evaluate(policy(1), async () => endless(), {
      episodes: 1,
      signal: controller.signal,
      onWarning(message) {
        warnings.push(message);
        controller.abort(new Error("enough"));
      },
    });
    await expect(forever).rejects.toThrow("enough");
    expect(warnings).toEqual([expect.stringContaining("--max-steps")]);
  });

  describe("take seeds up to 2^53", () => {
    let worker: Worker;
    beforeAll(async () => {
      worker = await openWorker();
    });
    afterAll(() => worker.close());

    it.each([2 ** 31, 2 ** 32 - 1, 2 ** 32, 1_795_947_048_487, 2 ** 53 - 1])("%i", async (seed) => {
      const env = await makeEnvironment("CartPole-v1", { worker });
      const { observation } = await env.reset({ seed });
      expect((await env.reset({ seed })).observation).toEqual(observation);
      expect((await env.reset({ seed: seed - 1 })).observation).not.toEqual(observation);
    });
  });
});

const sum = (values: Float32Array): number => values.reduce((a, b) => a + b, 0);

/** An environment whose episode goes on, without a process. */
function endless() {
  const step = async () => ({
    observations: new Float32Array(1),
    rewards: new Float64Array(1),
    terminated: new Uint8Array(1),
    truncated: new Uint8Array(1),
  });
  const reset = async (): Promise<Float32Array> => new Float32Array(1);
  return { id: "Endless", count: 1, observationSize: 1, actions: 3, reset, step, close: async () => undefined };
}
