import { shiftByConstant } from "./data-processing.ts";
import { type Machine, UndefinedInstruction } from "./machine.ts";

/**
 * Loads and stores of one or two registers; source: DDI 0100, A5.2, A5.3 and A4. The base is written back after the access, so that
 * an access that aborts leaves it as it was (the ARM9E's "base restored" model).
 */

const INDEX_FIRST = 0x01000000;
const UP = 0x00800000;
const WRITE_BACK = 0x00200000;

/** r15 as a base is aligned: Thumb's loads from literal pools need it, in ARM it always is. */
function baseOf(m: Machine, w: number): number {
  const rn = (w >>> 16) & 15;
  return rn === 15 ? m.s[15] & ~3 : m.s[rn];
}

/** Where base and offset lead; `w` says whether the base moves before, after or not at all. */
function addressOf(w: number, base: number, offset: number): number {
  if ((w & INDEX_FIRST) === 0) return base;
  return ((w & UP) !== 0 ? base + offset : base - offset) | 0;
}

function writeBack(m: Machine, w: number, base: number, offset: number): void {
  if ((w & INDEX_FIRST) !== 0 && (w & WRITE_BACK) === 0) return;
  m.s[(w >>> 16) & 15] = (w & UP) !== 0 ? base + offset : base - offset;
}

/** ldr, str, ldrb, strb (and their T forms: nothing here is protected). */
export function wordOrByte(m: Machine, w: number): void {
  const { s } = m;
  const rd = (w >>> 12) & 15;
  const base = baseOf(m, w);
  const offset = (w & 0x02000000) === 0 ? w & 0xfff : shiftByConstant(m, s[w & 15], (w >>> 5) & 3, (w >>> 7) & 31);
  const address = addressOf(w, base, offset);
  const byte = (w & 0x00400000) !== 0;
  if ((w & 0x00100000) !== 0) {
    const value = byte ? m.load8(address) : m.load32(address);
    writeBack(m, w, base, offset);
    if (rd === 15) m.exchange(value);
    else s[rd] = value;
    return;
  }
  const value = s[rd] + storedOffset(rd);
  if (byte) m.store8(address, value);
  else m.store32(address, value);
  writeBack(m, w, base, offset);
}

/** str and stm of r15 store its address + 12. (Open in the architecture; so in ARM9 cores.) */
const storedOffset = (register: number): number => (register === 15 ? 4 : 0);

/** ldrh, strh, ldrsb, ldrsh, ldrd, strd. */
export function halfOrDouble(m: Machine, w: number): void {
  const { s } = m;
  const rd = (w >>> 12) & 15;
  const base = baseOf(m, w);
  const offset = (w & 0x00400000) !== 0 ? ((w >>> 4) & 0xf0) | (w & 15) : s[w & 15];
  const address = addressOf(w, base, offset);
  switch (((w >>> 18) & 4) | ((w >>> 5) & 3)) {
    case 1:
      m.store16(address, s[rd] + storedOffset(rd));
      break;
    case 2:
      loadDouble(m, rd, address);
      if (((w >>> 16) & 15) !== rd && ((w >>> 16) & 15) !== rd + 1) writeBack(m, w, base, offset);
      return;
    case 3:
      if ((rd & 1) !== 0) throw new UndefinedInstruction();
      m.store32(address, s[rd]);
      m.store32((address + 4) | 0, s[rd + 1]);
      break;
    default: {
      const kind = (w >>> 5) & 3;
      const value =
        kind === 1 ? m.load16(address) : kind === 2 ? (m.load8(address) << 24) >> 24 : (m.load16(address) << 16) >> 16;
      writeBack(m, w, base, offset);
      if (rd === 15) m.jump(value);
      else s[rd] = value;
      return;
    }
  }
  writeBack(m, w, base, offset);
}

function loadDouble(m: Machine, rd: number, address: number): void {
  if ((rd & 1) !== 0 || rd === 14) throw new UndefinedInstruction();
  const low = m.load32(address);
  const high = m.load32((address + 4) | 0);
  m.s[rd] = low;
  m.s[rd + 1] = high;
}

/** swp, swpb. */
export function swap(m: Machine, w: number): void {
  const { s } = m;
  const address = s[(w >>> 16) & 15];
  const value = s[w & 15];
  if ((w & 0x00400000) !== 0) {
    const old = m.load8(address);
    m.store8(address, value);
    s[(w >>> 12) & 15] = old;
  } else {
    const old = m.load32(address);
    m.store32(address, value);
    s[(w >>> 12) & 15] = old;
  }
}

/** ldm and stm in all forms; source: DDI 0100, A5.4. */
export function blockTransfer(m: Machine, w: number): void {
  const rn = (w >>> 16) & 15;
  const base = m.s[rn];
  const count = bitCount(w & 0xffff);
  const up = (w & UP) !== 0;
  const moved = (up ? base + 4 * count : base - 4 * count) | 0;
  const first = up ? base : moved;
  // Increment before and decrement after begin a word higher.
  const address = ((w & INDEX_FIRST) !== 0) === up ? (first + 4) | 0 : first;
  const after = (w & WRITE_BACK) !== 0 ? moved : base;
  if ((w & 0x00100000) !== 0) loadMultiple(m, w, address, after);
  else storeMultiple(m, w, address, after);
}

function loadMultiple(m: Machine, w: number, start: number, after: number): void {
  const { s } = m;
  const rn = (w >>> 16) & 15;
  const userBank = (w & 0x00408000) === 0x00400000;
  const base = s[rn];
  let address = start;
  let target = 0;
  try {
    for (let register = 0; register < 16; register++) {
      if (((w >>> register) & 1) === 0) continue;
      const value = m.load32(address);
      if (register === 15) target = value;
      else if (userBank) m.banks.setUser(s, m.control & 0x1f, register, value);
      else s[register] = value;
      address = (address + 4) | 0;
    }
  } catch (error) {
    s[rn] = base;
    throw error;
  }
  // A base that was loaded keeps what was loaded.
  if (((w >>> rn) & 1) === 0) s[rn] = after;
  if ((w & 0x8000) === 0) return;
  if ((w & 0x00400000) === 0) m.exchange(target);
  else m.exceptionReturn(target);
}

function storeMultiple(m: Machine, w: number, start: number, after: number): void {
  const { s } = m;
  const rn = (w >>> 16) & 15;
  const userBank = (w & 0x00400000) !== 0;
  let address = start;
  for (let register = 0; register < 16; register++) {
    if (((w >>> register) & 1) === 0) continue;
    const value = userBank ? m.banks.user(s, m.control & 0x1f, register) : s[register];
    // A base that is not the first of the list is stored as written back. (Open in the architecture; so in ARM9 cores.)
    m.store32(address, register === rn && address !== start ? after : value + storedOffset(register));
    address = (address + 4) | 0;
  }
  s[rn] = after;
}

export function bitCount(value: number): number {
  let count = 0;
  for (let rest = value; rest !== 0; rest &= rest - 1) count++;
  return count;
}
