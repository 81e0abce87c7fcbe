// tier: python
import {
  type Environment,
  makeEnvironment,
  makeVectorEnvironment,
  type Observation,
  type Space,
  type Worker,
} from "../../src/index.ts";
import { DATA_PATHS, failure, open } from "../bridge/helpers.ts";

describe.each(DATA_PATHS)("environments (%s)", (data) => {
  let worker: Worker;
  beforeAll(async () => {
    worker = await open({ data });
  });
  afterAll(() => worker.close());

  describe("what Gymnasium says of itself", () => {
    it("comes across", async () => {
      const env = await makeEnvironment("CartPole-v1", { worker });
      expect(env.actionSpace).toEqual({ type: "discrete", n: 2, start: 0, dtype: "int64" });
      const { low, high, ...rest } = env.observationSpace as Extract<Space, { type: "box" }>;
      expect(rest).toEqual({ type: "box", dtype: "float32", shape: [4] });
      expect(high).toEqual([Math.fround(4.8), Infinity, Math.fround((24 * Math.PI) / 180), Infinity]);
      expect(low).toEqual((high as number[]).map((bound) => -bound));
      expect([env.maxSteps, env.rewardThreshold]).toEqual([500, 475]);
      await env.close();
    });

    it("and spaces of every kind, with their elements", async () => {
      const env = await makeEnvironment<Record<string, Observation>>("gallery:gallery/All-v0", { worker });
      expect(env.observationSpace).toEqual({
        type: "dict",
        spaces: {
          camera: { type: "box", dtype: "uint8", shape: [2, 3, 3], low: 0, high: 255 },
          pose: {
            type: "tuple",
            spaces: [
              { type: "box", dtype: "float64", shape: [2], low: -1, high: [1, 2] },
              { type: "discrete", n: 5, start: -2, dtype: "int64" },
            ],
          },
          gears: { type: "multi-discrete", dtype: "int64", shape: [2], nvec: [3, 4], start: [0, 0] },
          lamps: { type: "multi-binary", dtype: "int8", shape: [4] },
          word: { type: "text", minLength: 1, maxLength: 4, characters: "abc" },
          series: { type: "other", name: "Sequence", repr: "Sequence(Discrete(2), stack=False)" },
        },
      });
      const { observation, info } = await env.reset({ seed: 3, options: { place: "here" } });
      expect(info).toEqual({ options: { place: "here" } });
      expect(observation["camera"]).toBeInstanceOf(Uint8Array);
      expect((observation["camera"] as Uint8Array).length).toBe(18);
      const [position, place] = observation["pose"] as [Float64Array, number];
      expect(position).toBeInstanceOf(Float64Array);
      expect([-2, -1, 0, 1, 2]).toContain(place);
      expect(observation["gears"]).toBeInstanceOf(Int32Array);
      expect(observation["word"]).toMatch(/^[abc]{1,4}$/);
      const action = { camera: new Uint8Array(18).fill(2), pose: [[0.5, 1.5], -2], gears: [2, 3], lamps: [0, 1, 0, 1] };
      const step = await env.step(action);
      expect(step.info).toEqual({ gears: [2, 3], place: -2, camera: 36 });
      expect(step.reward).toBe(0.5);
      for (const bad of [
        { ...action, gears: [3, 0] },
        { ...action, pose: [[0.5, 2.5], 0] },
        { ...action, extra: 1 },
        { camera: action.camera },
        0,
      ])
        expect((await failure(env.step(bad as never))).code).toBe("ACTION_INVALID");
      await env.close();
    });
  });

  describe("bad input", () => {
    let cart: Environment;
    let pendulum: Environment;
    beforeAll(async () => {
      [cart, pendulum] = await Promise.all([
        makeEnvironment("CartPole-v1", { worker }),
        makeEnvironment("Pendulum-v1", { worker }),
      ]);
    });
    afterAll(() => Promise.all([cart.close(), pendulum.close()]));

    it.each([2, -1, 0.5, NaN, Infinity, [0, 1], [], "0", null, undefined, {}, new Float32Array(2), 2 ** 32])(
      "CartPole refuses the action %p, and goes on undisturbed",
      async (action) => {
        await cart.reset({ seed: 5 });
        const error = await failure(cart.step(action as never));
        expect(error.code).toBe("ACTION_INVALID");
        expect(error.message).toContain("Discrete(2)");
        const { observation } = await cart.step(1);
        await cart.reset({ seed: 5 });
        expect((await cart.step(1)).observation).toEqual(observation);
      },
    );

    it.each([[[NaN]], [[2.001]], [[-3]], [[0, 0]], [[]], ["left"], [[Infinity]], [new Float32Array(0)], [[undefined]]])(
      "Pendulum refuses the action %p",
      async (action) => {
        await pendulum.reset({ seed: 5 });
        expect((await failure(pendulum.step(action as never))).code).toBe("ACTION_INVALID");
        await pendulum.step([2]);
      },
    );

    it("an unknown id: ENV_UNKNOWN, with what may have been meant", async () => {
      const error = await failure(makeEnvironment("CartPol-v1", { worker }));
      expect(error.code).toBe("ENV_UNKNOWN");
      expect(error.hint).toContain("CartPole-v1");
    });

    it.each(["no_such_module:Env-v0", "CartPole-v99", "nowhere/CartPole-v1", "", "../etc/passwd", "ALE/Nothing-v5"])(
      "the id %p: ENV_UNKNOWN",
      async (id) => {
        expect((await failure(makeEnvironment(id, { worker }))).code).toBe("ENV_UNKNOWN");
      },
    );

    it.each([
      ["kwargs that it does not take", { kwargs: { gravity: 9 } }],
      ["a wrapper that does not exist", { wrappers: [{ name: "no-such-wrapper" }] }],
      ["a limit of no steps", { maxSteps: 0 }],
    ])("%s: ENV_OPTIONS_INVALID", async (_what, options) => {
      expect((await failure(makeEnvironment("CartPole-v1", { worker, ...options }))).code).toBe("ENV_OPTIONS_INVALID");
    });

    it.each([
      ["no copies", { count: 0 }],
      ["half a copy", { count: 1.5 }],
      ["an autoreset mode that does not exist", { count: 2, autoreset: "sometimes" as never }],
      [
        "a mode that the native vector has not",
        { count: 2, vectorization: "native" as const, autoreset: "disabled" as const },
      ],
    ])("%s: ENV_OPTIONS_INVALID", async (_what, options) => {
      expect((await failure(makeVectorEnvironment("CartPole-v1", { worker, ...options }))).code).toBe(
        "ENV_OPTIONS_INVALID",
      );
    });

    it("a step before the first reset, and after the end: ENV_NEEDS_RESET", async () => {
      const env = await makeEnvironment("CartPole-v1", { worker, maxSteps: 2 });
      expect((await failure(env.step(0))).code).toBe("ENV_NEEDS_RESET");
      await env.reset();
      await env.step(0);
      expect((await env.step(0)).truncated).toBe(true);
      expect((await failure(env.step(0))).code).toBe("ENV_NEEDS_RESET");
      await env.reset();
      await env.step(0);
      await env.close();
    });

    it("two steps at once: ENV_BUSY for the second, the first is not disturbed", async () => {
      await cart.reset({ seed: 1 });
      const [first, second] = await Promise.allSettled([cart.step(0), cart.step(1)]);
      expect(first.status).toBe("fulfilled");
      expect(second).toMatchObject({ status: "rejected", reason: { code: "ENV_BUSY" } });
    });

    it("anything after close: ENV_CLOSED; closing twice is nothing", async () => {
      const env = await makeEnvironment("CartPole-v1", { worker });
      await env.reset();
      await env.close();
      await env.close();
      for (const call of [env.step(0), env.reset(), env.render()])
        expect((await failure(call)).code).toBe("ENV_CLOSED");
    });

    it("an environment that raises: ENV_FAILED, with its traceback", async () => {
      const env = await makeEnvironment("gallery:gallery/Breaks-v0", { worker });
      await env.reset();
      await env.step(0);
      await env.step(0);
      const error = await failure(env.step(0));
      expect(error.code).toBe("ENV_FAILED");
      expect(error.message).toContain("the axle broke");
      expect((error.cause as Error).stack).toMatch(/gallery\.py", line \d+, in step/);
      await env.close();
    });

    it("seeds and masks of the wrong length, and wrong seeds", async () => {
      const envs = await makeVectorEnvironment("CartPole-v1", { worker, count: 3 });
      for (const options of [{ seed: [1, 2] }, { mask: Uint8Array.of(1) }, { seed: -1 }, { seed: 1.5 }, { seed: NaN }])
        expect((await failure(envs.reset(options))).code).toBe("ENV_OPTIONS_INVALID");
      await envs.close();
    });
  });

  describe("a vector", () => {
    it("resets the copies of a mask and leaves the others alone", async () => {
      const envs = await makeVectorEnvironment("CartPole-v1", { worker, count: 3, autoreset: "disabled" });
      await envs.reset({ seed: 0 });
      const { observations: before } = await envs.step(Int32Array.of(0, 1, 0));
      const { observations: after } = await envs.reset({ seed: [7, 8, 9], mask: Uint8Array.of(0, 1, 0) });
      const alone = await makeEnvironment("CartPole-v1", { worker });
      const { observation } = await alone.reset({ seed: 8 });
      expect(after).toEqual(Float32Array.from([...before.slice(0, 4), ...observation, ...before.slice(8)]));
      await Promise.all([envs.close(), alone.close()]);
    });

    it("lets ended copies rest where nobody resets them", async () => {
      const envs = await makeVectorEnvironment("CartPole-v1", { worker, count: 2, autoreset: "disabled", maxSteps: 3 });
      await envs.reset({ seed: 0 });
      const push = Int32Array.of(1, 1);
      for (let i = 0; i < 2; i++) expect((await envs.step(push)).truncated).toEqual(Uint8Array.of(0, 0));
      const last = await envs.step(push);
      expect([last.truncated, last.rewards]).toEqual([Uint8Array.of(1, 1), Float64Array.of(1, 1)]);
      const rest = await envs.step(push);
      expect(rest).toEqual({ ...last, rewards: Float64Array.of(0, 0) });
      await envs.reset({ mask: Uint8Array.of(1, 0) });
      const next = await envs.step(push);
      expect([next.truncated, next.rewards]).toEqual([Uint8Array.of(0, 1), Float64Array.of(1, 0)]);
      await envs.close();
    });

    it("steps while this process does something else", async () => {
      const envs = await makeVectorEnvironment("CartPole-v1", { worker, count: 64 });
      await envs.reset({ seed: 0 });
      let learned = 0;
      const stepping = envs.step(new Int32Array(64));
      for (let i = 0; i < 1e6; i++) learned += Math.sqrt(i);
      expect((await stepping).observations.length).toBe(256);
      expect(learned).toBeGreaterThan(0);
      await envs.close();
    });

    it("gives infos where they are asked for", async () => {
      const envs = await makeVectorEnvironment<Int32Array>("Taxi-v4", {
        worker,
        count: 2,
        infos: true,
        autoreset: "same-step",
        maxSteps: 1,
      });
      const { infos } = await envs.reset({ seed: 0 });
      expect((infos![0]!["action_mask"] as number[]).length).toBe(6);
      const step = await envs.step(Int32Array.of(0, 0));
      expect(step.finalObservations!.infos!.map(({ prob }) => prob)).toEqual([1, 1]);
      expect(step.finalObservations!.indices).toEqual(Int32Array.of(0, 1));
      await envs.close();
    });
  });

  it("gives frames as pixels", async () => {
    const env = await makeEnvironment("CartPole-v1", { worker, renderMode: "rgb_array" });
    expect((await failure(env.render())).code).toBe("ENV_NEEDS_RESET");
    await env.reset({ seed: 0 });
    const { width, height, data } = await env.render();
    expect([width, height, data.length]).toEqual([600, 400, 600 * 400 * 3]);
    expect(new Set(data).size).toBeGreaterThan(3); // a cart, a pole, an axle on white
    await env.close();
    const blind = await makeEnvironment("CartPole-v1", { worker });
    await blind.reset();
    expect((await failure(blind.render())).code).toBe("ENV_NO_FRAMES");
    await blind.close();
  });

  it("shapes MountainCar's rewards as the original did, and keeps the raw ones", async () => {
    const shaped = await makeVectorEnvironment("MountainCar-v0", {
      worker,
      count: 3,
      wrappers: [{ name: "mountaincar-shaping" }],
    });
    await shaped.reset({ seed: 0 });
    for (let i = 0; i < 50; i++) {
      const { observations, rewards, rawRewards } = await shaped.step(Int32Array.of(0, 1, 2));
      expect(rawRewards).toEqual(Float64Array.of(-1, -1, -1));
      rewards.forEach((reward, copy) =>
        expect(reward).toBeCloseTo(Math.min(-1 + Math.abs(observations[2 * copy] + 0.5), -0.1), 6),
      );
    }
    await shaped.close();
  });

  it("opens a worker of its own, and closes it", async () => {
    const env = await makeEnvironment("CartPole-v1");
    await env.reset();
    await env.close();
    expect((await failure(env.step(0))).code).toBe("ENV_CLOSED");
  });
});
