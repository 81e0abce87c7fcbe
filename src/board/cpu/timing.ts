import { bitCount } from "./loads-stores.ts";

/**
 * What instructions cost, in cycles of the core, once their condition has passed; one that is skipped costs 1.
 *
 * Sources: ARM9EJ-S Technical Reference Manual (DDI 0222), 8.1 (tables 8.1 to 8.3), and ARM9E-S (DDI 0165), 8 (interlocks); the ARM968E-S
 * (DDI 0311) is that core with memories of one cycle. An interlock belongs to the two instructions that follow a load or a
 * multiplication in memory and is charged to the load: so the cost of an instruction depends on words alone, not on the way that led to it.
 */
export interface Timing {
  readonly name: "one" | "arm968";
  /** Of the ARM word `w`, with the two that follow it. */
  cost(w: number, next: number, afterNext: number): number;
  /** Waits for a load from SDRAM or SysRAM, and for an access to a peripheral. */
  readonly memoryWait: number;
  readonly busWait: number;
  /** Entry into an exception or interrupt. */
  readonly exception: number;
}

/** One cycle for an instruction, and one for each further register of ldm and stm. */
export const ONE: Timing = {
  name: "one",
  cost: (w) => (isBlockTransfer(w) ? Math.max(1, bitCount(w & 0xffff)) : 1),
  memoryWait: 0,
  busWait: 0,
  exception: 1,
};

/**
 * Waits are estimates: a word of SDRAM takes over 100 ns through the chip's network (Painkras et al. 2013, IEEE Journal of Solid-State
 * Circuits 48:1943), shared by 18 cores; nobody has compared them with a board here.
 */
export const ARM968: Timing = {
  name: "arm968",
  cost: (w, next, afterNext) => {
    const times = timesOf(w);
    return times.cycles + interlock(times, next, afterNext);
  },
  memoryWait: 24,
  busWait: 6,
  exception: 3,
};

export const TIMINGS = { one: ONE, arm968: ARM968 } as const;

interface Times {
  readonly cycles: number;
  /** Registers that come late, as a mask, and by how many cycles. */
  readonly results: number;
  readonly latency: number;
  /** They come from the multiplier, which has them at once for its next sum. */
  readonly multiplied?: boolean;
}

function interlock({ results, latency, multiplied = false }: Times, next: number, afterNext: number): number {
  if (latency === 0) return 0;
  if ((readsOf(next, !multiplied) & results) !== 0) return latency;
  if (latency === 1 || timesOf(next).cycles > 1 || (writesOf(next) & results) !== 0) return 0;
  return (readsOf(afterNext, true) & results) !== 0 ? 1 : 0;
}

const isBlockTransfer = (w: number): boolean => w < 0xf0000000 && (w & 0x0e000000) === 0x08000000;
const bit = (w: number, shift: number): number => 1 << ((w >>> shift) & 15);
const plain = (cycles: number): Times => ({ cycles, results: 0, latency: 0 });

function timesOf(w: number): Times {
  if (w >= 0xf0000000) return plain(w >>> 24 === 0xf8 || w >>> 24 === 0xfd || (w & 0x0c000000) === 0x04000000 ? 1 : 3);
  switch ((w >>> 25) & 7) {
    case 0:
      if ((w & 0x90) === 0x90) return (w & 0x60) === 0 ? multiplication(w) : halfOrDouble(w);
      return (w & 0x01900000) === 0x01000000 ? miscellaneous(w) : dataProcessing(w);
    case 1:
      return (w & 0x01900000) === 0x01000000 ? statusWrite(w) : dataProcessing(w);
    case 2:
    case 3:
      return single(w);
    case 4:
      return multiple(w);
    case 5:
      return plain(3);
    default:
      // Of coprocessor 15: mrc's result comes a cycle late.
      if ((w & 0x0f000010) === 0x0e000010)
        return (w & 0x00100000) !== 0 ? { cycles: 1, results: bit(w, 12), latency: 1 } : plain(1);
      return plain(3);
  }
}

/** A shift by a register takes a cycle; r15 as target two, and one more where it comes from the logic unit or the shifter. */
function dataProcessing(w: number): Times {
  const byRegister = (w & 0x02000010) === 0x10;
  const opcode = (w >>> 21) & 15;
  if ((w & 0xf000) !== 0xf000 || (opcode & 12) === 8) return plain(byRegister ? 2 : 1);
  const arithmetic = opcode >= 2 && opcode <= 6;
  const shifted = (w & 0x02000000) === 0 && (w & 0xff0) !== 0;
  return plain(arithmetic && !shifted ? 3 : 4);
}

