import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { FrameMemory, type FrameMemoryOptions } from "../../../src/learning/replay/frame-memory.ts";
import { Random } from "../../../src/numeric/random.ts";

/** What one environment lived through: frames with what was done in them. `action` -1: the episode was cut before one. */
interface Moment {
  frame: number;
  first: boolean;
  action: number;
  reward: number;
  terminal: boolean;
  cut: boolean;
}

const SIZE = 3;
/** A frame that says which one it is. */
const frameOf = (n: number): Uint8Array => Uint8Array.of(n & 255, n >> 8, (n * 7) & 255);

/** Lives through `steps` steps of random episodes in all lanes, telling the memory; returns what happened. */
function live(memory: FrameMemory, steps: number, random: Random): Moment[][] {
  let next = 0;
  const lanes: Moment[][] = Array.from({ length: memory.options.environments }, () => []);
  const observe = (lane: number, first: boolean): void => {
    lanes[lane].push({ frame: next, first, action: -1, reward: 0, terminal: false, cut: false });
    memory.observe(lane, frameOf(next++), first);
  };
  for (let lane = 0; lane < lanes.length; lane++) observe(lane, true);
  for (let t = 0; t < steps; t++)
    for (const [lane, moments] of lanes.entries()) {
      const moment = moments.at(-1)!;
      const [action, reward] = [random.integer(4), random.integer(3) - 1];
      const fate = random.uniform();
      const over = fate < 0.1;
      const terminal = over || fate < 0.2;
      Object.assign(moment, { action, reward, terminal });
      memory.act(lane, action, reward, terminal);
      if (!over) observe(lane, false);
      const truncated = fate > 0.9;
      if (truncated) {
        memory.cut(lane);
        moments.at(-1)!.cut = true;
      }
      if (over || truncated) observe(lane, true);
    }
  return lanes;
}

/** Frames [stack] of the observation at moments[i], oldest first. */
function stackOf(moments: readonly Moment[], i: number, stack: number): number[] {
  const frames: number[] = [];
  for (let at = i; frames.length < stack; at -= moments[at].first ? 0 : 1) frames.unshift(moments[at].frame);
  return frames;
}

/** The transition from moments[i], told from the whole history; undefined where it can't be known, or nothing was done. */
function transition(moments: readonly Moment[], i: number, { nStep, gamma, stack }: FrameMemoryOptions) {
  let reward = 0;
  for (let k = 0; k < nStep; k++) {
    const moment = moments[i + k];
    if (!moment) return undefined;
    if (moment.cut) return k === 0 ? undefined : { reward, discount: gamma ** k, next: stackOf(moments, i + k, stack) };
    if (moment.action < 0) return undefined;
    reward += gamma ** k * moment.reward;
    if (moment.terminal) return { reward, discount: 0, next: undefined };
  }
  return i + nStep < moments.length
    ? { reward, discount: gamma ** nStep, next: stackOf(moments, i + nStep, stack) }
    : undefined;
}

const unstacked = (bytes: Uint8Array, k: number, stack: number): number[] => {
  const at = k * SIZE * stack;
  return Array.from({ length: stack }, (_, c) => bytes[at + c] | (bytes[at + stack + c] << 8));
};

const options = fc.record({
  environments: fc.integer({ min: 1, max: 3 }),
  lane: fc.integer({ min: 12, max: 40 }),
  stack: fc.constantFrom(1, 2, 4),
  nStep: fc.integer({ min: 1, max: 4 }),
  prioritised: fc.boolean(),
  steps: fc.integer({ min: 15, max: 120 }),
  seed: fc.integer({ min: 0, max: 1e6 }),
});

type Chosen = typeof options extends fc.Arbitrary<infer T> ? T : never;

const build = ({ environments, lane, stack, nStep, prioritised }: Chosen): FrameMemory =>
  new FrameMemory({
    environments,
    capacity: environments * lane,
    frameSize: SIZE,
    stack,
    nStep,
    gamma: 0.5,
    ...(prioritised && { prioritisation: { alpha: 1, beta: 0.5, epsilon: 0.01 } }),
  });

