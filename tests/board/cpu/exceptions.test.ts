import { describe, expect, it } from "@jest/globals";
import { BusAbort } from "../../../src/board/cpu/types.ts";
import { bench, END } from "./bench-core.ts";

/** Modes, exceptions, interrupts, faults and sleep; source: ARM Architecture Reference Manual (DDI 0100), A2.6. */

const NOP = 0xe1a00000;
const HERE = 0xeafffffe;
const WFI = 0xee070f90;

describe("faults", () => {
  it.each([
    ["undefined instruction", [0xe7f000f0], { kind: "undefined instruction", pc: 0x100, word: 0xe7f000f0 }],
    ["a coprocessor that isn't there", [0xee010f11 & ~0xf00], { kind: "undefined instruction", pc: 0x100 }],
    ["an unknown register of coprocessor 15", [0xee1c0f10], { kind: "undefined instruction", word: 0xee1c0f10 }],
    ["software interrupt", [NOP, 0xef000005], { kind: "software interrupt", pc: 0x104, word: 0xef000005 }],
    ["unaligned word", [0xe5910002], { kind: "data abort", reason: "unaligned", address: 0x400002 }],
    ["unaligned half word", [0xe1d100b1], { kind: "data abort", reason: "unaligned", address: 0x400001 }],
    ["unaligned block", [0xe2811002, 0xe8910005], { kind: "data abort", reason: "unaligned", address: 0x400002 }],
    ["a jump to where nothing is", [0xe3a0f209], { kind: "prefetch abort", pc: 0x90000000, word: 0 }],
    ["a jump into data", [0xe1a0f001], { kind: "prefetch abort", pc: 0x400000 }],
  ])("%s: told with its address and word", (_, code, fault) => {
    const { core, load } = bench();
    load(code);
    core.r[1] = 0x400000;
    expect(core.run(1000)).toBe("fault");
    expect(core.fault).toMatchObject(fault);
    expect(core.pc).toBe(core.fault?.pc);
  });

  it("an address where no device answers is a data abort; the base keeps its value", () => {
    const { core, load } = bench(
      {},
      {
        read32: () => {
          throw new BusAbort();
        },
      },
    );
    load([0xe5b10004]);
    core.r[1] = 0x50000000;
    expect(core.run(1000)).toBe("fault");
    expect(core.fault).toMatchObject({ kind: "data abort", reason: "unmapped", address: 0x50000004 });
    expect(core.r[1]).toBe(0x50000000);
  });

  it("what a device throws reaches the caller, with the instruction not done", () => {
    const { core, load } = bench(
      {},
      {
        write32: () => {
          throw new Error("register 0x40 of the timer");
        },
      },
    );
    load([NOP, 0xe5810000]);
    core.r[1] = 0x21000000;
    expect(() => core.run(1000)).toThrow("register 0x40 of the timer");
    expect([core.pc, core.cycles, core.instructions]).toEqual([0x104, 1, 1]);
  });

  it("go through their vectors where they are exceptions, with r14 and SPSR to come back", () => {
    const seen: string[] = [];
    const { core, memory, load } = bench({ faults: "exception", onFault: ({ kind }) => seen.push(kind) });
    load([0xe5910002, 0xe3a00007, HERE]);
    // The handler at 0x10 returns behind the instruction: subs pc, lr, #4.
    memory.cores[0].itcm.words[4] = 0xe25ef004 | 0;
    core.codeChanged();
    core.r[1] = 0x400000;
    core.cpsr = 0x9000001f;
    core.run(100);
    expect(seen).toEqual(["data abort"]);
    expect(core.r[0]).toBe(7);
    expect(core.cpsr).toBe(0x9000001f);
    expect(core.dump().banked.abort).toEqual({ r13: 0, r14: 0x108, spsr: 0x9000001f });
  });
});

