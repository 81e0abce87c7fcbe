import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { fileURLToPath } from "node:url";
import { openWorker, type Worker } from "../../src/bridge/index.ts";
import { makeVectorEnvironment } from "../../src/environments/index.ts";
import { withGymnasium } from "../../src/environments/gymnasium-worlds.ts";
import { createWorld, nativeEnvironments, nativeIds } from "../../src/environments/native/world.ts";
import { Random } from "../../src/numeric/random.ts";

const fixtures = fileURLToPath(new URL("../fixtures/worlds", import.meta.url));
const own: Readonly<Record<string, string>> = {
  "CartPole-v1": "CartPoleSteps-v0",
  "MountainCar-v0": "MountainCarSteps-v0",
};
let worker: Worker;

beforeAll(async () => {
  worker = await openWorker({ name: "worlds", path: [fixtures] });
});
afterAll(() => worker.close());

describe.each(nativeIds)("%s in TypeScript, against Gymnasium", (id) => {
  it("begins where Gymnasium begins, from 2,000 seeds", async () => {
    const random = new Random(1);
    const seeds = Array.from({ length: 2000 }, (_, k) => (k < 1000 ? k : random.integer(2 ** 31)));
    const vector = await makeVectorEnvironment(id, { count: 500, worker });
    const world = createWorld(id);
    for (let first = 0; first < seeds.length; first += 500) {
      const part = seeds.slice(first, first + 500);
      const { observations } = await vector.reset({ seed: part });
      const ours = Float32Array.from(part.flatMap((seed) => [...world.reset(seed)]));
      expect(ours).toEqual(observations);
    }
    await vector.close();
  });

  it("takes a step as Gymnasium does, in float32, from 20,000 states", async () => {
    const [count, rounds] = [500, 40];
    const vector = await makeVectorEnvironment<Float64Array>(`single_steps:${own[id]}`, { count, worker });
    const world = createWorld(id);
    const n = world.observationSize;
    const random = new Random(2);
    await vector.reset({ seed: 1 });
    const differing = { shown: 0, exactly: 0, ended: 0 };
    let ended = 0;
    for (let round = 0; round < rounds; round++) {
      const actions = Int32Array.from({ length: count }, () => random.integer(world.actions));
      const { observations, rewards } = await vector.step(actions);
      for (let i = 0; i < count; i++) {
        const theirs = observations.subarray(i * (3 * n + 1), (i + 1) * (3 * n + 1));
        world.reset(0);
        world.state.set(theirs.subarray(0, n));
        const { observation, reward, terminated } = world.step(actions[i]);
        differing.shown += observation.some((value, k) => !Object.is(value, theirs[n + k])) ? 1 : 0;
        differing.exactly += world.state.some((value, k) => value !== theirs[2 * n + k]) ? 1 : 0;
        differing.ended += terminated !== (theirs[3 * n] === 1) || reward !== rewards[i] ? 1 : 0;
        ended += Number(terminated);
      }
    }
    await vector.close();
    expect(ended).toBeGreaterThan(200);
    expect(differing).toEqual({ shown: 0, exactly: differing.exactly, ended: 0 });
    // NumPy's and libm's sine and cosine are not always the nearest float64; ours are.
    expect(differing.exactly).toBeLessThan(20);
  });

  it("is the same to a learner: sizes, widths, time limit, resets by mask", async () => {
    const limited = nativeEnvironments(id, { maxSteps: 3 });
    await withGymnasium({ id, maxSteps: 3 }, async (makeEnvironments) => {
      const [theirs, ours] = [await makeEnvironments(2), await limited(2)];
      const { observationSize, observationShape, actions, count } = theirs;
      expect(ours).toMatchObject({ id, count, observationSize, observationShape, actions });
      expect([...(ours.widths as Float64Array)]).toEqual([...(theirs.widths as Float64Array)]);
      expect(await ours.reset({ seed: [5, 6] })).toEqual(await theirs.reset({ seed: [5, 6] }));
      for (let t = 0; t < 3; t++) {
        const chosen = Int32Array.of(1, 0);
        const [a, b] = [await ours.step(chosen), await theirs.step(chosen)];
        for (const key of ["observations", "rewards", "terminated", "truncated"] as const)
          expect(a[key]).toEqual(b[key]);
        expect([...a.truncated]).toEqual(t === 2 ? [1, 1] : [0, 0]);
      }
      const mask = Uint8Array.of(0, 1);
      const [a, b] = [await ours.reset({ seed: [1, 9], mask }), await theirs.reset({ seed: [1, 9], mask })];
      expect(a).toEqual(b);
      await ours.close();
      await theirs.close();
    });
  });
});

describe("native worlds", () => {
  it("can be pushed", () => {
    const world = createWorld("CartPole-v1");
    const [before] = [world.reset(1)];
    world.state[3] += 1;
    expect(world.observation()[3]).toBeCloseTo(before[3] + 1, 6);
    const angle = world.state[2];
    expect(world.step(0).observation[2]).toBe(Math.fround(angle + 0.02 * (before[3] + 1)));
  });

  it("refuse what they can't do", () => {
    const code = (code: string) => expect.objectContaining({ code }) as unknown as Error;
    expect(() => createWorld("CartPol-v1")).toThrow(code("WORLD_NOT_NATIVE"));
    const world = createWorld("MountainCar-v0");
    expect(() => world.reset(-1)).toThrow(code("BAD_ARGUMENT"));
    world.reset(2 ** 40);
    expect(() => world.step(3)).toThrow(code("ACTION_INVALID"));
  });
});
