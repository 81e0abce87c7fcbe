import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { createTrainable } from "../../../src/engines/create.ts";
import { addressOf, allocate, damagedBlocks, usedBytes } from "../../../src/engines/fast/kernels/memory.ts";
import { Random } from "../../../src/numeric/random.ts";
import { createSpikingNetwork } from "../../../src/network/create.ts";

describe("the kernels' memory", () => {
  it("never hands out a byte twice, gives everything back, and zeroes what it reuses", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 0, max: 5000 }), fc.boolean()), { maxLength: 60 }),
        (requests) => {
          const before = usedBytes();
          const live: ReturnType<typeof allocate>[] = [];
          for (const [bytes, drop] of requests) {
            const block = allocate(bytes);
            const view = block.uint8(0, bytes);
            expect(view.every((b) => b === 0)).toBe(true);
            view.fill(0xff);
            for (const other of live)
              expect(block.address + bytes <= other.address || other.address + other.bytes <= block.address).toBe(true);
            live.push(block);
            if (drop) live.splice(live.length >> 1, 1)[0].free();
          }
          expect(damagedBlocks()).toEqual([]);
          live.forEach((block) => block.free());
          expect(usedBytes()).toBe(before);
        },
      ),
    );
  });

  it("keeps views valid when it grows", () => {
    const block = allocate(64);
    const view = block.float32(0, 16).fill(3);
    const large = allocate(50 * 2 ** 20);
    expect([...view]).toEqual(Array(16).fill(3));
    expect(addressOf(view)).toBe(block.address);
    expect(addressOf(new Float32Array(4))).toBeUndefined();
    large.free();
    block.free();
  });

  it("refuses views that leave their block, and what can't fit", () => {
    const block = allocate(100);
    expect(() => block.float32(0, 26)).toThrow(expect.objectContaining({ code: "KERNEL_BOUNDS" }));
    expect(() => block.float32(-4, 1)).toThrow(expect.objectContaining({ code: "KERNEL_BOUNDS" }));
    block.free();
    expect(() => allocate(5e9)).toThrow(expect.objectContaining({ code: "KERNEL_MEMORY" }));
  });

  it("notices a write past a block's end (the guards work)", () => {
    const block = allocate(64);
    const neighbour = new Uint8Array(block.uint8(0, 1).buffer, block.address + 64, 1);
    const kept = neighbour[0];
    neighbour[0] = 1;
    expect(damagedBlocks()).toEqual([block.address]);
    neighbour[0] = kept;
    expect(damagedBlocks()).toEqual([]);
    block.free();
  });

  it("stays whole around kernels of any size, between neighbours", () => {
    const random = new Random(3);
    for (let k = 0; k < 150; k++) {
      const shape = Array.from({ length: 2 + random.integer(3) }, () => 1 + random.integer(k % 10 === 0 ? 200 : 24));
      const batch = 1 + random.integer(33);
      const network = createSpikingNetwork(shape, random, { steps: 1 + random.integer(40), weightScale: 3 });
      const learner = createTrainable(network, { maxBatch: batch, threads: 1 + random.integer(2) });
      const x = Float32Array.from({ length: batch * shape[0] }, () => random.normal());
      learner.backward(learner.forward(x, batch).slice());
      expect(damagedBlocks()).toEqual([]);
      learner.close();
    }
  });
});
