import { afterAll, describe, expect, it } from "@jest/globals";
import { mkdtempSync, rmSync, truncateSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openFrameFile } from "../../../src/learning/replay/frame-file.ts";
import { FrameMemory } from "../../../src/learning/replay/frame-memory.ts";
import { assertReplayFits } from "../../../src/learning/replay/replay-memory-limit.ts";
import { assembleStack } from "../../../src/environments/frame-stack.ts";
import { Random } from "../../../src/numeric/random.ts";

const folder = mkdtempSync(join(tmpdir(), "dsqn-frames-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const memoryOf = (): FrameMemory =>
  new FrameMemory({ environments: 2, capacity: 200, frameSize: 5, stack: 4, nStep: 1, gamma: 0.9 });

describe("the file of a replay memory's frames", () => {
  it("brings back the last checkpoint and the one before it, wherever the run was killed", () => {
    const random = new Random(1);
    const memory = memoryOf();
    const path = join(folder, "replay.frames");
    const file = openFrameFile(path, memory);
    const push = (lane: number): void =>
      memory.observe(
        lane,
        Uint8Array.from({ length: 5 }, () => random.integer(256)),
        false,
      );
    const checkpoints: { frames: Uint8Array[]; pushed: number[] }[] = [];
    const expectBack = ({ frames, pushed }: (typeof checkpoints)[number]): void => {
      const other = memoryOf();
      pushed.forEach((n, lane) => (other.pushed[lane] = n));
      const again = openFrameFile(path, other, { resume: true });
      again.restore();
      again.close();
      expect(other.frames).toEqual(frames);
    };
    for (let round = 0; round < 12; round++) {
      // Lanes don't keep step: games end at different times.
      while (!file.due(1)) push(random.uniform() < 0.6 ? 0 : 1);
      file.save();
      checkpoints.push({ frames: memory.frames.map((lane) => lane.slice()), pushed: [...memory.pushed] });
      for (const checkpoint of checkpoints.slice(-2)) expectBack(checkpoint);
    }
    expect(memory.pushed[0]).toBeGreaterThan(3 * memory.lane);
    file.close();
  });

  it("says so when it is missing or cut short", () => {
    const path = join(folder, "short.frames");
    const memory = memoryOf();
    expect(() => openFrameFile(path, memory, { resume: true })).toThrow(
      expect.objectContaining({ code: "CHECKPOINT_INVALID" }),
    );
    openFrameFile(path, memory).close();
    truncateSync(path, 100);
    expect(() => openFrameFile(path, memory, { resume: true })).toThrow(
      expect.objectContaining({ code: "CHECKPOINT_INVALID" }),
    );
  });
});

describe("a replay memory too large", () => {
  const frames = (capacity: number) => ({ capacity, frameSize: 7056, environments: 8 });

  it("is refused with the size that fits, which then is accepted", () => {
    let fits = 0;
    try {
      assertReplayFits(frames(1_000_000), 4e9);
    } catch (error) {
      const { code, facts, hint } = error as { code: string; facts: { fits: number }; hint: string };
      expect(code).toBe("REPLAY_TOO_LARGE");
      expect(hint).toContain(`replay.capacity=${facts.fits}`);
      fits = facts.fits;
    }
    expect(fits).toBeGreaterThan(400_000);
    assertReplayFits(frames(fits), 4e9);
    expect(() => assertReplayFits(frames(fits + 2000), 4e9)).toThrow();
  });

  it("is refused where one lane would be longer than an array can be", () => {
    assertReplayFits({ ...frames(600_000), environments: 1 }, 1e12);
    expect(() => assertReplayFits({ ...frames(1_000_000), environments: 1 }, 1e12)).toThrow(
      expect.objectContaining({ code: "REPLAY_TOO_LARGE" }),
    );
    assertReplayFits(frames(1_000_000), 1e12);
  });
});

describe("stacks", () => {
  it.each([1, 2, 3, 4])("of %i frames lie side by side as channels", (stack) => {
    const random = new Random(stack);
    const frames = Uint8Array.from({ length: 60 }, () => random.integer(256));
    const offsets = [30, 0, 15, 45].slice(0, stack);
    for (const at of [0, 4, 8, 3]) {
      const into = new Uint8Array(15 * stack + at + 2);
      assembleStack(frames, offsets, 15, into, at);
      for (let p = 0; p < 15; p++)
        for (let k = 0; k < stack; k++) expect(into[at + p * stack + k]).toBe(frames[offsets[k] + p]);
    }
  });
});
