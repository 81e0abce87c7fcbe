import { bitCount } from "../loads-stores.ts";
import { CORES_OFFSET, DTCM_ADDRESS, DTCM_BYTES } from "../memory.ts";
import { pushShiftByConstant } from "./emit-data.ts";
import { ADDRESS, B, BASE, DTCM, type Emitter, PLACE, READ_PLACE, RESULT, WRITE_PLACE } from "./emitter.ts";
import { type Access, I32 } from "./wasm.ts";

/** Loads and stores as WebAssembly. What is neither DTCM nor other memory of the chip is the interpreter's. */

const SIZES: Record<Access, number> = {
  load32: 4,
  load8S: 1,
  load8: 1,
  load16S: 2,
  load16: 2,
  store32: 4,
  store8: 1,
  store16: 2,
};

/** Pushes the place of the address in ADDRESS within the chip's memory: DTCM at once, the rest by a function. */
function pushPlace(e: Emitter, kind: Access, wait: number): void {
  const { b } = e;
  const misaligned = SIZES[kind] - 1;
  const load = kind.startsWith("load");
  b.get(ADDRESS)
    .i32(DTCM_ADDRESS)
    .op("xor")
    .i32(0xffff0000 | misaligned)
    .op("and");
  b.if(I32);
  b.get(ADDRESS)
    .get(BASE)
    .i32(misaligned)
    .call(load ? READ_PLACE : WRITE_PLACE);
  b.tee(PLACE).i32(0).op("ltS").if();
  e.bail();
  b.end();
  if (load && wait !== 0) {
    b.get(PLACE).i32(CORES_OFFSET).op("ltU").if();
    e.waitFor(wait);
    b.end();
  }
  b.get(PLACE).op("else").get(ADDRESS).get(DTCM).op("add").end();
}

/** Base and offset: ADDRESS is where the access goes; the base that is written back, if any, is left in B. */
function address(e: Emitter, w: number, pushOffset: (() => void) | number): boolean {
  const { b } = e;
  const rn = (w >>> 16) & 15;
  const first = (w & 0x01000000) !== 0;
  const up = (w & 0x00800000) !== 0;
  const moves = !first || (w & 0x00200000) !== 0;
  const base = (): void => {
    if (rn === 15) b.i32(e.pcValue & ~3);
    else e.register(rn);
  };
  base();
  if (typeof pushOffset === "number") {
    if (pushOffset !== 0) b.i32(up ? pushOffset : -pushOffset).op("add");
  } else {
    pushOffset();
    b.op(up ? "add" : "sub");
  }
  if (moves) b.tee(B);
  b.set(ADDRESS);
  if (!first) {
    base();
    b.set(ADDRESS);
  }
  return moves;
}

function writeBack(e: Emitter, w: number): void {
  e.b.get(B);
  e.setRegister((w >>> 16) & 15);
}

/** ldr, str, ldrb, strb. A loaded r15 is left in RESULT. */
export function emitSingle(e: Emitter, w: number, wait: number): void {
  const { b } = e;
  const rd = (w >>> 12) & 15;
  const byte = (w & 0x00400000) !== 0;
  const load = (w & 0x00100000) !== 0;
  const moves = address(e, w, (w & 0x02000000) !== 0 ? () => pushShiftByConstant(e, w, false) : w & 0xfff);
  const kind: Access = load ? (byte ? "load8" : "load32") : byte ? "store8" : "store32";
  pushPlace(e, kind, wait);
  if (!load) e.register(rd);
  b.access(kind, 0);
  if (load) b.set(RESULT);
  if (moves) writeBack(e, w);
  if (!load || rd === 15) return;
  b.get(RESULT);
  e.setRegister(rd);
}

/** ldrh, strh, ldrsb, ldrsh, ldrd, strd. */
export function emitHalf(e: Emitter, w: number, wait: number): void {
  const { b } = e;
  const rd = (w >>> 12) & 15;
  const constant = ((w >>> 4) & 0xf0) | (w & 15);
  const moves = address(e, w, (w & 0x00400000) !== 0 ? constant : () => void e.register(w & 15));
  const kind = ((w >>> 18) & 4) | ((w >>> 5) & 3);
  if (kind === 2 || kind === 3) emitDouble(e, rd, kind === 2, wait);
  else if (kind === 1) {
    pushPlace(e, "store16", wait);
    e.register(rd).access("store16", 0);
  } else {
    const access: Access = kind === 5 ? "load16" : kind === 6 ? "load8S" : "load16S";
    pushPlace(e, access, wait);
    b.access(access, 0).set(RESULT);
  }
  if (moves) writeBack(e, w);
  if (kind < 5) return;
  b.get(RESULT);
  e.setRegister(rd);
}

function emitDouble(e: Emitter, rd: number, load: boolean, wait: number): void {
  pushRange(e, 2, load, wait);
  transfer(e, [rd, rd + 1], load);
}

/** PLACE is where `count` words from ADDRESS on lie; what is not all in one memory is the interpreter's. */
function pushRange(e: Emitter, count: number, load: boolean, wait: number): void {
  const { b } = e;
  // One comparison: rotated by two, a misaligned address is beyond all others.
  b.get(ADDRESS).i32(DTCM_ADDRESS).op("sub").i32(2).op("rotr");
  b.i32(DTCM_BYTES / 4 - count)
    .op("gtU")
    .if();
  const find = load ? READ_PLACE : WRITE_PLACE;
  b.get(ADDRESS).get(BASE).i32(3).call(find).tee(PLACE).i32(0).op("ltS").if();
  e.bail();
  b.end();
  b.get(ADDRESS)
    .i32(4 * (count - 1))
    .op("add")
    .get(BASE)
    .i32(3)
    .call(find);
  b.get(PLACE)
    .op("sub")
    .i32(4 * (count - 1))
    .op("ne")
    .if();
  e.bail();
  b.end();
  if (load && wait !== 0) {
    b.get(PLACE).i32(CORES_OFFSET).op("ltU").if();
    e.waitFor(count * wait);
    b.end();
  }
  b.op("else");
  b.get(ADDRESS).get(DTCM).op("add").set(PLACE).end();
}

function transfer(e: Emitter, registers: readonly number[], load: boolean): void {
  const { b } = e;
  registers.forEach((register, index) => {
    b.get(PLACE);
    if (!load) {
      e.register(register).access("store32", 4 * index);
      return;
    }
    b.access("load32", 4 * index);
    if (register === 15) b.set(RESULT);
    else e.setRegister(register);
  });
}

/** ldm, stm. A loaded r15 is left in RESULT. */
export function emitMultiple(e: Emitter, w: number, wait: number): void {
  const rn = (w >>> 16) & 15;
  const registers = Array.from({ length: 16 }, (_, register) => register).filter((register) => (w >>> register) & 1);
  const bytes = 4 * bitCount(w & 0xffff);
  const up = (w & 0x00800000) !== 0;
  const before = (w & 0x01000000) !== 0;
  const first = (up ? 0 : -bytes) + (before === up ? 4 : 0);
  e.register(rn).i32(first).op("add").set(ADDRESS);
  const load = (w & 0x00100000) !== 0;
  pushRange(e, registers.length, load, wait);
  transfer(e, registers, load);
  if ((w & 0x00200000) === 0) return;
  e.register(rn)
    .i32(up ? bytes : -bytes)
    .op("add");
  e.setRegister(rn);
}