describe("interrupts", () => {
  it("fiq comes before irq; each has its registers, and masks what it should", () => {
    const { core, memory, load } = bench();
    const { words } = memory.cores[0].itcm;
    load([HERE]);
    words[0x1c / 4] = HERE | 0;
    words[0x18 / 4] = HERE | 0;
    core.codeChanged();
    core.cpsr = 0x2000001f;
    core.r[8] = 88;
    core.run(10);
    core.irq = core.fiq = true;
    core.run(20);
    expect(core.pc).toBe(0x1c);
    expect(core.cpsr).toBe(0x200000d1);
    expect(core.dump()).toMatchObject({ spsr: 0x2000001f, banked: { fiq: { r14: 0x104 } } });
    expect(core.r[8]).toBe(0);
    core.fiq = false;
    core.cpsr = 0x2000001f;
    expect(core.r[8]).toBe(88);
    core.run(30);
    expect([core.pc, core.cpsr]).toEqual([0x18, 0x20000092]);
  });

  it.each(["interpret", "translate"] as const)("a line that goes up in a device is seen at once (%s)", (engine) => {
    const order: number[] = [];
    const one = bench(
      { engine },
      {
        write32: (address, value) => {
          if (address === 0x1f000000) one.core.irq = value !== 0;
          else order.push(value);
        },
      },
    );
    const { core, memory, load } = one;
    // r2 up: interrupt; the handler clears it and counts; 300 turns.
    load([0xe5812000, 0xe2800001, 0xe3500f4b, 0x1afffffb, END]);
    memory.cores[0].itcm.words.set(
      [0xe5814000, 0xe5830000, 0xe25ef004].map((w) => w | 0),
      0x18 / 4,
    );
    core.codeChanged();
    core.cpsr = 0x5f;
    [core.r[1], core.r[2], core.r[3], core.r[4]] = [0x1f000000, 1, 0x11000000, 0];
    expect(core.run(1e6)).toBe("fault");
    expect(order).toEqual(Array.from({ length: 300 }, (_, turn) => turn));
  });

  it.each(["interpret", "translate"] as const)("msr lets in what waited (%s)", (engine) => {
    const { core, memory, load } = bench({ engine });
    // 300 times: mask, unmask.
    load([0xe10f2000, 0xe3822080, 0xe121f002, 0xe3c22080, 0xe121f002, 0xe2511001, 0x1afffff8, END]);
    memory.cores[0].itcm.words.set(
      [0xe2800001, 0xe25ef004].map((w) => w | 0),
      0x18 / 4,
    );
    core.codeChanged();
    core.cpsr = 0x5f;
    core.r[1] = 300;
    core.run(1000);
    expect(core.r[0]).toBe(0);
    const left = core.r[1];
    core.irq = true;
    core.run(core.cycles + 2000);
    expect(core.r[1]).toBe(left);
    core.irq = false;
    expect(core.run(core.cycles + 1e6)).toBe("fault");
    expect(core.r[0]).toBeGreaterThan(0);
  });
});

describe("sleep", () => {
  it("lasts until a line is up, even a masked one", () => {
    const { core, load } = bench();
    load([WFI, 0xe3a00005, HERE]);
    expect(core.run(1000)).toBe("sleep");
    expect([core.sleeping, core.cycles]).toEqual([true, 1]);
    core.cycles = 500;
    expect(core.run(1000)).toBe("sleep");
    core.irq = true;
    expect(core.run(510)).toBe("limit");
    expect([core.sleeping, core.r[0], core.pc]).toEqual([false, 5, 0x108]);
  });
});

describe("modes", () => {
  it("stm with ^ stores user's registers, ldm with ^ and r15 returns", () => {
    const { core, memory, load } = bench();
    load([0xe8c06000, 0xe8d08000, NOP, NOP, END]);
    core.cpsr = 0x1f;
    core.r[13] = 13;
    core.r[14] = 14;
    core.cpsr = 0xd3;
    core.r[13] = 113;
    core.r[0] = 0x400000;
    core.run(1);
    expect([...memory.cores[0].dtcm.words.subarray(0, 2)]).toEqual([13, 14]);
    memory.cores[0].dtcm.words[0] = 0x10c;
    core.run(core.cycles + 1);
    // SPSR was zero: user's flags and no masks, in a reserved mode that has user's registers.
    expect(core.pc).toBe(0x10c);
  });

  it("user mode can't leave itself", () => {
    const { core, load } = bench();
    load([0xe321f0d3, NOP, END]);
    core.cpsr = 0x10;
    core.run(2);
    expect(core.cpsr).toBe(0x10);
  });
});
