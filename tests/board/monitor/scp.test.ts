import fc from "fast-check";
import { allocate, freeBytes, largestFree, makeHeap, ownedBy, release } from "../../../src/board/monitor/heap.ts";
import { Host, aplx } from "../host.ts";

const OK = 0x80;
const SV = 0xf5007f00;

describe("the monitor", () => {
  it("says who it is, and where", () => {
    const answer = new Host().ask(0);
    expect(answer.result).toBe(OK);
    expect(new TextDecoder().decode(answer.bytes.subarray(12))).toBe("SC&MP/SpiNNaker\0" + "4.0.0\0");
    expect(answer.source).toBe(0);
  });

  it("writes and reads memory of every chip, and of a neighbour", () => {
    const host = new Host();
    const bytes = Uint8Array.from({ length: 600 }, (_, i) => i);
    host.write(0x60300000, bytes, 0x0100);
    expect(Array.from(host.read(0x70300100, 256, 0x0100).bytes)).toEqual(Array.from(bytes.subarray(256, 512)));
    // Link 2 of (1, 1) leads, around the board, to (1, 0).
    expect(Array.from(host.ask(17, [0x60300000, 8, 2], { chip: 0x0101 }).bytes)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(host.ask(17, [0x60300000, 8, 3], { chip: 0 }).result).not.toBe(OK);
    host.ask(5, [0x60300000, 0xabcd, 16], { chip: 0x0100 });
    expect(host.read(0x60300000, 20, 0x0100).words).toEqual([0xabcd, 0xabcd, 0xabcd, 0xabcd, 0x13121110]);
  });

  it("has the memory and the cores that SpiNNMan expects", () => {
    const [flags, sdram] = new Host(5).ask(31, [], { chip: 0x0304 }).words;
    expect([flags & 31, (flags >> 8) & 63, (flags >> 14) & 0x7ff, sdram]).toEqual([18, 0x3f, 1023, 123_469_792]);
    expect(new Host(5).ask(31, [], { chip: 0x0700 }).result).toBe(0x87);
  });

  it("has all 48 chips of a big board in its point-to-point table", () => {
    const host = new Host(5);
    const seen = Array.from({ length: 8 }, (_, x) => host.read(0xe1010000 + x * 128, 4).words[0]).flatMap((word) =>
      Array.from({ length: 8 }, (_, y) => (word >> (3 * y)) & 7),
    );
    expect(seen.filter((route) => route !== 6)).toHaveLength(48);
    expect(seen[0]).toBe(7);
  });

  it("allocates SDRAM by tag, gives the same again to who asks again, and frees an application's", () => {
    const host = new Host();
    const ask = (bytes: number, tag: number, again = 0): number =>
      host.ask(28, [(again << 16) | (30 << 8), bytes, tag]).words[0];
    const first = ask(1000, 3);
    expect(first).toBeGreaterThan(0x60240000);
    expect([ask(1000, 3), ask(1000, 3, 4), ask(999, 3, 4)]).toEqual([0, first, 0]);
    const table = host.read(SV + 0xdc, 4).words[0];
    expect(host.read(table + 4 * ((30 << 8) | 3), 4).words).toEqual([first]);
    ask(2000, 0);
    expect(host.ask(28, [(30 << 8) | 2]).words).toEqual([2]);
    expect(host.ask(28, [6]).words[1]).toBe(123_469_792);
    expect(ask(200_000_000, 0)).toBe(0);
  });

  it("allocates, loads and frees router entries", () => {
    const host = new Host();
    const entries = host.ask(28, [(30 << 8) | 3, 2, 0]).words[0];
    expect(entries).toBe(1);
    host.write(
      0x60300000,
      new Uint8Array(Uint32Array.from([0, 0x81, 0x500, 0xffffff00, 1, 0x42, 0x600, 0xffffffff]).buffer),
    );
    expect(host.ask(29, [(2 << 16) | (30 << 8) | 2, 0x60300000, entries]).result).toBe(OK);
    const { router } = host.emulator.machine.chips[0];
    expect([router.lookup(0x577), router.lookup(0x600)]).toEqual([0x81, 0x42]);
    host.ask(28, [(30 << 8) | 5, 1]);
    expect(router.lookup(0x577)).toBeNull();
    expect(host.ask(28, [(31 << 8) | 3, 1023, 0]).words).toEqual([1]);
    expect(host.ask(28, [(31 << 8) | 3, 1, 0]).words).toEqual([0]);
  });

  it("keeps IP tags and reverse ones, and opens the ports of those", () => {
    const host = new Host();
    host.ask(26, [(1 << 28) | (1 << 16) | 2, 12345, 0x0100007f]);
    host.ask(26, [(3 << 28) | (1 << 16) | (0x21 << 8) | 3, ((0x0101 << 16) | 17000) >>> 0, 0]);
    expect([...host.listening]).toEqual([17000]);
    const tag = host.ask(26, [(2 << 16) | 2, 1]);
    expect([Array.from(tag.bytes.subarray(0, 4)), tag.bytes[10] | (tag.bytes[11] << 8)]).toEqual([
      [127, 0, 0, 1],
      12345,
    ]);
    expect(host.ask(26, [(4 << 16) | 9, 9]).words[0] >>> 24).toBe(8);
    host.ask(26, [(3 << 16) | 3]);
    expect(host.listening.size).toBe(0);
  });

  it("says that it does not know yet, where counting takes longer than the host waits", () => {
    const host = new Host();
    const packet = new Uint8Array(26);
    packet.set([0, 0, 0x87, 0xff, 0, 0xff, 0xff, 0xff, 0, 0, 15]);
    host.emulator.monitor.fromHost(packet, { address: "127.0.0.1", port: 1 }, false);
    expect(host.sent[0].data[10]).toBe(0x8b);
  });

  it("refuses by name what it does not know", () => {
    const host = new Host();
    expect(host.ask(57).result).toBe(0x83);
    expect(host.problems[0].message).toMatch(/57 BMP_POWER.*bmp_names/);
    expect(host.read(0xe3000000, 4).result).toBe(0x84);
    expect(host.problems[1].message).toMatch(/READ: 4 bytes at 0xe3000000/);
    host.write(0x67800000, new TextEncoder().encode("\x7fELF and so on, which is no APLX."));
    expect(host.ask(19, [(17 << 24) | 2]).result).toBe(0x84);
    expect(host.problems[2].message).toMatch(/no APLX/);
  });

  it("takes only images that fit a core", () => {
    const host = new Host();
    const image = new Uint32Array(aplx([1, 2, 3]).buffer);
    image[1] = 0x7ffc;
    host.write(0x67800000, new Uint8Array(image.buffer));
    expect(host.ask(19, [(17 << 24) | 2]).result).toBe(0x84);
    expect(host.problems[0].message).toMatch(/beyond a core's memories/);
  });
});

describe("a heap in memory", () => {
  it("never gives bytes twice, and has all of them again in the end", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.integer({ min: 1, max: 300 }), fc.boolean()), { maxLength: 60 }), (steps) => {
        const words = new Map<number, number>();
        const memory = {
          get: (at: number) => words.get(at) ?? 0,
          set: (at: number, value: number) => void words.set(at, value >>> 0),
        };
        const heap = makeHeap(memory, 0x1000, 0x3000);
        const whole = freeBytes(memory, heap);
        const held: { at: number; bytes: number }[] = [];
        for (const [bytes, free] of steps) {
          if (free && held.length > 0) release(memory, heap, held.splice(bytes % held.length, 1)[0].at);
          const at = allocate(memory, heap, bytes, 0x1100 | (bytes & 255));
          if (at !== 0) held.push({ at, bytes });
          else expect(largestFree(memory, heap)).toBeLessThan((bytes + 3) & ~3);
        }
        const sorted = held.toSorted((a, b) => a.at - b.at);
        for (let i = 1; i < sorted.length; i++)
          expect(sorted[i].at).toBeGreaterThanOrEqual(sorted[i - 1].at + sorted[i - 1].bytes + 8);
        expect(ownedBy(memory, heap, 0x11).toSorted((a, b) => a - b)).toEqual(sorted.map(({ at }) => at));
        for (const { at } of held) release(memory, heap, at);
        expect([freeBytes(memory, heap), largestFree(memory, heap)]).toEqual([whole, whole]);
      }),
      { numRuns: 60 },
    );
  });
});
