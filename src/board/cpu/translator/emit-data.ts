import { A, B, CARRY, type Emitter, FLAG_C, FLAG_N, FLAG_V, FLAG_Z, LONG, RESULT } from "./emitter.ts";
import { type Op } from "./wasm.ts";

/** Data processing as WebAssembly: the same as data-processing.ts, word for word. */

/** Pushes whether a condition holds. */
export function pushCondition(e: Emitter, condition: number): void {
  const { b } = e;
  switch (condition >> 1) {
    case 0:
      e.local(FLAG_Z).op("eqz");
      break;
    case 1:
      e.local(FLAG_C);
      break;
    case 2:
      e.local(FLAG_N).i32(0).op("ltS");
      break;
    case 3:
      e.local(FLAG_V).i32(0).op("ltS");
      break;
    case 4:
      e.local(FLAG_C);
      e.local(FLAG_Z).i32(0).op("ne", "and");
      break;
    case 5:
      pushSameSigns(e);
      break;
    default:
      pushSameSigns(e);
      e.local(FLAG_Z).i32(0).op("ne", "and");
  }
  if ((condition & 1) !== 0) b.op("eqz");
}

function pushSameSigns(e: Emitter): void {
  e.local(FLAG_N);
  e.local(FLAG_V).op("xor").i32(0).op("geS");
}

/** Pushes the second operand; with `carry` also sets CARRY. */
function pushOperand(e: Emitter, w: number, carry: boolean): void {
  const { b } = e;
  if ((w & 0x02000000) !== 0) {
    const rotate = (w >>> 7) & 30;
    const value = w & 0xff;
    const rotated = rotate === 0 ? value : (value >>> rotate) | (value << (32 - rotate));
    if (carry) {
      if (rotate === 0) e.local(FLAG_C).set(CARRY);
      else b.i32(rotated >>> 31).set(CARRY);
    }
    b.i32(rotated);
  } else if ((w & 0x10) !== 0) pushShiftByRegister(e, w, carry);
  else pushShiftByConstant(e, w, carry);
}

const SHIFTS: readonly Op[] = ["shl", "shrU", "shrS", "rotr"];

/** Pushes register `w & 15`, shifted by bits 11:5. */
export function pushShiftByConstant(e: Emitter, w: number, carry: boolean): void {
  const { b } = e;
  const kind = (w >>> 5) & 3;
  const amount = (w >>> 7) & 31;
  const rm = w & 15;
  if (kind === 0 && amount === 0) {
    if (carry) e.local(FLAG_C).set(CARRY);
    e.register(rm);
    return;
  }
  if (carry) {
    // The last bit that is shifted out; lsr and asr by 0 mean 32.
    const bit = kind === 0 ? 32 - amount : amount === 0 ? (kind === 3 ? 0 : 31) : amount - 1;
    e.register(rm).i32(bit).op("shrU").i32(1).op("and").set(CARRY);
  }
  if (amount !== 0) e.register(rm).i32(amount).op(SHIFTS[kind]);
  else if (kind === 1) b.i32(0);
  else if (kind === 2) e.register(rm).i32(31).op("shrS");
  else {
    e.register(rm).i32(1).op("shrU");
    e.local(FLAG_C).i32(31).op("shl", "or");
  }
}

function pushShiftByRegister(e: Emitter, w: number, carry: boolean): void {
  const { b } = e;
  const kind = (w >>> 5) & 3;
  e.register((w >>> 8) & 15)
    .i32(255)
    .op("and")
    .set(B);
  e.register(w & 15).set(A);
  if (carry) {
    // amount = 0: C as it is.
    e.local(FLAG_C);
    if (kind === 0) b.get(A).i32(32).get(B).op("sub", "shrU");
    else if (kind === 2) b.get(A).get(B).i32(1).op("sub").i32(31).get(B).i32(32).op("leU", "select", "shrS");
    else b.get(A).get(B).i32(1).op("sub", "shrU");
    b.i32(1).op("and");
    if (kind < 2) b.get(B).i32(32).op("leU", "and");
    b.get(B).op("eqz", "select").set(CARRY);
  }
  b.get(A).get(B);
  if (kind === 2) b.i32(31).get(B).i32(32).op("ltU", "select");
  b.op(SHIFTS[kind]);
  if (kind < 2) b.i32(0).get(B).i32(32).op("ltU", "select");
}

