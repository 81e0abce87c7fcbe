/**
 * Random programs for a core: a body of any instructions, forward branches and calls, run in a loop until r8 is zero.
 * r9 is a small offset, r10 to r13 point into the middle of DTCM; nothing else points anywhere, so that no access aborts.
 */

/** A generator of its own (mulberry32): src/board knows nothing of dsqn, and its tests neither. */
export function numbers(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 0x100000000) * below);
  };
}

export interface Program {
  readonly thumb: boolean;
  /** Words (Thumb: half words) from address 0x100 on; ends with an undefined instruction. */
  readonly code: readonly number[];
  /** r0 to r14. */
  readonly registers: readonly number[];
  readonly flags: number;
  readonly end: number;
}

export const START = 0x100;
export const POINTERS = 0x408000;
export const SDRAM_POINTERS = 0x60100000;
/** Undefined in ARM, and in Thumb. */
const END_ARM = 0xe7f000f0;
const END_THUMB = 0xde00;

type Below = (below: number) => number;
const pick = <T>(below: Below, values: readonly T[]): T => values[below(values.length)];

/** Registers that a body may write: r0 to r7 and r14. */
const target = (below: Below): number => pick(below, [0, 1, 2, 3, 4, 5, 6, 7, 14]);
const source = (below: Below): number => below(15);
const pointer = (below: Below): number => 10 + below(4);

export interface ProgramOptions {
  readonly thumb?: boolean;
  readonly length?: number;
  readonly turns?: number;
  /** ARM: r11 and r12 point into SDRAM. */
  readonly sdram?: boolean;
}

export function randomProgram(seed: number, options: ProgramOptions = {}): Program {
  const below = numbers(seed);
  const { thumb = false, length = 24, turns = 1, sdram = false } = options;
  const special = [0, 1, -1, 0x7fffffff, 0x80000000, 0xffff, 0x10000, 31, 32, 33, 0x8000, 0x7fff];
  const value = (): number => (below(3) === 0 ? pick(below, special) : below(0x100000000)) | 0;
  const registers = Array.from({ length: 15 }, value);
  registers[8] = turns;
  registers[9] = 8 * below(16);
  for (let register = 10; register < 14; register++) registers[register] = POINTERS + 8 * below(64);
  if (sdram) registers[11] = registers[12] = SDRAM_POINTERS;
  const code = thumb ? thumbBody(below, length) : armBody(below, length, sdram);
  return { thumb, code, registers, flags: below(16) << 28, end: START + (thumb ? 2 : 4) * (code.length - 1) };
}

function armBody(below: Below, length: number, sdram: boolean): number[] {
  const code: number[] = [];
  while (code.length < length) code.push(armInstruction(below, length - code.length));
  // Pointers drift by what is written back: they come home after each turn.
  code.push(0xe3a0a501, 0xe28aa902, 0xe24ad020);
  code.push(...(sdram ? [0xe3a0b206, 0xe28bb601, 0xe28bc080] : [0xe28ab040, 0xe28ac080]));
  const back = -(code.length + 1) - 2;
  return [...code, 0xe2588001, 0x1a000000 | (back & 0xffffff), END_ARM].map((w) => w >>> 0);
}

/** An instruction; branches stay within `rest` words. */
function armInstruction(below: Below, rest: number): number {
  const condition = below(3) === 0 ? below(15) : 14;
  return (condition << 28) | withoutCondition(below, rest);
}

function withoutCondition(below: Below, rest: number): number {
  const kind = below(32);
  if (kind < 12) return arithmetic(below);
  if (kind < 15) return product(below);
  if (kind < 17) return enhanced(below);
  if (kind < 24) return loadOrStore(below);
  if (kind < 27) return halves(below);
  if (kind < 29) return block(below);
  if (kind === 29) return 0x016f0f10 | (target(below) << 12) | source(below);
  if (kind === 30) return status(below);
  return branchForward(below, rest);
}

function arithmetic(below: Below): number {
  const opcode = below(16);
  const flags = (opcode & 12) === 8 ? 1 : below(2);
  const comparison = (opcode & 12) === 8;
  const move = (opcode & 13) === 13;
  const base = (opcode << 21) | (flags << 20) | (comparison ? 0 : target(below) << 12);
  const rn = move ? 0 : below(16) << 16;
  switch (below(3)) {
    case 0:
      return 0x02000000 | base | rn | below(0x1000);
    case 1:
      return base | rn | ((below(256) << 4) & 0xfe0) | below(16);
    default:
      return base | (move ? 0 : source(below) << 16) | (source(below) << 8) | (below(4) << 5) | 0x10 | source(below);
  }
}

function product(below: Below): number {
  const [low, high] = [target(below), target(below)];
  const operands = (source(below) << 8) | 0x90 | source(below);
  const flags = below(2) << 20;
  if (below(3) === 0) {
    const sum = below(2);
    return (sum << 21) | flags | (high << 16) | (sum ? source(below) << 12 : 0) | operands;
  }
  return 0x00800000 | (below(4) << 21) | flags | ((low === high ? (low + 1) & 7 : high) << 16) | (low << 12) | operands;
}

function enhanced(below: Below): number {
  if (below(3) === 0)
    return 0x01000050 | (below(4) << 21) | (source(below) << 16) | (target(below) << 12) | source(below);
  const [rd, rn] = [target(below), target(below)];
  const [operation, halfs] = [below(4), below(4)];
  const operands = (source(below) << 8) | 0x80 | (halfs << 5) | source(below);
  // smulwy and smulxy have no register to add.
  const sum = operation === 3 || (operation === 1 && (halfs & 1) !== 0) ? 0 : rn;
  return 0x01000000 | (operation << 21) | ((rd === rn ? (rd + 1) & 7 : rd) << 16) | (sum << 12) | operands;
}

