// tier: python
import { jest } from "@jest/globals";
import { execa } from "execa";
import { createHash } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import {
  type AtariEnvironments,
  evaluate,
  makeAtari,
  type MakeAtariOptions,
  openWorker,
  Random,
  type Worker,
} from "../../src/index.ts";
import { ensurePython } from "../../src/setup/python-environment.ts";
import { DATA_PATHS, failure, FIXTURES } from "../bridge/helpers.ts";

/** Frame for frame against Gymnasium's own wrappers, and against formulas written out, run in Python alone (atari-reference.py). */
const REFERENCE = fileURLToPath(new URL("atari-reference.py", import.meta.url));
const SEEDS = [0, 123_456_789];

interface Case {
  readonly options: MakeAtariOptions;
  /** How Gymnasium makes the same game, without a frame skip. */
  readonly gym: { id: string; kwargs?: Record<string, unknown> };
  readonly steps: number;
  /** The index of FIRE, 0 for none. */
  readonly fire: number;
  readonly actions: number;
}

const plain = { fire: 0, actions: 4, steps: 250 };
const fire = { fire: 1, actions: 4, steps: 300 };
const v4 = { id: "BreakoutNoFrameskip-v4" };
const CASES: Case[] = [
  { options: { game: "ALE/Breakout-v5", fire: false }, gym: { id: "ALE/Breakout-v5" }, ...plain },
  { options: { game: "ALE/Breakout-v5" }, gym: { id: "ALE/Breakout-v5" }, ...fire },
  { options: { game: "BreakoutNoFrameskip-v4", fire: false, noopMax: 5 }, gym: v4, ...plain },
  { options: { game: "BreakoutDeterministic-v4" }, gym: v4, ...fire },
  { options: { game: "BreakoutNoFrameskip-v4", frameSkip: 1, noopMax: 0 }, gym: v4, ...fire, steps: 200 },
  { options: { game: "ALE/MsPacman-v5" }, gym: { id: "ALE/MsPacman-v5" }, ...plain, actions: 9 },
  {
    options: { game: "SpaceInvaders", stickyActions: 0.5, frameSkip: 3 },
    gym: { id: "ALE/SpaceInvaders-v5", kwargs: { repeat_action_probability: 0.5 } },
    ...fire,
    actions: 6,
  },
  { options: { game: "BreakoutDeterministic-v4", preprocessing: "patel" }, gym: v4, ...fire, steps: 250 },
  { options: { game: "ALE/Breakout-v5", preprocessing: "mnih-binary" }, gym: { id: "ALE/Breakout-v5" }, ...fire },
];

type Told = readonly [digest: string, reward: number, terminated: boolean, truncated: boolean, lives: number];

/** The actions of copy k in a case. */
const actionsOf = (one: Case, k: number): number[] => {
  const random = new Random(1000 * k + one.steps);
  return Array.from({ length: one.steps }, () => random.integer(one.actions));
};

async function reference(): Promise<Told[][][]> {
  const { python } = await ensurePython(["base", "atari"]);
  const jobs = CASES.flatMap((one) =>
    SEEDS.map((seed, k) => ({
      id: one.gym.id,
      kwargs: one.gym.kwargs ?? {},
      preprocessing: one.options.preprocessing ?? "nature",
      skip: one.options.frameSkip ?? 4,
      noops: one.options.noopMax ?? 30,
      fire: one.fire,
      seed,
      actions: actionsOf(one, k),
    })),
  );
  const { stdout } = await execa(python, [REFERENCE], { input: JSON.stringify(jobs), stderr: "ignore" });
  const told = JSON.parse(stdout) as Told[][];
  return CASES.map((_, index) => told.slice(index * SEEDS.length, (index + 1) * SEEDS.length));
}

const digest = (values: Float32Array): string =>
  createHash("sha256").update(Uint8Array.from(values)).digest("hex").slice(0, 16);

/** What the copies of `games` tell while they are played with `actions[k]`, each up to its end. */
async function played(games: AtariEnvironments, seed: number[], actions: number[][]): Promise<Told[][]> {
  const size = games.observationSize;
  const first = await games.reset({ seed });
  const told: Told[][] = seed.map((_, k) => [
    [digest(first.subarray(k * size, (k + 1) * size)), 0, false, false, games.newest.lives[k]],
  ]);
  for (let t = 0; t < actions[0].length; t++) {
    const step = await games.step(Int32Array.from(actions, (own) => own[t]));
    told.forEach((own, k) => {
      const [, , terminated, truncated] = own.at(-1)!;
      if (terminated || truncated) return;
      own.push([
        digest(step.observations.subarray(k * size, (k + 1) * size)),
        step.rewards[k],
        step.terminated[k] === 1,
        step.truncated[k] === 1,
        step.lives[k],
      ]);
    });
  }
  return told;
}

