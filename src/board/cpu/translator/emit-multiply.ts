import { resultFlags } from "./emit-data.ts";
import { type Emitter, FLAG_N, FLAG_Z, LONG, RESULT } from "./emitter.ts";

/** Multiplications as WebAssembly. */

export function emitMultiply(e: Emitter, w: number): void {
  const { b } = e;
  e.register(w & 15);
  e.register((w >>> 8) & 15).op("mul");
  if ((w & 0x00200000) !== 0) e.register((w >>> 12) & 15).op("add");
  b.set(RESULT);
  if ((w & 0x00100000) !== 0) resultFlags(e);
  b.get(RESULT);
  e.setRegister((w >>> 16) & 15);
}

/** umull, umlal, smull, smlal. */
export function emitMultiplyLong(e: Emitter, w: number): void {
  const { b } = e;
  const extend = (w & 0x00400000) !== 0 ? "extendS" : "extendU";
  const low = (w >>> 12) & 15;
  const high = (w >>> 16) & 15;
  e.register(w & 15).op(extend);
  e.register((w >>> 8) & 15).op(extend, "mul64");
  if ((w & 0x00200000) !== 0) {
    pushPair(e, low, high);
    b.op("add64");
  }
  b.set(LONG);
  storePair(e, low, high);
  if ((w & 0x00100000) === 0) return;
  e.register(high);
  e.setLocal(FLAG_N);
  e.register(high);
  e.register(low).op("or");
  e.setLocal(FLAG_Z);
}

function pushPair(e: Emitter, low: number, high: number): void {
  e.register(high).op("extendU").i64(32).op("shl64");
  e.register(low).op("extendU", "or64");
}

function storePair(e: Emitter, low: number, high: number): void {
  e.b.get(LONG).op("wrap");
  e.setRegister(low);
  e.b.get(LONG).i64(32).op("shrU64", "wrap");
  e.setRegister(high);
}

function pushHalf(e: Emitter, register: number, top: boolean): void {
  e.register(register);
  if (top) e.b.i32(16).op("shrS");
  else e.b.op("extend16");
}

/** smulwy, smlalxy, smulxy: those that can't set Q. */
export function emitMultiplyHalves(e: Emitter, w: number): void {
  const { b } = e;
  const rd = (w >>> 16) & 15;
  const rn = (w >>> 12) & 15;
  const operation = (w >>> 21) & 3;
  if (operation === 1) {
    e.register(w & 15).op("extendS");
    pushHalf(e, (w >>> 8) & 15, (w & 0x40) !== 0);
    b.op("extendS", "mul64").i64(16).op("shrS64", "wrap");
    e.setRegister(rd);
    return;
  }
  pushHalf(e, w & 15, (w & 0x20) !== 0);
  pushHalf(e, (w >>> 8) & 15, (w & 0x40) !== 0);
  b.op("mul");
  if (operation === 3) {
    e.setRegister(rd);
    return;
  }
  b.op("extendS");
  pushPair(e, rn, rd);
  b.op("add64").set(LONG);
  storePair(e, rn, rd);
}
