import { describe, expect, it } from "@jest/globals";
import { FrameStack } from "../../../src/environments/frame-stack.ts";
import { frameSight, vectorSight } from "../../../src/learning/actor-critic/sight.ts";
import { Random } from "../../../src/numeric/random.ts";

describe("frameSight", () => {
  const [count, pixels, stack, horizon] = [3, 5, 4, 6];
  const random = new Random(4);
  const frame = (): Uint8Array => Uint8Array.from({ length: pixels }, () => random.integer(256));

  /** Two rollouts, in which episodes end here and there, beside the stacks that environments make. */
  function play() {
    const sight = frameSight({ horizon, count }, pixels, stack);
    const stacks = new FrameStack(count, pixels, stack);
    const first = Array.from({ length: count }, frame);
    stacks.fill(Uint8Array.from(first.flatMap((one) => [...one])));
    first.forEach((one, i) => sight.show(0, i, one, true));
    const wanted: Uint8Array[] = [new Uint8Array(stacks.observations())];
    for (let step = 1; step <= 2 * horizon; step++) {
      const row = ((step - 1) % horizon) + 1;
      const frames = Array.from({ length: count }, frame);
      stacks.push(Uint8Array.from(frames.flatMap((one) => [...one])));
      frames.forEach((one, i) => sight.show(row, i, one, false));
      // Environment 1 starts anew in steps 4, 6 and 9.
      if ([4, 6, 9].includes(step)) {
        const start = frame();
        const all = new Uint8Array(count * pixels);
        all.set(start, pixels);
        stacks.fill(all, Uint8Array.of(0, 1, 0));
        sight.show(row, 1, start, true);
      }
      wanted.push(new Uint8Array(stacks.observations()));
      if (step === horizon) {
        expect(rows(sight, 0, horizon)).toEqual(wanted);
        sight.carry(horizon);
      }
    }
    return { sight, wanted: wanted.slice(horizon) };
  }
  const rows = (sight: ReturnType<typeof frameSight>, from: number, to: number) =>
    Array.from({ length: to - from + 1 }, (_, k) => sight.at(from + k));

  it("shows what environments stack, whose episodes start in the midst, over two rollouts", () => {
    const { sight, wanted } = play();
    expect(rows(sight, 0, horizon)).toEqual(wanted);
    const size = pixels * stack;
    const some = sight.of(Int32Array.of(4, 0, 11));
    const all = Uint8Array.from(wanted.flatMap((row) => [...row]));
    expect([...some]).toEqual([4, 0, 11].flatMap((k) => [...all.subarray(k * size, (k + 1) * size)]));
  });

  it("goes on from what it saved, and knows when an environment shows something else", () => {
    const { sight, wanted } = play();
    const other = frameSight({ horizon, count }, pixels, stack);
    other.restore(structuredClone(sight.save(4)));
    expect(rows(other, 0, 4)).toEqual(wanted.slice(0, 5));
    const newest = wanted[4].subarray(0, pixels * stack).filter((_, k) => k % stack === stack - 1);
    expect(other.resume(4, 0, newest)).toBe(true);
    expect(
      other.resume(
        4,
        0,
        newest.map((byte) => byte ^ 1),
      ),
    ).toBe(false);
  });
});

describe("vectorSight", () => {
  it("scales, picks and carries rows", () => {
    const sight = vectorSight({ horizon: 2, count: 2 }, 2, { center: [1, 0], scale: [2, 3] });
    const show = (row: number, ...values: number[]): void => {
      sight.show(row, 0, Float32Array.of(values[0], values[1]), false);
      sight.show(row, 1, Float32Array.of(values[2], values[3]), false);
    };
    show(0, 1, 2, 3, 4);
    show(1, 0, 0, 1, 1);
    show(2, 2, 2, 2, 2);
    expect([...sight.at(0)]).toEqual([0, 6, 4, 12]);
    expect([...sight.of(Int32Array.of(3, 0))]).toEqual([0, 3, 0, 6]);
    sight.carry(2);
    expect([...sight.at(0)]).toEqual([2, 6, 2, 6]);
    expect([...sight.view(Float32Array.of(1, 1))]).toEqual([0, 3]);
  });
});
