/**
 * A chip's memory as its cores see it, in one block, so that translated code reaches all of it:
 *
 *   0x00000000  SDRAM, 128 MB     on the chip at 0x60000000 (and again at 0x70000000)
 *   0x08000000  SysRAM, 32 KB     0xe5000000 (0xf5000000)
 *   0x08010000  per core 192 KB   ITCM, 32 KB (at 0); registers; DTCM, 64 KB (at 0x400000); which code is translated, 64 KB
 *
 * The operating system gives pages when they are first written: 48 chips cost no more than what they use.
 * Sources: SpiNNaker datasheet 2.02, section 4 (memory map).
 */

export const SDRAM_BYTES = 0x8000000;
export const SYSRAM_BYTES = 0x8000;
export const ITCM_BYTES = 0x8000;
export const DTCM_BYTES = 0x10000;
/** Where DTCM begins for its core. */
export const DTCM_ADDRESS = 0x400000;

/** Offsets within the block. */
export const SYSRAM_OFFSET = SDRAM_BYTES;
export const CORES_OFFSET = SDRAM_BYTES + 0x10000;
export const CORE_BYTES = 0x30000;
export const STATE_OFFSET = ITCM_BYTES;
export const DTCM_OFFSET = 0x10000;
export const MAP_OFFSET = 0x20000;
export const MAP_BYTES = 0x10000;

/** Bytes and words of the same memory. Cores are little-endian, as every machine that runs Node is. */
export interface View {
  readonly bytes: Uint8Array;
  readonly words: Int32Array;
}

export interface CoreMemory {
  readonly itcm: View;
  readonly dtcm: View;
}

export class ChipMemory {
  readonly memory: WebAssembly.Memory;
  readonly sdram: View;
  readonly sysram: View;
  readonly cores: readonly CoreMemory[];

  constructor(cores = 18) {
    const pages = (CORES_OFFSET + cores * CORE_BYTES) / 0x10000;
    this.memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
    this.sdram = this.view(0, SDRAM_BYTES);
    this.sysram = this.view(SYSRAM_OFFSET, SYSRAM_BYTES);
    this.cores = Array.from({ length: cores }, (_, core) => ({
      itcm: this.view(coreOffset(core), ITCM_BYTES),
      dtcm: this.view(coreOffset(core) + DTCM_OFFSET, DTCM_BYTES),
    }));
  }

  view(offset: number, length: number): View {
    const { buffer } = this.memory;
    return { bytes: new Uint8Array(buffer, offset, length), words: new Int32Array(buffer, offset, length >>> 2) };
  }
}

/** Where a core's part of the block begins. */
export const coreOffset = (core: number): number => CORES_OFFSET + core * CORE_BYTES;
