import { type Machine } from "./machine.ts";
import { C, N, V, Z } from "./state.ts";

/**
 * Data processing: operation on rn and a shifted operand; sources: ARM Architecture Reference Manual (DDI 0100), A3.4 and A5.1.
 */

/** The second operand of "w"; m.carry becomes the shifter's carry out. */
function operand(m: Machine, w: number): number {
  const { s } = m;
  if ((w & 0x02000000) !== 0) {
    const rotate = (w >>> 7) & 30;
    const value = w & 0xff;
    if (rotate === 0) {
      m.carry = s[C];
      return value;
    }
    const rotated = (value >>> rotate) | (value << (32 - rotate));
    m.carry = rotated >>> 31;
    return rotated;
  }
  if ((w & 0x10) !== 0) return shiftByRegister(m, w);
  return shiftByConstant(m, s[w & 15], (w >>> 5) & 3, (w >>> 7) & 31);
}

/** A shift as instructions hold it: 0 stands for 32 (lsr, asr) or for rrx (ror). */
export function shiftByConstant(m: Machine, value: number, kind: number, amount: number): number {
  const carry = m.s[C];
  if (amount !== 0) return shift(m, value, kind, amount);
  switch (kind) {
    case 0:
      m.carry = carry;
      return value;
    case 1:
      m.carry = value >>> 31;
      return 0;
    case 2:
      m.carry = value >>> 31;
      return value >> 31;
    default:
      m.carry = value & 1;
      return (value >>> 1) | (carry << 31);
  }
}

function shiftByRegister(m: Machine, w: number): number {
  const { s } = m;
  const kind = (w >>> 5) & 3;
  const amount = s[(w >>> 8) & 15] & 0xff;
  // r15 is read a cycle later than without a shift by a register. (The architecture leaves it open.)
  const value = s[w & 15] + ((w & 15) === 15 ? 4 : 0);
  if (amount === 0) {
    m.carry = s[C];
    return value | 0;
  }
  if (amount < 32) return shift(m, value | 0, kind, amount);
  switch (kind) {
    case 0:
      m.carry = amount === 32 ? value & 1 : 0;
      return 0;
    case 1:
      m.carry = amount === 32 ? value >>> 31 : 0;
      return 0;
    case 2:
      m.carry = value >>> 31;
      return value >> 31;
    default:
      return (amount & 31) === 0 ? ((m.carry = value >>> 31), value | 0) : shift(m, value | 0, kind, amount & 31);
  }
}

/** By 1 to 31. */
function shift(m: Machine, value: number, kind: number, amount: number): number {
  switch (kind) {
    case 0:
      m.carry = (value >>> (32 - amount)) & 1;
      return value << amount;
    case 1:
      m.carry = (value >>> (amount - 1)) & 1;
      return value >>> amount;
    case 2:
      m.carry = (value >> (amount - 1)) & 1;
      return value >> amount;
    default:
      m.carry = (value >>> (amount - 1)) & 1;
      return (value >>> amount) | (value << (32 - amount));
  }
}

/** a + b + carry, with all flags. */
function addWithFlags(m: Machine, a: number, b: number, carry: number): number {
  const { s } = m;
  const sum = (a >>> 0) + (b >>> 0) + carry;
  const result = sum | 0;
  s[N] = s[Z] = result;
  s[C] = sum > 0xffffffff ? 1 : 0;
  s[V] = (a ^ result) & (b ^ result);
  return result;
}

function logicFlags(m: Machine, result: number): number {
  const { s } = m;
  s[N] = s[Z] = result;
  s[C] = m.carry;
  return result;
}

/** With S = 1 (tst, teq, cmp and cmn always have it); for rd = r15 CPSR becomes SPSR instead. */
function withFlags(m: Machine, w: number): void {
  const { s } = m;
  const b = operand(m, w);
  const a = s[(w >>> 16) & 15] + registerShiftOffset(w);
  const opcode = (w >>> 21) & 15;
  const rd = (w >>> 12) & 15;
  if (rd === 15 && (opcode & 12) !== 8) {
    m.exceptionReturn(plain(m, opcode, a, b));
    return;
  }
  switch (opcode) {
    case 0:
      s[rd] = logicFlags(m, a & b);
      return;
    case 1:
      s[rd] = logicFlags(m, a ^ b);
      return;
    case 2:
      s[rd] = addWithFlags(m, a, ~b, 1);
      return;
    case 3:
      s[rd] = addWithFlags(m, b, ~a, 1);
      return;
    case 4:
      s[rd] = addWithFlags(m, a, b, 0);
      return;
    case 5:
      s[rd] = addWithFlags(m, a, b, s[C]);
      return;
    case 6:
      s[rd] = addWithFlags(m, a, ~b, s[C]);
      return;
    case 7:
      s[rd] = addWithFlags(m, b, ~a, s[C]);
      return;
    case 8:
      logicFlags(m, a & b);
      return;
    case 9:
      logicFlags(m, a ^ b);
      return;
    case 10:
      addWithFlags(m, a, ~b, 1);
      return;
    case 11:
      addWithFlags(m, a, b, 0);
      return;
    case 12:
      s[rd] = logicFlags(m, a | b);
      return;
    case 13:
      s[rd] = logicFlags(m, b);
      return;
    case 14:
      s[rd] = logicFlags(m, a & ~b);
      return;
    default:
      s[rd] = logicFlags(m, ~b);
  }
}

/** The result alone. */
function plain(m: Machine, opcode: number, a: number, b: number): number {
  const carry = m.s[C];
  switch (opcode) {
    case 0:
      return a & b;
    case 1:
      return a ^ b;
    case 2:
      return (a - b) | 0;
    case 3:
      return (b - a) | 0;
    case 4:
      return (a + b) | 0;
    case 5:
      return (a + b + carry) | 0;
    case 6:
      return (a - b - 1 + carry) | 0;
    case 7:
      return (b - a - 1 + carry) | 0;
    case 12:
      return a | b;
    case 13:
      return b;
    case 14:
      return a & ~b;
    default:
      return ~b;
  }
}

const registerShiftOffset = (w: number): number => ((w & 0x02000010) === 0x10 && ((w >>> 16) & 15) === 15 ? 4 : 0);

/** and, eor, sub, rsb, add, adc, sbc, rsc, tst, teq, cmp, cmn, orr, mov, bic, mvn. */
export function dataProcessing(m: Machine, w: number): void {
  if ((w & 0x00100000) !== 0) {
    withFlags(m, w);
    return;
  }
  const b = operand(m, w);
  const result = plain(m, (w >>> 21) & 15, m.s[(w >>> 16) & 15] + registerShiftOffset(w), b);
  const rd = (w >>> 12) & 15;
  if (rd === 15) m.jump(result);
  else m.s[rd] = result;
}
