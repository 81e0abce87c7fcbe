import { makeVectorEnvironment, type Observation, Random, type Worker } from "../../src/index.ts";
import { DATA_PATHS, failure, open } from "../bridge/helpers.ts";

describe.each(DATA_PATHS)("vectors in parts (%s)", (data) => {
  let worker: Worker;
  beforeAll(async () => {
    worker = await open({ data });
  });
  afterAll(() => worker.close());

  it.each(["next-step", "same-step", "disabled"] as const)(
    "%s: the parts together are the whole",
    async (autoreset) => {
      const histories: unknown[] = [];
      for (const parts of [1, 2, 3, 7]) {
        const envs = await makeVectorEnvironment("CartPole-v1", { worker, count: 7, parts, autoreset, infos: true });
        expect(envs.parts.map(({ count }) => count).reduce((a, b) => a + b)).toBe(7);
        const random = new Random(5);
        const history: unknown[] = [await envs.reset({ seed: 100 })];
        for (let i = 0; i < 60; i++) {
          const step = await envs.step(Int32Array.from({ length: 7 }, () => random.integer(2)));
          const mask = step.terminated.map((ended, k) => ended | step.truncated[k]);
          history.push(step);
          if (autoreset === "disabled" && mask.includes(1)) history.push(await envs.reset({ seed: i, mask }));
        }
        histories.push(history);
        await envs.close();
      }
      for (const history of histories.slice(1)) expect(history).toEqual(histories[0]);
    },
  );

  it("with spaces of every kind", async () => {
    const make = (parts: number) =>
      makeVectorEnvironment<Record<string, Observation>>("gallery:gallery/All-v0", {
        worker,
        count: 4,
        parts,
        infos: true,
      });
    const action = {
      camera: Uint8Array.from({ length: 72 }, (_, i) => i),
      pose: [Float64Array.from({ length: 8 }, (_, i) => (i % 2) / 2), [-2, -1, 0, 1]],
      gears: [0, 1, 1, 2, 2, 3, 0, 0],
      lamps: [0, 1, 0, 1, 1, 1, 1, 1, 0, 0, 0, 0, 1, 0, 0, 1],
    };
    const [whole, parts] = await Promise.all([make(1), make(3)]);
    expect(await parts.reset({ seed: 3 })).toEqual(await whole.reset({ seed: 3 }));
    // What the actions came to: observations are drawn from one stream for all in the process.
    const { infos, rewards } = await whole.step(action);
    expect(await parts.step(action)).toMatchObject({ infos, rewards });
    await Promise.all([whole.close(), parts.close()]);
  });

  it("step in turns: one is under way while the other is thought about", async () => {
    const make = () => makeVectorEnvironment("CartPole-v1", { worker, count: 6, parts: 2 });
    const [together, turns] = [await make(), await make()];
    await together.reset({ seed: 1 });
    await turns.reset({ seed: 1 });
    const actions = (i: number): Int32Array => Int32Array.from({ length: 6 }, (_, k) => (i + k) % 2);
    turns.parts.forEach((part, k) => part.send(actions(0).slice(3 * k, 3 * k + 3)));
    for (let i = 0; i < 40; i++) {
      const { observations } = await together.step(actions(i));
      for (const [k, part] of turns.parts.entries()) {
        expect((await part.receive()).observations).toEqual(observations.slice(12 * k, 12 * k + 12));
        if (i < 39) part.send(actions(i + 1).slice(3 * k, 3 * k + 3));
      }
    }
    await Promise.all([together.close(), turns.close()]);
  });

  it("says what does not fit, before anything steps", async () => {
    const envs = await makeVectorEnvironment("CartPole-v1", { worker, count: 2, parts: 2 });
    const thrown = (use: () => void) => failure(Promise.resolve().then(use));
    await envs.reset({ seed: 1 });
    expect((await thrown(() => envs.send(Int32Array.of(0, 5)))).code).toBe("ACTION_INVALID");
    expect((await failure(envs.receive())).code).toBe("ENV_NOTHING_SENT");
    envs.send(Int32Array.of(0, 1));
    expect((await thrown(() => envs.send(Int32Array.of(0, 1)))).code).toBe("ENV_BUSY");
    await envs.receive();
    expect((await failure(envs.reset({ seed: [1] }))).code).toBe("ENV_OPTIONS_INVALID");
    await envs.close();
    expect((await thrown(() => envs.send(Int32Array.of(0, 1)))).code).toBe("ENV_CLOSED");
    const none = failure(makeVectorEnvironment("CartPole-v1", { worker, count: 2, parts: 3 }));
    expect((await none).code).toBe("ENV_OPTIONS_INVALID");
  });

  it("rejects like the part that failed, and leaves no other under way", async () => {
    const envs = await makeVectorEnvironment("misbehaving_env:Talkative-v0", { worker, count: 2, parts: 2 });
    await envs.reset();
    expect((await failure(envs.step(Int32Array.of(3, 0)))).code).toBe("ENV_FAILED");
    await envs.step(Int32Array.of(0, 1));
    await envs.close();
  });
});