function loadOrStore(below: Below): number {
  const [byte, load, up] = [below(2), below(2), below(2)];
  // Index before or after, with or without write-back; never the T forms.
  const index = pick(below, [0x01000000, 0x01000000, 0x01200000, 0]);
  const fields = index | (up << 23) | (byte << 22) | (load << 20) | (target(below) << 12);
  if (below(4) === 0) return 0x06000000 | fields | (pointer(below) << 16) | (below(4) << 7) | 9;
  return 0x04000000 | fields | (pointer(below) << 16) | (byte && index === 0x01000000 ? below(256) : 4 * below(64));
}

function halves(below: Below): number {
  const kind = pick(below, [0x000000b0, 0x001000b0, 0x001000d0, 0x001000f0, 0x000000d0, 0x000000f0]);
  const double = (kind & 0x00100040) === 0x40;
  const rd = double ? 2 * below(4) : target(below);
  const index = pick(below, [0x01000000, 0x01000000, 0x01200000, 0]);
  const fields = kind | index | (below(2) << 23) | (pointer(below) << 16) | (rd << 12);
  if (below(3) === 0) return fields | 9;
  const offset = index === 0x01000000 && !double ? 2 * below(128) : 8 * below(16);
  return 0x00400000 | fields | ((offset & 0xf0) << 4) | (offset & 15);
}

function block(below: Below): number {
  if (below(8) === 0)
    return 0x01000090 | (below(2) << 22) | (pointer(below) << 16) | (target(below) << 12) | source(below);
  const list = (below(0x100) | (below(2) << 14)) & 0x40ff;
  return 0x08000000 | (below(4) << 23) | (below(2) << 21) | (below(2) << 20) | (pointer(below) << 16) | (list || 1);
}

function status(below: Below): number {
  if (below(2) === 0) return 0x010f0000 | (target(below) << 12);
  // Masks alone: the mode stays supervisor's.
  if (below(3) === 0) return 0x0321f013 | (below(4) << 6);
  return below(2) === 0 ? 0x0128f000 | source(below) : 0x0328f000 | below(0x1000);
}

function branchForward(below: Below, rest: number): number {
  const distance = below(Math.min(6, rest));
  return 0x0a000000 | (below(4) === 0 ? 0x01000000 : 0) | ((distance - 1) & 0xffffff);
}

function thumbBody(below: Below, length: number): number[] {
  const code: number[] = [];
  // sp and r10 to r12 as they are; low registers as pointers are made where they are used.
  while (code.length < length) code.push(...thumbInstruction(below));
  // mov r7, r8; sub r7, #1; mov r8, r7; (long) branch back where it isn't zero.
  const tail = [0x4647, 0x3f01, 0x46b8, 0x2f00, 0xd000];
  const back = -(code.length + tail.length) - 2;
  return [...code, ...tail, 0xe000 | (back & 0x7ff), END_THUMB];
}

/** Low registers that a body may use: r7 carries the loop's counter at its end, which is all right. */
function thumbInstruction(below: Below): number[] {
  const low = (): number => below(8);
  switch (below(16)) {
    case 0:
    case 1:
      return [below(0x1800)];
    case 2:
      return [0x1800 | below(0x800)];
    case 3:
    case 4:
      return [0x2000 | below(0x2000)];
    case 5:
    case 6:
    case 7:
      return [0x4000 | below(0x400)];
    case 8:
      // add, cmp, mov with high registers; written are low ones alone (and r14).
      return [0x4400 | (below(3) << 8) | (source(below) << 3) | pick(below, [0, 1, 2, 3, 4, 5, 6, 7, 0x86])];
    case 9: {
      // mov rn, r10..r13 and an access by constant offset.
      const rn = low();
      const operation = pick(below, [0x6000, 0x6800, 0x7000, 0x7800, 0x8000, 0x8800]);
      return [0x4640 | ((pointer(below) - 8) << 3) | rn, operation | (below(32) << 6) | (rn << 3) | low()];
    }
    case 10: {
      // The same with r9 as offset.
      const [rn, rm] = [below(4), 4 + below(4)];
      const move = 0x4640 | (1 << 3) | rm;
      return [
        0x4640 | ((pointer(below) - 8) << 3) | rn,
        move,
        0x5000 | (below(8) << 9) | (rm << 6) | (rn << 3) | low(),
      ];
    }
    case 11:
      return [pick(below, [0x9000, 0x9800]) | (low() << 8) | below(64)];
    case 12:
      return [pick(below, [0xa000, 0xa800]) | (low() << 8) | below(256)];
    case 13: {
      // push and pop in pairs; ldm and stm by a low register.
      const list = 1 + below(255);
      if (below(2) === 0) return [0xb400 | list, 0xbc00 | list];
      const rn = low();
      return [
        0x4640 | ((pointer(below) - 8) << 3) | rn,
        pick(below, [0xc000, 0xc800]) | (rn << 8) | (list & ~(1 << rn) || 1 << ((rn + 1) & 7)),
      ];
    }
    case 14:
      return [0x4800 | (low() << 8) | below(16)];
    default:
      // Over none, one or two simple ones: never into the middle of an access.
      return [0xd000 | (below(14) << 8) | ((below(3) - 1) & 0xff), 0x4000 | below(0x400), 0x2000 | below(0x2000)];
  }
}
