import { describe, expect, it } from "@jest/globals";
import { bench, END, END_THUMB } from "./bench-core.ts";

/**
 * Instructions, one by one. The words were assembled by hand from the encodings of the ARM Architecture Reference Manual (DDI 0100), the
 * results derived from its pseudo code, not from this project's.
 */

type Row = [
  name: string,
  words: number | readonly number[],
  before: Record<string, number>,
  flagsBefore: string,
  after: Record<string, number>,
  flagsAfter: string,
];

const flagsOf = (text: string): number =>
  ["N", "Z", "C", "V", "Q"].reduce((value, flag, index) => value | (text.includes(flag) ? 2 ** (31 - index) : 0), 0);
const textOf = (cpsr: number): string =>
  ["N", "Z", "C", "V", "Q"].filter((_, index) => ((cpsr >>> (31 - index)) & 1) !== 0).join("");

const benches = { interpret: bench({ engine: "interpret" }), translate: bench({ engine: "translate" }) };

function run(
  row: Row,
  engine: "interpret" | "translate",
  thumb: boolean,
): { r: Record<string, number>; flags: string } {
  const [, words, before, flagsBefore, after] = row;
  const { core, memory, load } = benches[engine];
  const code = typeof words === "number" ? [words] : words;
  // In a loop the translator finds it hot: the last turn is run from a fresh state.
  load([...code, thumb ? END_THUMB : END], { thumb });
  const translated = core.translated;
  for (let turn = 0; turn < (engine === "translate" ? 120 : 1); turn++) {
    core.reset({ pc: 0x100 });
    core.cpsr = (0xd3 | flagsOf(flagsBefore) | (thumb ? 0x20 : 0)) >>> 0;
    memory.cores[0].dtcm.words.set([0x11223344, -2, 0x80ff7f01, 7]);
    for (const [name, value] of Object.entries(before)) core.r[Number(name.slice(1))] = value;
    if (core.run(core.cycles + 1000) !== "fault") throw new Error("The program did not come to its end.");
  }
  if (engine === "interpret") expect(core.translated).toBe(0);
  // Saturating sums, swp, smla and the like are the interpreter's: then none of a row is translated.
  else expect(core.translated).toBeGreaterThanOrEqual(translated);
  const { words: data } = memory.cores[0].dtcm;
  const read = (name: string): number =>
    (name.startsWith("m") ? data[Number(name.slice(1))] : core.r[Number(name.slice(1))]) >>> 0;
  return { r: Object.fromEntries(Object.keys(after).map((name) => [name, read(name)])), flags: textOf(core.cpsr) };
}

const DTCM = 0x400000;

