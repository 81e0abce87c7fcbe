import fc from "fast-check";
import { FrameStack } from "../../src/index.ts";

/** The definition: lists of frames, the newest last. */
function stacked(lists: number[][][], depth: number): number[] {
  return lists.flatMap((frames) => {
    const last = frames.slice(-depth);
    return last[0].flatMap((_, pixel) => last.map((frame) => frame[pixel]));
  });
}

describe("FrameStack", () => {
  it("holds the last frames of each copy, the newest last; a masked fill starts some anew", () => {
    const frame = (count: number, pixels: number) =>
      fc.uint8Array({ minLength: count * pixels, maxLength: count * pixels });
    const cases = fc
      .tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 6 }))
      .chain(([count, pixels, depth]) =>
        fc.record({
          count: fc.constant(count),
          pixels: fc.constant(pixels),
          depth: fc.constant(depth),
          first: frame(count, pixels),
          steps: fc.array(
            fc.record({
              frames: frame(count, pixels),
              mask: fc.option(fc.array(fc.constantFrom(0, 1), { minLength: count, maxLength: count })),
            }),
            { maxLength: 8 },
          ),
        }),
      );
    fc.assert(
      fc.property(cases, ({ count, pixels, depth, first, steps }) => {
        const stack = new FrameStack(count, pixels, depth);
        const part = (frames: Uint8Array, k: number): number[] => [...frames.subarray(k * pixels, (k + 1) * pixels)];
        const anew = (frames: Uint8Array, k: number): number[][] =>
          Array.from({ length: depth }, () => part(frames, k));
        stack.fill(first);
        const lists = Array.from({ length: count }, (_, k) => anew(first, k));
        for (const { frames, mask } of steps) {
          if (mask) stack.fill(frames, Uint8Array.from(mask));
          else stack.push(frames);
          lists.forEach((list, k) => {
            if (!mask) list.push(part(frames, k));
            else if (mask[k] === 1) lists[k] = anew(frames, k);
          });
          expect([...stack.observations()]).toEqual(stacked(lists, depth));
        }
      }),
      { numRuns: 60 },
    );
  });
});
