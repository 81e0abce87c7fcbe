import { DTCM_ADDRESS, DTCM_OFFSET, ITCM_BYTES, SDRAM_BYTES, SYSRAM_BYTES, SYSRAM_OFFSET } from "../memory.ts";
import { Body, type Func, I32 } from "./wasm.ts";

/**
 * (address, core's base, bits that must be zero) -> where the address lies in the chip's block, or -1: Machine.place, as WebAssembly.
 * A store to ITCM may change code: it is the interpreter's.
 */
function place(store: boolean): Func {
  const b = new Body();
  const [ADDRESS, BASE, MISALIGNED] = [0, 1, 2];
  b.get(ADDRESS).get(MISALIGNED).op("and").if().i32(-1).op("return").end();
  b.get(ADDRESS).i32(0xffff0000).op("and").i32(DTCM_ADDRESS).op("eq").if();
  b.get(ADDRESS)
    .get(BASE)
    .op("add")
    .i32(DTCM_OFFSET - DTCM_ADDRESS)
    .op("add", "return")
    .end();
  if (!store) b.get(ADDRESS).i32(ITCM_BYTES).op("ltU").if().get(ADDRESS).get(BASE).op("add", "return").end();
  b.get(ADDRESS).i32(0xe0000000).op("and").i32(0x60000000).op("eq").if();
  b.get(ADDRESS)
    .i32(SDRAM_BYTES - 1)
    .op("and", "return")
    .end();
  b.get(ADDRESS).i32(0xefff8000).op("and").i32(0xe5000000).op("eq").if();
  b.get(ADDRESS)
    .i32(SYSRAM_BYTES - 1)
    .op("and")
    .i32(SYSRAM_OFFSET)
    .op("or", "return")
    .end();
  b.i32(-1);
  return { parameters: [I32, I32, I32], results: [I32], locals: [], body: b };
}

/** In the order of READ_PLACE and WRITE_PLACE. */
export const HELPERS: readonly Func[] = [place(false), place(true)];