const ARM: Row[] = [
  ["adds, carry out and zero", 0xe0910002, { r1: 0xffffffff, r2: 1 }, "", { r0: 0 }, "ZC"],
  ["adds, overflow", 0xe0910002, { r1: 0x7fffffff, r2: 1 }, "", { r0: 0x80000000 }, "NV"],
  ["adcs with C", 0xe0b10002, { r1: 0xffffffff, r2: 0 }, "C", { r0: 0 }, "ZC"],
  ["subs, borrow clears C", 0xe0510002, { r1: 1, r2: 2 }, "C", { r0: 0xffffffff }, "N"],
  ["subs, overflow", 0xe0510002, { r1: 0x80000000, r2: 1 }, "", { r0: 0x7fffffff }, "CV"],
  ["sbcs without C takes one more", 0xe0d10002, { r1: 5, r2: 5 }, "", { r0: 0xffffffff }, "N"],
  ["rsbs r0, r1, #0", 0xe2710000, { r1: 1 }, "", { r0: 0xffffffff }, "N"],
  ["rscs with C", 0xe0f10002, { r1: 1, r2: 1 }, "C", { r0: 0 }, "ZC"],
  ["cmp equal", 0xe1510002, { r1: 9, r2: 9 }, "V", {}, "ZC"],
  ["cmn", 0xe1710002, { r1: 0xffffffff, r2: 1 }, "", {}, "ZC"],
  ["ands: C from the shifter, V stays", 0xe0110082, { r1: 0xffffffff, r2: 0x80000000 }, "V", { r0: 0 }, "ZCV"],
  ["tst with a rotated constant: C is its top bit", 0xe3110102, { r1: 0x80000000 }, "", {}, "NC"],
  ["teq", 0xe1310002, { r1: 5, r2: 5 }, "C", {}, "ZC"],
  ["eor", 0xe0210002, { r1: 0xff00ff00, r2: 0x0ff00ff0 }, "", { r0: 0xf0f0f0f0 }, ""],
  ["orr", 0xe1810002, { r1: 1, r2: 2 }, "", { r0: 3 }, ""],
  ["bic", 0xe1c10002, { r1: 0xff, r2: 0x0f }, "", { r0: 0xf0 }, ""],
  ["mvns", 0xe1f00002, { r2: 0xffffffff }, "", { r0: 0 }, "Z"],
  ["movs r0, r1, lsr #32", 0xe1b00021, { r1: 0x80000001 }, "", { r0: 0 }, "ZC"],
  ["movs r0, r1, asr #32", 0xe1b00041, { r1: 0x80000001 }, "", { r0: 0xffffffff }, "NC"],
  ["movs r0, r1, rrx", 0xe1b00061, { r1: 3 }, "C", { r0: 0x80000001 }, "NC"],
  ["movs r0, r1, ror #4", 0xe1b00261, { r1: 0x0000000f }, "", { r0: 0xf0000000 }, "NC"],
  ["movs r0, r1, lsl r2 by 32", 0xe1b00211, { r1: 1, r2: 32 }, "", { r0: 0 }, "ZC"],
  ["movs r0, r1, lsl r2 by 33", 0xe1b00211, { r1: 1, r2: 33 }, "C", { r0: 0 }, "Z"],
  ["movs r0, r1, lsl r2 by 256: none", 0xe1b00211, { r1: 1, r2: 256 }, "C", { r0: 1 }, "C"],
  ["movs r0, r1, lsr r2 by 32", 0xe1b00231, { r1: 0x80000000, r2: 32 }, "", { r0: 0 }, "ZC"],
  ["movs r0, r1, asr r2 by 200", 0xe1b00251, { r1: 0x80000000, r2: 200 }, "", { r0: 0xffffffff }, "NC"],
  ["movs r0, r1, ror r2 by 32", 0xe1b00271, { r1: 0x80000000, r2: 32 }, "", { r0: 0x80000000 }, "NC"],
  ["mov r0, pc: two instructions on", 0xe1a0000f, {}, "", { r0: 0x108 }, ""],
  ["a condition that fails", 0x03a00001, { r0: 7 }, "", { r0: 7 }, ""],
  ["gt: Z clear, N = V", 0xc3a00001, { r0: 7 }, "NV", { r0: 1 }, "NV"],
  ["ls: C clear or Z", 0x93a00001, { r0: 7 }, "ZC", { r0: 1 }, "ZC"],
  ["mul", 0xe0000291, { r1: 0x10001, r2: 0x10001 }, "", { r0: 0x20001 }, ""],
  ["mlas", 0xe0303291, { r1: 3, r2: 5, r3: 0xfffffff1 }, "CV", { r0: 0 }, "ZCV"],
  ["umull", 0xe0810392, { r2: 0xffffffff, r3: 0xffffffff }, "", { r0: 1, r1: 0xfffffffe }, ""],
  ["smull", 0xe0c10392, { r2: 0xffffffff, r3: 0xffffffff }, "", { r0: 1, r1: 0 }, ""],
  ["smulls, negative", 0xe0d10392, { r2: 0xffffffff, r3: 2 }, "", { r0: 0xfffffffe, r1: 0xffffffff }, "N"],
  ["umlal carries", 0xe0a10392, { r0: 0xffffffff, r1: 0, r2: 1, r3: 1 }, "", { r0: 0, r1: 1 }, ""],
  ["smlal", 0xe0e10392, { r0: 0, r1: 0, r2: 0xffffffff, r3: 1 }, "", { r0: 0xffffffff, r1: 0xffffffff }, ""],
  ["smulbb", 0xe1600281, { r1: 0x1234ffff, r2: 0x56780002 }, "", { r0: 0xfffffffe }, ""],
  ["smultt", 0xe16002e1, { r1: 0x80000000, r2: 0x80000000 }, "", { r0: 0x40000000 }, ""],
  ["smlabb overflows into Q", 0xe1003281, { r1: 1, r2: 1, r3: 0x7fffffff }, "", { r0: 0x80000000 }, "Q"],
  ["smulwb", 0xe12002a1, { r1: 0x80000000, r2: 3 }, "", { r0: 0xfffe8000 }, ""],
  ["smlawt", 0xe12032c1, { r1: 0x10000, r2: 0x00050000, r3: 2 }, "", { r0: 7 }, ""],
  ["smlalbb", 0xe1410382, { r0: 0xffffffff, r1: 0, r2: 1, r3: 1 }, "", { r0: 0, r1: 1 }, ""],
  ["qadd saturates", 0xe1020051, { r1: 0x7fffffff, r2: 1 }, "", { r0: 0x7fffffff }, "Q"],
  ["qsub saturates", 0xe1220051, { r1: 0x80000000, r2: 1 }, "", { r0: 0x80000000 }, "Q"],
  ["qdadd doubles first", 0xe1420051, { r1: 0xffffffff, r2: 0x40000000 }, "", { r0: 0x7ffffffe }, "Q"],
  ["qdsub", 0xe1620051, { r1: 10, r2: 3 }, "", { r0: 4 }, ""],
  ["clz of zero", 0xe16f0f11, { r1: 0 }, "", { r0: 32 }, ""],
  ["clz", 0xe16f0f11, { r1: 0x00010000 }, "", { r0: 15 }, ""],
  ["ldr with index before, written back", 0xe5b10004, { r1: DTCM }, "", { r0: 0xfffffffe, r1: DTCM + 4 }, ""],
  ["ldr with index after", 0xe4910004, { r1: DTCM }, "", { r0: 0x11223344, r1: DTCM + 4 }, ""],
  ["ldr, a shifted offset", 0xe7910102, { r1: DTCM, r2: 3 }, "", { r0: 7 }, ""],
  ["ldrb", 0xe5d10003, { r1: DTCM }, "", { r0: 0x11 }, ""],
  ["ldrsb", 0xe1d100db, { r1: DTCM }, "", { r0: 0xffffff80 }, ""],
  ["ldrh", 0xe1d100ba, { r1: DTCM }, "", { r0: 0x80ff }, ""],
  ["ldrsh", 0xe1d100fa, { r1: DTCM }, "", { r0: 0xffff80ff }, ""],
  ["strb leaves the rest", 0xe5c10001, { r0: 0xabcd, r1: DTCM }, "", { m0: 0x1122cd44 }, ""],
  ["strh", 0xe1c100b2, { r0: 0xabcd, r1: DTCM }, "", { m0: 0xabcd3344 }, ""],
  ["ldrd", 0xe1c120d0, { r1: DTCM }, "", { r2: 0x11223344, r3: 0xfffffffe }, ""],
  ["strd", 0xe1c120f8, { r1: DTCM, r2: 5, r3: 6 }, "", { m2: 5, m3: 6 }, ""],
  [
    "ldmia with write-back",
    0xe8b1000d,
    { r1: DTCM },
    "",
    { r0: 0x11223344, r2: 0xfffffffe, r3: 0x80ff7f01, r1: DTCM + 12 },
    "",
  ],
  ["ldmdb", 0xe911000c, { r1: DTCM + 8 }, "", { r2: 0x11223344, r3: 0xfffffffe, r1: DTCM + 8 }, ""],
  ["stmib", 0xe981000c, { r1: DTCM, r2: 5, r3: 6 }, "", { m0: 0x11223344, m1: 5, m2: 6 }, ""],
  ["stmda with write-back", 0xe821000c, { r1: DTCM + 4, r2: 5, r3: 6 }, "", { m0: 5, m1: 6, r1: DTCM - 4 }, ""],
  ["ldm with its base in the list", 0xe8910003, { r1: DTCM }, "", { r0: 0x11223344, r1: 0xfffffffe }, ""],
  ["ldmib with its base in the list", 0xe9920006, { r2: DTCM }, "", { r1: 0xfffffffe, r2: 0x80ff7f01 }, ""],
  ["stm with its base in the list", 0xe8810003, { r0: 5, r1: DTCM }, "", { m0: 5, m1: DTCM }, ""],
  ["swp", 0xe1010092, { r1: DTCM, r2: 5 }, "", { r0: 0x11223344, m0: 5 }, ""],
  ["swpb", 0xe1410092, { r1: DTCM, r2: 0x105 }, "", { r0: 0x44, m0: 0x11223305 }, ""],
  ["mrs", 0xe10f0000, {}, "NC", { r0: 0xa00000d3 }, "NC"],
  ["msr, flags alone", 0xe128f000, { r0: 0x5fffffff }, "N", {}, "ZVQ"],
  ["b over one", [0xea000000, 0xe3a00001], { r0: 7 }, "", { r0: 7 }, ""],
  ["bl keeps where it came from", [0xeb000000, END], {}, "", { r14: 0x104 }, ""],
  // Behind END lies mov r0, #5 (or 7); bx lr in Thumb.
  ["blx into Thumb, and back", [0xfa000000, END, 0x47702005], {}, "", { r0: 5, r14: 0x104 }, ""],
  ["bx into Thumb, and back", [0xe28f1005, 0xe12fff11, END, 0x47702007], { r14: 0x108 }, "", { r0: 7, r14: 0x108 }, ""],
  ["blx by register", [0xe28f1005, 0xe12fff31, END, 0x47702007], {}, "", { r0: 7, r14: 0x108 }, ""],
  ["ldr pc", [0xe51ff004, 0x10c, 0xe3a00001], { r0: 7 }, "", { r0: 7 }, ""],
  [
    "ldm of r15 into Thumb",
    [0xe5812000, 0xe8918000, END, 0x47702007],
    { r1: DTCM, r2: 0x10d, r14: 0x108 },
    "",
    { r0: 7 },
    "",
  ],
  ["add pc, pc, r1, lsl #2: a table of jumps", [0xe08ff101, END, END, 0xe3a00005], { r1: 1 }, "", { r0: 5 }, ""],
  ["mov pc, r1", [0xe1a0f001, END, 0xe3a00005], { r1: 0x108 }, "", { r0: 5 }, ""],
];

