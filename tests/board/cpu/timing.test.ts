import { describe, expect, it } from "@jest/globals";
import { bench, END } from "./bench-core.ts";

/** Cycles of short sequences, as the ARM9E-S and ARM9EJ-S manuals (DDI 0165, DDI 0222; chapter 8) count them: most are their own examples. */

// mov r8, r8: stands behind each sequence too, so that nothing else follows it.
const NOP = 0xe1a08008;
const ADD_USES = 0xe0802003; // add r2, r0, r3
const ADD_AGAIN = 0xe0804005; // add r4, r0, r5
const LDR = 0xe5910000; // ldr r0, [r1]
const LDRB = 0xe5d10001; // ldrb r0, [r1, #1]
const MUL = 0xe0060897; // mul r6, r7, r8

const SEQUENCES: [string, number[], number][] = [
  ["ldr, then its word", [LDR, ADD_USES], 3],
  ["ldr, something else, then its word", [LDR, NOP, ADD_USES], 3],
  ["ldrb, then its byte twice: two cycles, once", [LDRB, ADD_USES, ADD_AGAIN], 5],
  ["ldrb, one cycle of something else, then its byte", [LDRB, NOP, ADD_USES], 4],
  ["ldrb, a multiplication, then its byte", [LDRB, MUL, ADD_AGAIN], 4],
  ["ldr, then the word is stored", [LDR, 0xe5820000], 3],
  ["ldr, then the word is added to a product", [LDR, 0xe0220493], 4],
  ["ldr, then it is the base of stm", [LDR, 0xe8800006], 4],
  ["ldr with a shifted offset", [0xe7910102], 2],
  ["str with a shifted offset", [0xe7810102], 2],
  ["ldrh", [0xe1d100b2, NOP], 2],
  ["ldrd", [0xe1c160d0, NOP], 3],
  ["ldrd, then its second word", [0xe1c160d0, 0xe0873003], 4],
  ["strd", [0xe1c160f0], 2],
  ["ldm of one register", [0xe8910004], 2],
  ["ldm of three", [0xe8910070], 3],
  ["ldm of three, then the last", [0xe8910070, 0xe0862003], 5],
  ["stm of one, of three", [0xe8810004, 0xe8810070], 5],
  ["mul", [MUL, NOP], 3],
  ["mul, then its product", [MUL, 0xe0462003], 4],
  ["mul, then its product in a sum of products", [MUL, (0xe0266897 & ~0xf) | 3], 4],
  ["muls: never waits", [0xe0160897, 0xe0462003], 5],
  ["smull", [0xe0c54897, NOP], 4],
  ["smull, then the upper half", [0xe0c54897, 0xe0852003], 5],
  ["smulls", [0xe0d54897], 5],
  ["smulbb, then its product", [0xe1660887, 0xe0462003], 3],
  ["smlalbb", [0xe1454887, NOP], 3],
  ["qadd, then its sum", [0xe1050054, 0xe0802003], 3],
  ["clz", [0xe16f0f11], 1],
  ["a shift by a register", [0xe1a00211], 2],
  ["mrs", [0xe10f0000], 2],
  ["msr: flags; flags and mode", [0xe128f000, 0xe121f00c], 4],
  ["swp", [0xe1020093, NOP], 3],
  ["b", [0xeaffffff], 3],
  ["a branch that is not taken", [0x0affffff], 1],
  ["bl", [0xebffffff], 3],
  ["add pc, pc, #-4", [0xe24ff004], 3],
  ["mov pc, r9", [0xe1a0f009], 4],
  ["ldr pc", [0xe59bf000], 5],
  ["ldm with r15: n + 4", [0xe89b8004], 6],
];

describe("the ARM968's cycles", () => {
  it.each(SEQUENCES)("%s", (_, words, cycles) => {
    const { core, memory, load } = bench({ timing: "arm968" });
    load([...words, NOP, END]);
    const next = 0x100 + 4 * words.length;
    memory.cores[0].dtcm.words.set([0x400000, 0x400000, next, next, next, 0]);
    [core.r[1], core.r[2], core.r[9], core.r[11], core.r[12]] = [0x400000, 0, next, 0x400008, 0xd3];
    // swp's and str's bases.
    core.r[2] = words[0] === 0xe7910102 || words[0] === 0xe7810102 ? 1 : 0x400000;
    const before = core.cycles;
    expect(core.run(before + 100)).toBe("fault");
    expect(core.pc).toBe(next + 4);
    expect(core.cycles - before).toBe(cycles + 1);
  });

  it("a load from SDRAM waits; a store to it does not", () => {
    const { core, load } = bench({ timing: "arm968" });
    const cyclesOf = (word: number): number => {
      load([word, NOP, END]);
      core.r[1] = 0x60000000;
      const before = core.cycles;
      core.run(before + 100);
      return core.cycles - before;
    };
    expect(cyclesOf(LDR)).toBeGreaterThan(20);
    expect(cyclesOf(0xe5810000)).toBe(2);
  });

  it("one cycle each, as the other table counts, but for further registers of ldm and stm", () => {
    const { core, load } = bench({ timing: "one" });
    load([LDR, MUL, 0xe8910070, END]);
    core.r[1] = 0x400000;
    core.run(100);
    expect(core.cycles).toBe(1 + 1 + 3);
  });
});
