import { Comms, typeOf } from "../../../src/board/devices/comms.ts";
import { Dma } from "../../../src/board/devices/dma.ts";
import { Router } from "../../../src/board/devices/router.ts";
import { SystemController } from "../../../src/board/devices/system-controller.ts";
import { Timers } from "../../../src/board/devices/timers.ts";

describe("a core's timers", () => {
  it("count down with the clock, interrupt at zero, and go on with the background value", () => {
    const timers = new Timers();
    timers.write(0x00, 1000, 50);
    timers.write(0x18, 700, 50);
    timers.write(0x08, 0xe2, 100);
    expect(timers.due).toBe(1100);
    expect(timers.read(0x04, 400)).toBe(700);
    timers.first.expire();
    expect([timers.due, timers.first.line, timers.read(0x04, 1300)]).toEqual([1800, true, 500]);
    timers.write(0x0c, 1, 1300);
    expect(timers.first.line).toBe(false);
    // Stopped, the count stays; started again, it goes on from there.
    timers.write(0x08, 0x62, 1300);
    expect([timers.due, timers.read(0x04, 9999)]).toEqual([Infinity, 500]);
    timers.write(0x08, 0xe2, 5000);
    expect(timers.due).toBe(5500);
  });

  it("divide the clock, and stop after one shot", () => {
    const timers = new Timers();
    timers.write(0x28, 0xa7, 0);
    timers.write(0x20, 10, 0);
    expect(timers.due).toBe(160);
    timers.second.expire();
    expect(timers.due).toBe(Infinity);
    expect(() => timers.read(0x1c, 0)).toThrow(/register 0x1c of a timer/);
  });
});

describe("a DMA controller", () => {
  it("moves one transfer after the other, both ways, and says when it is done", () => {
    const moves: string[] = [];
    const dma = new Dma(5, (from, to, bytes) => moves.push(`${from.toString(16)} ${to.toString(16)} ${bytes}`));
    dma.write(0x18, 0xc00, 0);
    const start = (direction: number, bytes: number, now: number): void => {
      dma.write(0x04, 0x60000000, now);
      dma.write(0x08, 0x400100, now);
      dma.write(0x0c, (direction << 19) | bytes, now);
    };
    start(0, 64, 10);
    start(1, 32, 20);
    expect(dma.read(0x14) >>> 24).toBe(5);
    expect(dma.read(0x14) & 0xfff).toBe(0b101);
    expect(() => start(0, 4, 30)).toThrow(/third transfer/);
    const first = dma.due;
    dma.complete();
    expect(moves).toEqual(["60000000 400100 64"]);
    expect([dma.line, dma.due > first, dma.read(0x14) & 4]).toEqual([true, true, 0]);
    dma.write(0x10, 8, first);
    expect(dma.line).toBe(false);
    dma.complete();
    expect([moves[1], dma.due]).toEqual(["400100 60000000 32", Infinity]);
  });
});

describe("a communications controller", () => {
  it("takes packets in order of arrival, and shows which kind waits", () => {
    const comms = new Comms(() => undefined);
    comms.reset(0x07000102);
    comms.deliver({ control: 0, key: 2, payload: 0 }, 200);
    comms.deliver({ control: 0x00c20000, key: 3, payload: 7 }, 300);
    comms.deliver({ control: 0, key: 1, payload: 0 }, 100);
    comms.arrive(250);
    expect([comms.due, comms.lines & (1 << 24)]).toEqual([300, 1 << 24]);
    expect([comms.read(0x14), comms.read(0x14), comms.read(0x14)]).toEqual([1, 2, 0]);
    comms.arrive(300);
    expect([comms.lines & (1 << 27), comms.read(0x0c), comms.read(0x10), comms.read(0x14)]).toEqual([
      1 << 27,
      0x80c20000,
      7,
      3,
    ]);
    expect(comms.lines & (1 << 6)).toBe(0);
    expect(comms.read(0x18)).toBe(0x07000102);
  });

  it("sends by its key, with the payload that was written", () => {
    const sent: string[] = [];
    const comms = new Comms((packet) => sent.push(`${typeOf(packet)} ${packet.key} ${packet.payload}`));
    comms.write(0x04, 99);
    comms.write(0x08, 5);
    comms.write(0x00, 0x00c20000);
    comms.write(0x08, 6);
    expect(sent).toEqual(["0 5 0", "3 6 99"]);
  });
});

describe("a system controller", () => {
  it("locks: whoever reads first has it", () => {
    const system = new SystemController(18, { interrupts: () => undefined, sleeping: () => 0x3fffe });
    expect([system.read(0x118), system.read(0x118), system.locked(6)]).toEqual([0, 0x80000000, true]);
    expect([system.read(0x198), system.read(0x118)]).toEqual([0x80000000, 0]);
  });

  it("raises interrupts of cores, and says which changed", () => {
    const seen: [number, number][] = [];
    const system = new SystemController(18, {
      interrupts: (changed, levels) => seen.push([changed, levels]),
      sleeping: () => 0,
    });
    system.write(0x08, 0x5ec00006);
    system.write(0x08, 0x5ec00002);
    system.write(0x0c, 0x5ec00004);
    expect(seen).toEqual([
      [6, 6],
      [4, 2],
    ]);
    expect(() => system.read(0x200)).toThrow(/register 0x200 of the system controller/);
  });
});

describe("a router", () => {
  it("takes the first entry that matches, and forgets what it knew when the table changes", () => {
    const router = new Router();
    router.setEntry(3, 0x41, 0x1200, -256);
    router.setEntry(2, 0x82, 0x1234, -1);
    expect([router.lookup(0x1234), router.lookup(0x1235), router.lookup(0x1300)]).toEqual([0x82, 0x41, null]);
    router.clearEntries(2, 1);
    expect(router.lookup(0x1234)).toBe(0x41);
  });

  it("counts by its filters, and dumped packets apart", () => {
    const router = new Router();
    const packet = { control: 0, key: 1, payload: 0 };
    router.count({ packet, local: true, byDefault: false, route: 0x80 });
    router.count({ packet, local: false, byDefault: true, route: 0x01 });
    router.count({ packet, local: true, byDefault: true, route: 0 });
    expect([0, 1, 8].map((counter) => router.read(0x300 + 4 * counter))).toEqual([1, 1, 1]);
    // What SpiNNMan adds: non-local multicast packets that went by default.
    router.write(0x238, 0x01ffb4f1);
    router.write(0x2c, 0xffffffff);
    router.count({ packet, local: false, byDefault: true, route: 0x01 });
    router.count({ packet, local: false, byDefault: false, route: 0x01 });
    expect(router.read(0x338)).toBe(1);
    expect(router.dumped).toBe(1);
  });

  it("names a register that it lacks", () => {
    expect(() => new Router().read(0xf00)).toThrow(/register 0xf00 of the router/);
  });
});
