// tier: python
import { jest } from "@jest/globals";
import { execa } from "execa";
import { createHash } from "node:crypto";
import { fileURLToPath } from "node:url";
import { type AtariWorld, makeAtari, type MakeAtariOptions, openWorker, Random, type Worker } from "../../src/index.ts";
import { withAtari } from "../../src/environments/atari-worlds.ts";
import { ensurePython, type Extra, readyPython } from "../../src/setup/python-environment.ts";
import { DATA_PATHS, failure } from "../bridge/helpers.ts";

/** The field's own vector environments through the bridge, against the same ones in Python alone (atari-vector-reference.py). */
const REFERENCE = fileURLToPath(new URL("atari-vector-reference.py", import.meta.url));
const COUNT = 3;
const STEPS = 140;

const digest = (values: Float32Array): string =>
  createHash("sha256").update(Uint8Array.from(values)).digest("hex").slice(0, 16);

const actions = Array.from({ length: STEPS }, (_, t) => {
  const random = new Random(t);
  return Array.from({ length: COUNT }, () => random.integer(4));
});

/** Each step's observations and numbers; games that end start anew from the next seed. */
async function played(options: MakeAtariOptions): Promise<unknown[]> {
  const games = await makeAtari({ ...options, count: COUNT });
  let seed = 100;
  const told: unknown[] = [[digest(await games.reset({ seed: [1, 2, 3] })), [...games.newest.lives]]];
  for (const row of actions) {
    const { observations, rewards, terminated, truncated, lives, lifeLost } = await games.step(Int32Array.from(row));
    told.push([
      digest(observations),
      [...rewards],
      [...terminated],
      [...truncated],
      [...lives],
      [...lifeLost].includes(1),
    ]);
    const over = terminated.map((flag, k) => flag | truncated[k]);
    if (!over.includes(1)) continue;
    const seeds = Array.from({ length: COUNT }, () => seed++);
    told.push([digest(await games.reset({ seed: seeds, mask: over })), [...games.newest.lives]]);
  }
  await games.close();
  return told;
}

async function alone(world: AtariWorld, extras: Extra[], options: Record<string, unknown>): Promise<unknown[]> {
  const { python } = await ensurePython(extras);
  const input = JSON.stringify({ world, options, actions });
  return JSON.parse((await execa(python, [REFERENCE], { input, stderr: "ignore" })).stdout) as unknown[];
}

jest.setTimeout(300_000); // a busy machine

const settings: [MakeAtariOptions, Record<string, unknown>][] = [
  [{ game: "BreakoutDeterministic-v4" }, {}],
  [
    { game: "Breakout", noopMax: 0, fire: false, maxFrames: 200, frameSkip: 2 },
    { noop_max: 0, use_fire_reset: false, repeat_action_probability: 0.25, frame_skip: 2, max_frames: 200 },
  ],
];

describe.each(DATA_PATHS)('the world "ale-vector" (%s)', (data) => {
  let worker: Worker;
  beforeAll(async () => {
    worker = await openWorker({ extras: ["base", "atari"], data, heartbeatMs: 10_000 });
  });
  afterAll(() => worker.close());

  it.each([settings[data === "zeromq" ? 1 : 0]])(
    "%p: observations, rewards, flags and lives as in Python alone",
    async (ours, theirs) => {
      const got = await played({ ...ours, world: "ale-vector", worker });
      expect(got).toEqual(await alone("ale-vector", ["base", "atari"], theirs));
      const flags = got.map((told) => JSON.stringify((told as unknown[]).slice(2, 4)));
      expect(flags.some((text) => text.includes("1"))).toBe(true); // games ended
    },
  );

  it("repeats from its seeds, and starts one game without the others", async () => {
    const options = { game: "BreakoutDeterministic-v4", world: "ale-vector", worker } as const;
    const games = await makeAtari({ ...options, count: 2 });
    const first = await games.reset({ seed: [5, 5] });
    const half = first.length / 2;
    expect(first.slice(0, half)).toEqual(first.slice(half));
    const { observations } = await games.step(Int32Array.of(2, 3));
    const other = await games.reset({ seed: [6, 5], mask: Uint8Array.of(0, 1) });
    expect(other.slice(0, half)).toEqual(observations.slice(0, half));
    expect(other.slice(half)).toEqual(first.slice(half));
    await games.close();
  });

  it.each<[Partial<MakeAtariOptions>, string]>([
    [{ preprocessing: "patel" }, "preprocessing"],
    [{ ram: true }, "ram"],
    [{ game: "Breakout-v4" }, "frame skips"],
    [{ world: "pong" as AtariWorld }, "no world"],
  ])("the options %p: ENV_OPTIONS_INVALID", async (options, said) => {
    const error = await failure(makeAtari({ game: "Breakout", world: "ale-vector", worker, ...options }));
    expect([error.code, error.message]).toEqual(["ENV_OPTIONS_INVALID", expect.stringContaining(said)]);
  });

  it("what it can't do it says: screens, a step before a reset, seeds beyond 2^31", async () => {
    const games = await makeAtari({ game: "Breakout", world: "ale-vector", worker });
    expect((await failure(games.step(Int32Array.of(0)))).code).toBe("ENV_NEEDS_RESET");
    expect((await failure(games.reset({ seed: [2 ** 31] }))).code).toBe("ENV_OPTIONS_INVALID");
    await games.reset({ seed: [1] });
    expect((await failure(games.render())).code).toBe("ENV_NO_FRAMES");
    await games.close();
  });
});

it("games in parts are the same games, in whichever world", async () => {
  for (const world of ["games", "ale-vector"] as const) {
    const told: unknown[][] = [];
    for (const parts of [1, 2])
      await withAtari({ game: "BreakoutDeterministic-v4", world, parts, noopMax: 0 }, async (make) => {
        const games = await make(COUNT);
        expect(games.parts?.map(({ count }) => count)).toEqual(parts === 1 ? undefined : [1, 2]);
        const seen: unknown[] = [digest(await games.reset({ seed: [1, 2, 3] }))];
        for (const row of actions.slice(0, 20)) {
          const { observations, frames, rewards, lifeLost } = await games.step(Int32Array.from(row));
          seen.push(digest(observations), [...rewards], [...lifeLost], frames.length, [...games.newest.lives]);
        }
        seen.push(digest(await games.reset({ seed: [4, 5, 6], mask: Uint8Array.of(0, 1, 0) })));
        told.push(seen);
        await games.close();
      });
    expect(told[1]).toEqual(told[0]);
  }
});

it("games of this project take seeds up to 2^53", async () => {
  const games = await makeAtari({ game: "BreakoutDeterministic-v4" });
  for (const seed of [2 ** 32, 2 ** 53 - 1]) {
    const first = digest(await games.reset({ seed: [seed] }));
    await games.reset({ seed: [1] });
    expect(digest(await games.reset({ seed: [seed] }))).toBe(first);
  }
  await games.close();
});

describe('the world "envpool"', () => {
  const extras: Extra[] = ["base", "atari", "envpool"];

  it("as in Python alone, where EnvPool is set up (npm run setup -- --extras envpool); else it says what is missing", async () => {
    const ready = await readyPython(extras);
    const worker = await openWorker({ extras: ["base", "atari"], heartbeatMs: 10_000 });
    try {
      const options: MakeAtariOptions = { game: "BreakoutDeterministic-v4", world: "envpool", worker };
      if (ready) expect(await played(options)).toEqual(await alone("envpool", extras, {}));
      else expect((await failure(makeAtari(options))).code).toBe("ENV_DEPENDENCY_MISSING");
    } finally {
      await worker.close();
    }
  });
});