describe("frame-wise replay memory", () => {
  it("gives every transition of the whole history that its ring still holds, and no other", () => {
    fc.assert(
      fc.property(options, (chosen) => {
        const random = new Random(chosen.seed);
        const memory = build(chosen);
        const lanes = live(memory, chosen.steps, random);
        const known = new Map<
          number,
          { expected: NonNullable<ReturnType<typeof transition>>; i: number; lane: number }
        >();
        for (const [lane, moments] of lanes.entries()) {
          const oldest = moments.length <= memory.lane ? 0 : moments.length - memory.lane + chosen.stack - 1;
          for (let i = oldest; i < moments.length; i++) {
            const expected = transition(moments, i, memory.options);
            if (expected) known.set(lane * memory.lane + (i % memory.lane), { expected, i, lane });
          }
        }
        expect(memory.size).toBe(known.size);
        if (known.size === 0) return;
        const drawn = new Set<number>();
        for (let draw = 0; draw < 12; draw++) {
          const batch = memory.sample(16, random);
          for (let k = 0; k < 16; k++) {
            const slot = batch.slots[k];
            drawn.add(slot);
            const { expected, i, lane } = known.get(slot)!;
            expect(batch.actions[k]).toBe(lanes[lane][i].action);
            expect(batch.rewards[k]).toBeCloseTo(expected.reward, 6);
            expect(batch.discounts[k]).toBe(expected.discount);
            expect(unstacked(batch.observations, k, chosen.stack)).toEqual(stackOf(lanes[lane], i, chosen.stack));
            if (expected.next) expect(unstacked(batch.nextObservations, k, chosen.stack)).toEqual(expected.next);
          }
        }
        if (known.size < 20) expect(drawn.size).toBe(known.size);
      }),
      { numRuns: 40 },
    );
  });

  it("shows the newest observation of each lane", () => {
    fc.assert(
      fc.property(options, (chosen) => {
        const memory = build(chosen);
        const lanes = live(memory, chosen.steps, new Random(chosen.seed));
        for (const [lane, moments] of lanes.entries()) {
          const into = new Uint8Array(SIZE * chosen.stack);
          memory.newest(lane, into);
          expect(unstacked(into, 0, chosen.stack)).toEqual(stackOf(moments, moments.length - 1, chosen.stack));
          expect(memory.newestFrame(lane)).toEqual(frameOf(moments.at(-1)!.frame));
        }
      }),
      { numRuns: 30 },
    );
  });

  it("draws in proportion to priority, with importance weights that undo it", () => {
    const memory = build({ environments: 1, lane: 40, stack: 1, nStep: 1, prioritised: true, steps: 0, seed: 0 });
    memory.observe(0, frameOf(0), true);
    for (let n = 1; n <= 4; n++) {
      memory.act(0, n - 1, 0, false);
      memory.observe(0, frameOf(n), false);
    }
    memory.updatePriorities(Int32Array.of(0, 1, 2, 3), Float32Array.of(0.09, -0.19, 0.29, -0.39));
    const random = new Random(3);
    const counts = [0, 0, 0, 0];
    for (let draw = 0; draw < 5000; draw++) {
      const { slots, weights } = memory.sample(2, random);
      for (let k = 0; k < 2; k++) {
        counts[slots[k]]++;
        const [mine, other] = [slots[k], slots[1 - k]].map((slot) => ((slot + 1) / 10) ** -0.5);
        expect(weights[k]).toBeCloseTo(mine / Math.max(mine, other), 5);
      }
    }
    counts.forEach((n, slot) => expect(n / 10000).toBeCloseTo((slot + 1) / 10, 1));
  });

  it("goes on after save and restore as if nothing had been", () => {
    fc.assert(
      fc.property(options, (chosen) => {
        const memory = build(chosen);
        live(memory, chosen.steps, new Random(chosen.seed));
        const other = build(chosen);
        other.restore(structuredClone(memory.save()));
        memory.frames.forEach((frames, lane) => other.frames[lane].set(frames));
        expect(other.size).toBe(memory.size);
        if (memory.size === 0) return;
        for (const each of [memory, other]) live(each, 7, new Random(5));
        expect(other.sample(8, new Random(1))).toEqual(memory.sample(8, new Random(1)));
      }),
      { numRuns: 20 },
    );
  });

  it("refuses to draw from nothing", () => {
    const memory = build({ environments: 1, lane: 20, stack: 1, nStep: 1, prioritised: false, steps: 0, seed: 0 });
    expect(() => memory.sample(1, new Random(0))).toThrow(RangeError);
  });
});