/** mul, mla 2, long ones 3, with flags 2 more; swp 2. */
function multiplication(w: number): Times {
  if ((w & 0x01000000) !== 0) return { cycles: 2, results: bit(w, 12), latency: (w & 0x00400000) !== 0 ? 2 : 1 };
  const long = (w & 0x00800000) !== 0;
  const flags = (w & 0x00100000) !== 0;
  // With flags the result is there when they are.
  return { cycles: (long ? 3 : 2) + (flags ? 2 : 0), results: bit(w, 16), latency: flags ? 0 : 1, multiplied: true };
}

/** clz, bx, blx, mrs, msr, qadd and its kin, products of halves. */
function miscellaneous(w: number): Times {
  if ((w & 0x90) === 0x80) {
    const long = (w & 0x00600000) === 0x00400000;
    return { cycles: long ? 2 : 1, results: bit(w, 16), latency: 1, multiplied: true };
  }
  switch ((w >>> 4) & 15) {
    case 0:
      return (w & 0x00200000) === 0 ? plain(2) : statusWrite(w);
    case 1:
      return (w & 0x00400000) !== 0 ? plain(1) : plain(3);
    case 5:
      return { cycles: 1, results: bit(w, 12), latency: 1, multiplied: true };
    default:
      return plain(3);
  }
}

/** 1 for the flags alone, 3 with mode and masks. */
const statusWrite = (w: number): Times => plain((w & 0x00070000) !== 0 ? 3 : 1);

function single(w: number): Times {
  // An offset that is shifted takes a cycle; lsl #0 is no shift.
  const shifted = (w & 0x02000000) !== 0 && (w & 0xff0) !== 0 ? 1 : 0;
  if ((w & 0x00100000) === 0) return plain(1 + shifted);
  if ((w & 0xf000) === 0xf000) return plain(5 + shifted);
  return { cycles: 1 + shifted, results: bit(w, 12), latency: (w & 0x00400000) !== 0 ? 2 : 1 };
}

function halfOrDouble(w: number): Times {
  if ((w & 0x00100000) !== 0) return { cycles: 1, results: bit(w, 12), latency: 2 };
  if ((w & 0x60) === 0x40) return { cycles: 2, results: bit(w, 12) << 1, latency: 1 };
  return plain((w & 0x60) === 0x60 ? 2 : 1);
}

function multiple(w: number): Times {
  const count = bitCount(w & 0xffff);
  if ((w & 0x00100000) === 0) return plain(Math.max(2, count));
  if ((w & 0x8000) !== 0) return plain(count + 4);
  const last = 31 - Math.clz32(w & 0xffff);
  return count < 2 ? plain(2) : { cycles: count, results: 1 << last, latency: 1 };
}

/** Registers that an instruction reads, as a mask; `sums`: also those to which a product is added. */
function readsOf(w: number, sums: boolean): number {
  if (w >= 0xf0000000) return w >>> 24 >= 0xfe ? 1 << 14 : 0;
  switch ((w >>> 25) & 7) {
    case 0:
      if ((w & 0x90) === 0x90) return (w & 0x60) === 0 ? productReads(w, sums) : halfReads(w);
      if ((w & 0x01900090) === 0x01000080) return bit(w, 0) | bit(w, 8) | (sums ? bit(w, 12) : 0);
      return operandReads(w) | bit(w, 0) | ((w & 0x10) !== 0 ? bit(w, 8) : 0);
    case 1:
      return operandReads(w);
    case 2:
    case 3:
      return bit(w, 16) | ((w & 0x02000000) !== 0 ? bit(w, 0) : 0) | ((w & 0x00100000) === 0 ? bit(w, 12) : 0);
    case 4:
      return bit(w, 16) | ((w & 0x00100000) === 0 ? w & 0xffff : 0);
    case 7:
      return (w & 0x00100010) === 0x10 ? bit(w, 12) : 0;
    default:
      return 0;
  }
}

/** mul and its kin; swp. */
function productReads(w: number, sums: boolean): number {
  if ((w & 0x01000000) !== 0) return bit(w, 0) | bit(w, 16);
  const added = (w & 0x00200000) === 0 ? 0 : bit(w, 12) | ((w & 0x00800000) !== 0 ? bit(w, 16) : 0);
  return bit(w, 0) | bit(w, 8) | (sums ? added : 0);
}

function halfReads(w: number): number {
  const stored = (w & 0x00100000) === 0 && (w & 0x60) !== 0x40 ? bit(w, 12) : 0;
  return bit(w, 16) | ((w & 0x00400000) === 0 ? bit(w, 0) : 0) | stored;
}

/** rn, but for mov and mvn. */
const operandReads = (w: number): number => ((w & 0x01a00000) === 0x01a00000 ? 0 : bit(w, 16));

/** The register that an instruction of one cycle overwrites. */
const writesOf = (w: number): number => (w < 0xf0000000 && (w & 0x0c000000) === 0 ? bit(w, 12) : 0);