const THUMB: Row[] = [
  ["lsl r0, r1, #1", 0x0048, { r1: 0xc0000000 }, "", { r0: 0x80000000 }, "NC"],
  ["asr r0, r1, #32", 0x1008, { r1: 0x80000000 }, "", { r0: 0xffffffff }, "NC"],
  ["add r0, r1, #3", 0x1cc8, { r1: 0xfffffffd }, "", { r0: 0 }, "ZC"],
  ["sub r0, r1, r2", 0x1a88, { r1: 3, r2: 4 }, "", { r0: 0xffffffff }, "N"],
  ["mov r3, #200", 0x23c8, {}, "C", { r3: 200 }, "C"],
  ["cmp r3, #5", 0x2b05, { r3: 5 }, "", {}, "ZC"],
  ["neg r0, r1", 0x4248, { r1: 1 }, "", { r0: 0xffffffff }, "N"],
  ["mul r0, r1", 0x4348, { r0: 6, r1: 7 }, "", { r0: 42 }, ""],
  ["ror r0, r1", 0x41c8, { r0: 1, r1: 1 }, "", { r0: 0x80000000 }, "NC"],
  ["add r8, r0", 0x4480, { r8: 1, r0: 2 }, "Z", { r8: 3 }, "Z"],
  ["ldr r0, [pc, #0]: aligned", [0x46c0, 0x4800, 0xde00, 0xbeef, 0xdead], {}, "", { r0: 0xbeefde00 }, ""],
  ["add r0, pc, #4", 0xa001, {}, "", { r0: 0x108 }, ""],
  ["ldrsh r0, [r1, r2]", 0x5e88, { r1: DTCM, r2: 10 }, "", { r0: 0xffff80ff }, ""],
  ["str r0, [sp, #4]", 0x9001, { r0: 5, r13: DTCM }, "", { m1: 5 }, ""],
  ["add sp, #8", 0xb002, { r13: DTCM }, "", { r13: DTCM + 8 }, ""],
  ["sub sp, #8", 0xb082, { r13: DTCM + 8 }, "", { r13: DTCM }, ""],
  ["push {r0, lr}", 0xb501, { r0: 5, r14: 6, r13: DTCM + 8 }, "", { m0: 5, m1: 6, r13: DTCM }, ""],
  ["pop {r0, r1}", 0xbc03, { r13: DTCM }, "", { r0: 0x11223344, r1: 0xfffffffe, r13: DTCM + 8 }, ""],
  ["stmia r1!, {r0, r2}", 0xc105, { r0: 5, r1: DTCM, r2: 6 }, "", { m0: 5, m1: 6, r1: DTCM + 8 }, ""],
  ["bne over one", [0xd100, 0x2001], { r0: 7 }, "", { r0: 7 }, ""],
  ["bl: both halves", [0xf000, 0xf801, END_THUMB], {}, "", { r14: 0x105 }, ""],
  ["push {lr}, pop {pc}", [0xb500, 0xbd00], { r13: DTCM + 8, r14: 0x105 }, "", { r13: DTCM + 8 }, ""],
  [
    "blx into ARM, and back",
    [0xf000, 0xe802, END_THUMB, 0, 0x0005, 0xe3a0, 0xff1e, 0xe12f],
    {},
    "",
    { r0: 5, r14: 0x105 },
    "",
  ],
  ["bx r1 into ARM", [0x4708, END_THUMB, 0x0005, 0xe3a0, 0x00f0, 0xe7f0], { r1: 0x104 }, "", { r0: 5 }, ""],
  ["mov pc, r1 stays in Thumb", [0x468f, END_THUMB, 0x2005], { r1: 0x104 }, "", { r0: 5 }, ""],
];

describe.each(["interpret", "translate"] as const)("instructions (%s)", (engine) => {
  it.each(ARM)("ARM: %s", (...row) => {
    expect(run(row, engine, false)).toEqual({ r: row[4], flags: row[5] });
  });

  it.each(THUMB)("Thumb: %s", (...row) => {
    expect(run(row, engine, true)).toEqual({ r: row[4], flags: row[5] });
  });
});