/** Sets the flags of a - b; both in A and B, the difference in RESULT. */
function subtractionFlags(e: Emitter): void {
  const { b } = e;
  b.get(A).get(B).op("geU");
  e.setLocal(FLAG_C);
  b.get(A).get(B).op("xor").get(A).get(RESULT).op("xor", "and");
  e.setLocal(FLAG_V);
}

function additionFlags(e: Emitter): void {
  const { b } = e;
  b.get(RESULT).get(A).op("ltU");
  e.setLocal(FLAG_C);
  overflowOfSum(e);
}

function overflowOfSum(e: Emitter): void {
  e.b.get(A).get(RESULT).op("xor").get(B).get(RESULT).op("xor", "and");
  e.setLocal(FLAG_V);
}

export function resultFlags(e: Emitter): void {
  e.b.get(RESULT);
  e.teeLocal(FLAG_N);
  e.setLocal(FLAG_Z);
}

/** A + B + C into RESULT, with flags. */
function sumWithCarry(e: Emitter, flags: boolean): void {
  const { b } = e;
  if (!flags) {
    b.get(A).get(B).op("add");
    e.local(FLAG_C).op("add").set(RESULT);
    return;
  }
  b.get(A).op("extendU").get(B).op("extendU", "add64");
  e.local(FLAG_C).op("extendU", "add64").set(LONG);
  b.get(LONG).op("wrap").set(RESULT);
  b.get(LONG).i64(32).op("shrU64", "wrap");
  e.setLocal(FLAG_C);
  overflowOfSum(e);
}

/** and, eor, orr, mov, bic, mvn and their comparisons: the result in RESULT. */
function logic(e: Emitter, w: number, opcode: number, flags: boolean): void {
  const { b } = e;
  const rn = (w >>> 16) & 15;
  pushOperand(e, w, flags);
  if (opcode === 14 || opcode === 15) b.i32(-1).op("xor");
  if (opcode !== 13 && opcode !== 15) {
    e.register(rn).op(opcode === 1 || opcode === 9 ? "xor" : opcode === 12 ? "or" : "and");
  }
  b.set(RESULT);
  if (!flags) return;
  b.get(CARRY);
  e.setLocal(FLAG_C);
}

/** The result in RESULT. */
function sum(e: Emitter, w: number, opcode: number, flags: boolean): void {
  const { b } = e;
  const reversed = opcode === 3 || opcode === 7;
  pushOperand(e, w, false);
  b.set(reversed ? A : B);
  e.register((w >>> 16) & 15).set(reversed ? B : A);
  switch (opcode) {
    case 5:
      sumWithCarry(e, flags);
      return;
    case 6:
    case 7:
      b.get(B).i32(-1).op("xor").set(B);
      sumWithCarry(e, flags);
      return;
    case 4:
    case 11:
      b.get(A).get(B).op("add").set(RESULT);
      if (flags) additionFlags(e);
      return;
    default:
      b.get(A).get(B).op("sub").set(RESULT);
      if (flags) subtractionFlags(e);
  }
}

/** Leaves its result in RESULT; a comparison has none to keep. */
export function emitDataProcessing(e: Emitter, w: number): void {
  const opcode = (w >>> 21) & 15;
  const flags = (w & 0x00100000) !== 0;
  if ([0, 1, 8, 9, 12, 13, 14, 15].includes(opcode)) logic(e, w, opcode, flags);
  else sum(e, w, opcode, flags);
  if (flags) resultFlags(e);
  const rd = (w >>> 12) & 15;
  if ((opcode & 12) === 8 || rd === 15) return;
  e.b.get(RESULT);
  e.setRegister(rd);
}
