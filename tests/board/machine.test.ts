import { Host } from "./host.ts";

const OK = 0x80;
const WFI = 0xee070f90;
const BACK = 0xeafffffd; // to the instruction before
const COMMS = 0xe3a01201; // mov r1, #0x10000000
/** Sends a packet with key 0x1200, then sleeps. */
const SENDER = [COMMS, 0xe3a02d48, 0xe5812008, WFI, BACK];
/** Waits for a packet, writes its key to 0x60300000, then sleeps. */
const RECEIVER = [
  COMMS,
  0xe591200c, // ldr r2, [r1, #0xc]
  0xe3120102, // tst r2, #0x80000000
  0x0afffffc, // beq to the ldr
  0xe5913014, // ldr r3, [r1, #0x14]
  0xe3a04206, // mov r4, #0x60000000
  0xe2844603, // add r4, r4, #0x300000
  0xe5843000, // str r3, [r4]
  WFI,
  BACK,
];

describe("a board's cores", () => {
  it("send packets through routers, by the tables, by default, and over several chips", () => {
    const host = new Host(5);
    const at = (x: number, y: number) => host.emulator.machine.chipAt((x << 8) | y)!;
    // From (0, 0) by link 0; by default through (1, 0) and (2, 0); at (3, 0) to core 4.
    at(0, 0).router.setEntry(1, 1 << 0, 0x1200, -256);
    at(3, 0).router.setEntry(1, 1 << (6 + 4), 0x1200, -256);
    host.start(RECEIVER, [4], 0x0300);
    host.run(2000);
    host.start(SENDER, [1]);
    host.run(2000);
    expect(host.read(0x60300000, 4, 0x0300).words).toEqual([0x1200]);
    const status = host.emulator.status();
    expect([status.packets, status.dumped]).toEqual([1, 0]);
    expect(status.cores.map(({ core, packetsSent, packetsReceived }) => [core, packetsSent, packetsReceived])).toEqual([
      [1, 1, 0],
      [4, 0, 1],
    ]);
    // Non-local packets at (1, 0): one.
    expect(at(1, 0).router.read(0x304)).toBe(1);
  });

  it("lose a packet of their own that no entry takes, and it is counted", () => {
    const host = new Host();
    host.start(SENDER, [1]);
    host.run(1000);
    expect(host.emulator.status().dumped).toBe(1);
  });

  it("give the same cycles and instructions again", () => {
    const once = (): unknown => {
      const host = new Host();
      host.emulator.machine.chips[0].router.setEntry(1, 1 << (6 + 4), 0x1200, -256);
      host.start(RECEIVER, [4]);
      host.run(1234);
      host.start(SENDER, [1, 2, 3]);
      host.run(5000);
      return host.emulator.machine.chips[0].processors.map(({ core }) => [core.cycles, core.instructions]);
    };
    expect(once()).toEqual(once());
  });

  it("sleep until something happens: time goes on without them", () => {
    const host = new Host();
    host.start([WFI, BACK], [1]);
    host.run(1000);
    expect([host.emulator.asleep, host.emulator.machine.due]).toEqual([true, Infinity]);
    expect(host.emulator.machine.chips[0].processors[1].core.instructions).toBeLessThan(3);
  });

  it("stop at a register that isn't modelled: its name, the place, and a run time error for the host", () => {
    const host = new Host();
    // mov r1, #0xe0000000; ldr r2, [r1]
    host.start([0xe3a0120e, 0xe5912000, WFI, BACK], [3]);
    host.run(1000);
    expect(host.problems).toEqual([
      expect.objectContaining({
        kind: "register",
        chip: [0, 0],
        core: 3,
        pc: 4,
        message: expect.stringContaining("SDRAM controller"),
      }),
    ]);
    const block = host.read(0xe5007000 + 3 * 128, 128).bytes;
    expect([block[0x2e], block[0x2c]]).toEqual([2, 9]);
    expect(host.ask(15, [17, 2]).words).toEqual([1]);
  });

  it("fall into nothing: told once, with its kind, and stopped where the handlers do so too", () => {
    const host = new Host();
    // mov pc, #0x100000: nothing is there, nor behind the vectors.
    host.start([0xe3a0f601, 0xe3a0f601, 0xe3a0f601, 0xe3a0f601, 0xe3a0f601], [2]);
    host.run(200_000);
    expect(host.problems.map(({ kind }) => kind)).toEqual(["fault", "register"]);
    expect(host.problems[0].message).toMatch(/prefetch abort/);
    expect(host.ask(15, [17, 2]).words).toEqual([1]);
  });

  it("are stopped by a signal, which frees what they had, and leaves the user's words", () => {
    const host = new Host();
    host.start([WFI, BACK], [1, 2]);
    host.ask(28, [17 << 8, 100, 1]);
    host.write(0xe50070f0, Uint8Array.from([1, 2, 3, 4]));
    host.run(500);
    expect(host.ask(20, [0x3f0000, ((5 << 28) | (2 << 16) | (255 << 8) | 17) >>> 0, 0x80003f00]).result).toBe(OK);
    expect(host.ask(15, [17, 15]).words).toEqual([0]);
    expect(host.read(0xe500702e + 128, 1).bytes[0]).toBe(15);
    expect(Array.from(host.read(0xe50070f0, 4).bytes)).toEqual([1, 2, 3, 4]);
    expect(host.ask(28, [6]).words[1]).toBe(123_469_792);
    expect(host.emulator.status().ended.map(({ core, appId }) => [core, appId])).toEqual([
      [1, 17],
      [2, 17],
    ]);
  });

  it("get an application from the neighbour, if its sum is right", () => {
    const host = new Host();
    host.write(0x67800000, new Uint8Array(Uint32Array.from([4, 0, 0, 0, WFI, BACK]).buffer));
    const sum = (4 + WFI + BACK) & 0x1fffffff;
    // (1, 0) has (0, 0) behind its link 3.
    expect(host.ask(21, [(((sum ^ 1) << 3) | 3) >>> 0, 24, (17 << 24) | 2], { chip: 0x0100 }).result).toBe(0x82);
    expect(host.ask(21, [((sum << 3) | 3) >>> 0, 24, (17 << 24) | 2], { chip: 0x0100 }).result).toBe(OK);
    expect(host.emulator.machine.chipAt(0x0100)!.processors[1].live).toBe(true);
  });
});
