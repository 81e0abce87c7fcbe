import { CONTROL, LINES, Q } from "../state.ts";
import { A, B, BASE, type Emitter, FLAG_C, FLAG_N, FLAG_V, FLAG_Z, state } from "./emitter.ts";

/** mrs and msr of CPSR as WebAssembly, where they change no mode and let in no interrupt. */

export function emitReadStatus(e: Emitter, w: number): void {
  const { b } = e;
  e.local(FLAG_N).i32(0x80000000).op("and");
  e.local(FLAG_Z).op("eqz").i32(30).op("shl", "or");
  e.local(FLAG_C).i32(29).op("shl", "or");
  e.local(FLAG_V).i32(31).op("shrU").i32(28).op("shl", "or");
  b.get(BASE).access("load32", state(Q)).i32(27).op("shl", "or");
  b.get(BASE).access("load32", state(CONTROL)).op("or");
  if (e.region.thumb) b.i32(0x20).op("or");
  e.setRegister((w >>> 12) & 15);
}

export function emitWriteStatus(e: Emitter, w: number): void {
  const { b } = e;
  if ((w & 0x02000000) !== 0) {
    const rotate = (w >>> 7) & 30;
    const constant = w & 0xff;
    b.i32(rotate === 0 ? constant : (constant >>> rotate) | (constant << (32 - rotate)));
  } else e.register(w & 15);
  b.set(A);
  if ((w & 0x00010000) !== 0) {
    b.get(BASE).access("load32", state(CONTROL)).tee(B);
    b.get(A).op("xor").i32(0x1f).op("and");
    b.get(BASE).access("load32", state(LINES)).op("or");
    // User mode may not write them; its number ends in zeros.
    b.get(B).i32(15).op("and", "eqz", "or").if();
    e.bail();
    b.end();
    b.get(BASE).get(A).i32(0xdf).op("and").access("store32", state(CONTROL));
  }
  if ((w & 0x00080000) === 0) return;
  b.get(A);
  e.setLocal(FLAG_N);
  b.get(A).i32(-1).op("xor").i32(0x40000000).op("and");
  e.setLocal(FLAG_Z);
  b.get(A).i32(29).op("shrU").i32(1).op("and");
  e.setLocal(FLAG_C);
  b.get(A).i32(3).op("shl");
  e.setLocal(FLAG_V);
  b.get(BASE).get(A).i32(27).op("shrU").i32(1).op("and").access("store32", state(Q));
}