jest.setTimeout(300_000); // a busy machine

describe.each(DATA_PATHS)("Atari games (%s)", (data) => {
  const before = process.env["DSQN_BRIDGE_DATA"];
  beforeAll(() => void (process.env["DSQN_BRIDGE_DATA"] = data));
  afterAll(() => {
    if (before === undefined) delete process.env["DSQN_BRIDGE_DATA"];
    else process.env["DSQN_BRIDGE_DATA"] = before;
  });

  let worker: Worker;
  beforeAll(async () => {
    worker = await openWorker({ extras: ["base", "atari"], heartbeatMs: 10_000 });
  });
  afterAll(() => worker.close());

  describe("frame for frame as in Python alone", () => {
    let expected: Told[][][];
    beforeAll(async () => {
      expected = await reference();
    }, 600_000);

    it.each(CASES.map((one, index) => [JSON.stringify(one.options), one, index] as const))(
      "%s",
      async (_, one, index) => {
        const games = await makeAtari({ ...one.options, count: SEEDS.length, worker });
        const got = await played(
          games,
          SEEDS,
          SEEDS.map((_seed, k) => actionsOf(one, k)),
        );
        expect(got).toEqual(expected[index]);
        await games.close();
      },
      300_000,
    );

    it("and the games played there did something: points, lost lives, ended games", () => {
      const all = expected.flat(2);
      expect(all.some(([, reward]) => reward > 0)).toBe(true);
      expect(all.filter(([, , terminated]) => terminated).length).toBeGreaterThan(5);
      expect(new Set(all.map(([seen]) => seen)).size).toBeGreaterThan(2000);
    });
  });

  describe("an episode is a whole game", () => {
    it.each([0, 0.25])(
      "repeats from its seed and its actions, whatever was played before (sticky %p)",
      async (stickyActions) => {
        const random = new Random(5);
        const actions = [Array.from({ length: 150 }, () => random.integer(6))];
        // Assault is one of the games whose console remembers the last game through a reset.
        const one = await makeAtari({ game: "Assault", stickyActions, worker });
        const other = await makeAtari({ game: "Assault", stickyActions, worker });
        const alone = await played(one, [11], actions);
        await played(other, [12], [actions[0].toReversed()]);
        expect(await played(other, [11], actions)).toEqual(alone);
        expect(await played(other, [13], actions)).not.toEqual(alone);
        await Promise.all([one, other].map((games) => games.close()));
      },
    );

    it("goes on after a lost life, is over after the last, and rests then", async () => {
      const games = await makeAtari({ game: "BreakoutDeterministic-v4", count: 2, worker });
      await games.reset({ seed: [1, 2] });
      expect([...games.newest.lives]).toEqual([5, 5]);
      const lost = [0, 0];
      let over: Uint8Array | undefined;
      for (let t = 0; t < 400 && !over?.every((flag) => flag === 1); t++) {
        const step = await games.step(Int32Array.of(2, 3));
        step.lifeLost.forEach((flag, k) => (lost[k] += flag));
        step.terminated.forEach((flag, k) => expect(flag).toBe(lost[k] === 5 ? 1 : 0));
        over = step.terminated;
      }
      expect(lost).toEqual([5, 5]);
      const { frames } = games.newest;
      const rest = await games.step(Int32Array.of(0, 0));
      expect([...rest.rewards, ...rest.terminated, ...rest.lifeLost]).toEqual([0, 0, 1, 1, 0, 0]);
      expect(Buffer.from(rest.frames).equals(Buffer.from(frames))).toBe(true);
      // A mask starts one anew and leaves the other as it is.
      await games.reset({ seed: [3, 3], mask: Uint8Array.of(0, 1) });
      expect([...games.newest.lives]).toEqual([0, 5]);
      const on = await games.step(Int32Array.of(0, 0));
      expect([...on.terminated]).toEqual([1, 0]);
      await games.close();
    });

    it("is cut by maxFrames", async () => {
      const games = await makeAtari({ game: "BreakoutDeterministic-v4", maxFrames: 100, noopMax: 0, worker });
      await games.reset({ seed: [1] });
      const flags: string[] = [];
      for (let t = 0; t < 24; t++) {
        const { terminated, truncated } = await games.step(Int32Array.of(0));
        flags.push(`${terminated[0]}${truncated[0]}`);
      }
      expect(flags.slice(-2)).toEqual(["00", "01"]);
      await games.close();
    });

    it("v4 without a suffix skips 2 to 4 frames, as many as Gymnasium's own", async () => {
      const games = await makeAtari({ game: "Breakout-v4", noopMax: 0, fire: false, ram: true, worker });
      expect(games.frameSkip).toEqual([2, 5]);
      const { python } = await ensurePython(["base", "atari"]);
      const code = `import ale_py, gymnasium, json
gymnasium.register_envs(ale_py)
env = gymnasium.make("Breakout-v4", obs_type="ram"); env.reset(seed=4)
print(json.dumps([env.step(t % 4)[0].tolist() for t in range(100)]))`;
      const expected = JSON.parse((await execa(python, ["-c", code], { stderr: "ignore" })).stdout) as number[][];
      await games.reset({ seed: [4] });
      const got: number[][] = [];
      for (let t = 0; t < 100; t++) got.push([...(await games.step(Int32Array.of(t % 4))).ram!]);
      expect(got).toEqual(expected);
      await games.close();
    });
  });

  it("without observations: the same frames, nothing stacked", async () => {
    const options = { game: "BreakoutDeterministic-v4", count: 2, worker };
    const [bytes, floats] = [await makeAtari({ ...options, observations: false }), await makeAtari(options)];
    expect(await bytes.reset({ seed: [1, 2] })).toHaveLength(0);
    await floats.reset({ seed: [1, 2] });
    for (let t = 0; t < 30; t++) {
      const actions = Int32Array.of(t % 4, (t + 1) % 4);
      const [raw, stacked] = [await bytes.step(actions), await floats.step(actions)];
      expect(raw.observations).toHaveLength(0);
      expect(Buffer.from(raw.frames).equals(Buffer.from(stacked.frames))).toBe(true);
      // The newest frame is the last channel.
      expect(Uint8Array.from(raw.frames, (_, i) => stacked.observations[4 * i + 3])).toEqual(
        new Uint8Array(raw.frames),
      );
    }
    await Promise.all([bytes.close(), floats.close()]);
  });

  it("spread over two workers they are the same games", async () => {
    const options = { game: "BreakoutDeterministic-v4", count: 3, ram: true };
    const second = await openWorker({ name: "second", extras: ["base", "atari"] });
    const [one, two, lent] = await Promise.all([
      makeAtari({ ...options, worker }),
      makeAtari({ ...options, workers: 2 }),
      makeAtari({ ...options, worker: [worker, second] }),
    ]);
    const told = (games: AtariEnvironments): unknown[] => {
      const { frames, lives, ram } = games.newest;
      return [Buffer.from(frames).toString("base64"), [...lives], [...ram!]];
    };
    expect(await two.reset({ seed: [1, 2, 3] })).toEqual(await one.reset({ seed: [1, 2, 3] }));
    expect(await lent.reset({ seed: [1, 2, 3] })).toEqual(await one.reset({ seed: [1, 2, 3] }));
    for (let t = 0; t < 25; t++) {
      const actions = Int32Array.of(t % 4, 2, 3);
      const [a, b, c] = await Promise.all([one.step(actions), two.step(actions), lent.step(actions)]);
      expect([[...b.rewards], [...b.lifeLost], ...told(two)]).toEqual([[...a.rewards], [...a.lifeLost], ...told(one)]);
      expect([[...c.rewards], [...c.lifeLost], ...told(lent)]).toEqual([[...a.rewards], [...a.lifeLost], ...told(one)]);
    }
    const anew = { seed: [7, 8, 9], mask: Uint8Array.of(0, 1, 1) };
    expect(await two.reset(anew)).toEqual(await one.reset(anew));
    expect((await two.render(2)).data).toEqual((await one.render(2)).data);
    expect((await failure(two.step(Int32Array.of(0, 0)))).code).toBe("ENV_OPTIONS_INVALID");
    await Promise.all([one.close(), two.close(), lent.close()]);
    await second.close();
    expect(worker.closed).toBe(false); // it was only lent
    expect((await failure(two.step(Int32Array.of(0, 0, 0)))).code).toBe("ENV_CLOSED");
  });

  it("evaluate plays them like any environment", async () => {
    const policy = {
      actions: 4,
      observationSize: 84 * 84 * 4,
      act: (_: Float32Array, n: number) => new Int32Array(n).fill(3),
    };
    const options = { game: "BreakoutDeterministic-v4", worker };
    const result = await evaluate(policy, (count) => makeAtari({ ...options, count }), { episodes: 3 });
    expect(result.returns).toHaveLength(3);
    expect(Math.min(...result.lengths)).toBeGreaterThan(50);
  });

  it("shows the console's screen in colours", async () => {
    const games = await makeAtari({ game: "Breakout", worker });
    await games.reset({ seed: [1] });
    const { width, height, data } = await games.render();
    expect([width, height, data.length]).toEqual([160, 210, 160 * 210 * 3]);
    expect(new Set(data).size).toBeGreaterThan(5);
    await games.close();
  });

  describe("bad input", () => {
    it.each([
      ["Brekout", "Breakout"],
      ["ALE/MissPacman-v5", "MsPacman"],
      ["SpaceInvader-v4", "SpaceInvaders"],
    ])("the game %p: ENV_UNKNOWN, %p is meant", async (game, meant) => {
      const error = await failure(makeAtari({ game, worker }));
      expect(error.code).toBe("ENV_UNKNOWN");
      expect(error.hint).toContain(meant);
    });

    it.each(["", "ALE/", "Combat", "../breakout", "Breakout-v7", "BreakoutTwice-v4"])(
      "the game %p: ENV_UNKNOWN",
      async (game) => {
        expect((await failure(makeAtari({ game, worker }))).code).toBe("ENV_UNKNOWN");
      },
    );

    it.each<Partial<MakeAtariOptions>>([
      { count: 0 },
      { frameSkip: 0 },
      { frameSkip: [3, 3] },
      { stickyActions: 1.5 },
      { noopMax: -1 },
      { maxFrames: 0 },
      { preprocessing: "none" as never },
      { stack: 0 },
      { worker: [] },
    ])("the options %p: ENV_OPTIONS_INVALID", async (options) => {
      expect((await failure(makeAtari({ game: "Breakout", worker, ...options }))).code).toBe("ENV_OPTIONS_INVALID");
    });

    it("no ROM: ATARI_ROM_MISSING says which and where to put it", async () => {
      const empty = await mkdtemp(path.join(tmpdir(), "dsqn-roms-"));
      const without = await openWorker({ extras: ["base", "atari"], env: { ALE_ROMS_DIR: empty } });
      const error = await failure(makeAtari({ game: "Breakout", worker: without }));
      expect([error.code, error.facts?.["rom"]]).toEqual(["ATARI_ROM_MISSING", "breakout"]);
      expect(error.hint).toContain("ALE_ROMS_DIR");
      await without.close();
      await rm(empty, { recursive: true });
    });

    it("no ale-py: ENV_DEPENDENCY_MISSING names the extra", async () => {
      const without = await openWorker({ extras: ["base", "atari"], path: [path.join(FIXTURES, "without-ale")] });
      const error = await failure(makeAtari({ game: "Breakout", worker: without }));
      expect(error.code).toBe("ENV_DEPENDENCY_MISSING");
      expect(error.hint).toContain('extras: ["atari"]');
      await without.close();
    });

    it("actions, masks and seeds that do not fit; calls too early, at once and too late", async () => {
      const games = await makeAtari({ game: "Breakout", count: 2, worker });
      const code = async (promise: Promise<unknown>): Promise<string> => (await failure(promise)).code;
      expect(await code(games.step(Int32Array.of(0, 0)))).toBe("ENV_NEEDS_RESET");
      await games.reset({ seed: [1, 2] });
      for (const actions of [Int32Array.of(0), Int32Array.of(0, 4), Int32Array.of(-1, 0), [0, 0]])
        expect(await code(games.step(actions as Int32Array))).toBe("ACTION_INVALID");
      expect(await code(games.reset({ seed: [1] }))).toBe("ENV_OPTIONS_INVALID");
      expect(await code(games.reset({ seed: [1, -2] }))).toBe("ENV_OPTIONS_INVALID");
      expect(await code(games.reset({ seed: [1, 2], mask: Uint8Array.of(1) }))).toBe("ENV_OPTIONS_INVALID");
      expect(await code(games.render(2))).toBe("ENV_OPTIONS_INVALID");
      const first = games.step(Int32Array.of(0, 0));
      expect(await code(games.step(Int32Array.of(0, 0)))).toBe("ENV_BUSY");
      await first;
      await games.close();
      await games.close();
      expect(await code(games.step(Int32Array.of(0, 0)))).toBe("ENV_CLOSED");
    });
  });
});
