import {
  DTCM_ADDRESS,
  DTCM_OFFSET,
  ITCM_BYTES,
  MAP_OFFSET,
  SDRAM_BYTES,
  SYSRAM_BYTES,
  SYSRAM_OFFSET,
} from "../memory.ts";
import { EXIT, LEFT, PC } from "../state.ts";
import { state } from "./emitter.ts";
import { assemble, Body, type Func, I32 } from "./wasm.ts";

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

/** What the driver has: the core's base, the address of the code, its entry in the map. */
const [DRIVER_BASE, AT, ENTRY] = [0, 1, 2];

/**
 * Runs one region after the other, as the core's map says where its code is translated: (table index << 12) | (label << 1) | Thumb, by
 * address / 2; 0: it isn't. Comes back when it has no entry, when the interpreter has to do something, and when cycles are used up.
 */
export function driver(memoryPages: number): Uint8Array {
  const b = new Body();
  b.loop();
  b.get(DRIVER_BASE).access("load32", state(PC)).tee(AT).i32(ITCM_BYTES).op("geU").if().op("return").end();
  b.get(AT).i32(1).op("shrU").i32(2).op("shl").get(DRIVER_BASE).op("add").access("load32", MAP_OFFSET).tee(ENTRY);
  b.op("eqz").if().op("return").end();
  b.get(ENTRY).get(AT).op("xor").i32(1).op("and").if().op("return").end();
  b.get(ENTRY).i32(1).op("shrU").i32(0x7ff).op("and").get(DRIVER_BASE);
  b.get(ENTRY).i32(12).op("shrU").callTable(REGION_TYPE);
  b.get(DRIVER_BASE).access("load32", state(EXIT)).if().op("return").end();
  b.get(DRIVER_BASE).access("load32", state(LEFT)).i32(0).op("leS").if().op("return").end();
  b.br(0).end();
  const region = { parameters: [I32, I32], results: [], locals: [], body: new Body() };
  return assemble([region, { parameters: [I32], results: [], locals: [I32, I32], body: b }], memoryPages);
}

/** Of the driver's module: its first function is there for its type alone. */
const REGION_TYPE = 0;
