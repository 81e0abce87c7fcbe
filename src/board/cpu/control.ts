import { type Machine, UndefinedInstruction } from "./machine.ts";
import { USER } from "./state.ts";

/** Branches, status registers and coprocessor 15; sources: DDI 0100, A4; ARM968E-S Technical Reference Manual (DDI 0311), 2. */

/** b, bl. */
export function branch(m: Machine, w: number): void {
  const { s } = m;
  if ((w & 0x01000000) !== 0) s[14] = m.next;
  m.next = (s[15] + ((w << 8) >> 6)) | 0;
}

/** blx to an immediate address, always in Thumb. */
export function branchToThumb(m: Machine, w: number): void {
  const { s } = m;
  s[14] = m.next;
  m.thumb = true;
  m.next = (s[15] + ((w << 8) >> 6) + ((w >>> 23) & 2)) | 0;
}

/** bx, blx to an address in a register. */
export function branchExchange(m: Machine, w: number): void {
  const { s } = m;
  const target = s[w & 15];
  if ((w & 0x20) !== 0) s[14] = m.next | (m.thumb ? 1 : 0);
  m.exchange(target);
}

export function countLeadingZeros(m: Machine, w: number): void {
  m.s[(w >>> 12) & 15] = Math.clz32(m.s[w & 15]);
}

export function readStatus(m: Machine, w: number): void {
  m.s[(w >>> 12) & 15] = (w & 0x00400000) !== 0 ? m.spsr : m.cpsr;
}

/** msr: bits 16 to 19 of `w` choose the bytes of the register. */
export function writeStatus(m: Machine, w: number): void {
  const rotate = (w >>> 7) & 30;
  const constant = w & 0xff;
  const value =
    (w & 0x02000000) === 0
      ? m.s[w & 15]
      : rotate === 0
        ? constant
        : (constant >>> rotate) | (constant << (32 - rotate));
  const mask = ((w & 0x00080000) !== 0 ? 0xff000000 : 0) | ((w & 0x00010000) !== 0 ? 0xff : 0);
  if ((w & 0x00400000) !== 0) {
    m.spsr = (m.spsr & ~mask) | (value & mask);
    return;
  }
  if ((w & 0x00080000) !== 0) m.setFlags(value);
  // The Thumb bit changes by branches alone.
  if ((w & 0x00010000) !== 0 && (m.control & 0x1f) !== USER) m.setControl(value);
}

/** Main ID of an ARM968E-S, and its TCM: 32 KB and 64 KB. */
const MAIN_ID = 0x41059681;
const TCM_SIZE = 0x001c0184;

/** mcr and mrc of coprocessor 15; others don't exist on this chip. */
export function coprocessor(m: Machine, w: number): void {
  const isRead = (w & 0x00100000) !== 0;
  const rd = (w >>> 12) & 15;
  // Coprocessor, opcode 1, CRn, CRm, opcode 2 as one number.
  const register =
    (((w >>> 8) & 15) << 16) | (((w >>> 21) & 7) << 12) | (((w >>> 16) & 15) << 8) | ((w & 15) << 4) | ((w >>> 5) & 7);
  if ((m.control & 0x1f) === USER || (w & 0x10) === 0) throw new UndefinedInstruction();
  if (isRead) {
    const value = readCoprocessor(m, register);
    if (rd === 15) m.setFlags((m.cpsr & 0x0fffffff) | (value & 0xf0000000));
    else m.s[rd] = value;
  } else writeCoprocessor(m, register, m.s[rd]);
}

function readCoprocessor(m: Machine, register: number): number {
  switch (register) {
    case 0xf0000:
      return MAIN_ID;
    case 0xf0002:
      return TCM_SIZE;
    case 0xf0100:
      return m.cp15Control;
    case 0xf0d01:
      return m.traceProcess;
    default:
      throw new UndefinedInstruction();
  }
}

function writeCoprocessor(m: Machine, register: number, value: number): void {
  switch (register) {
    case 0xf0100:
      m.cp15Control = value;
      return;
    case 0xf0704:
      // Wait for interrupt.
      m.sleeping = m.attention = true;
      return;
    case 0xf07a4:
      // Drain the write buffer: stores here are done at once.
      return;
    case 0xf0d01:
      m.traceProcess = value;
      return;
    default:
      throw new UndefinedInstruction();
  }
}
