import { DsqnError } from "../../../errors.ts";
import { kernels } from "./module.ts";

/** A piece of the kernels' memory; views stay valid when the memory grows (it is shared), until `free`. */
export interface Block {
  /** Byte address, a multiple of 64. */
  readonly address: number;
  readonly bytes: number;
  /** `offset` in bytes from the block's start, `length` in elements. */
  float32(offset: number, length: number): Float32Array;
  float64(offset: number, length: number): Float64Array;
  int32(offset: number, length: number): Int32Array;
  uint8(offset: number, length: number): Uint8Array;
  free(): void;
}

const PAGE = 65536;
/** Kept free below the first block and above the last: kernels may read (never write) up to a vector panel past a row. */
const MARGIN = 1024;
const GUARD = 64;
const CANARY = 0x5ca1ab1e;

/** Every object that stood for the memory: growing makes a new one, and the old ones stay valid. */
const buffers = new WeakSet<ArrayBufferLike>();
const used = new Map<number, { bytes: number }>();
let gaps: { address: number; bytes: number }[] = [];
let top = MARGIN;

/** `bytes` of zeroed memory, between guards that `damagedBlocks` checks. */
export function allocate(bytes: number): Block {
  const { memory } = kernels();
  const size = Math.ceil(bytes / 64) * 64 + 2 * GUARD;
  const gap = gaps.find((g) => g.bytes >= size);
  let start: number;
  if (gap) {
    start = gap.address;
    gap.address += size;
    gap.bytes -= size;
    gaps = gaps.filter((g) => g.bytes > 0);
  } else {
    start = top;
    const missing = top + size + MARGIN - memory.buffer.byteLength;
    if (missing > 0) grow(memory, missing, bytes);
    top += size;
  }
  const address = start + GUARD;
  used.set(address, { bytes: size });
  new Uint8Array(memory.buffer, start, size).fill(0);
  guards(address, size).forEach((guard) => guard.fill(CANARY));
  const view =
    <T>(make: (buffer: ArrayBufferLike, at: number, length: number) => T, width: number) =>
    (offset: number, length: number): T => {
      if (offset < 0 || length < 0 || offset % width !== 0 || offset + length * width > bytes)
        throw new DsqnError(
          "KERNEL_BOUNDS",
          `A view of ${length} elements at byte ${offset} leaves its block of ${bytes} bytes.`,
        );
      buffers.add(memory.buffer);
      return make(memory.buffer, address + offset, length);
    };
  return {
    address,
    bytes,
    float32: view((b, at, n) => new Float32Array(b, at, n), 4),
    float64: view((b, at, n) => new Float64Array(b, at, n), 8),
    int32: view((b, at, n) => new Int32Array(b, at, n), 4),
    uint8: view((b, at, n) => new Uint8Array(b, at, n), 1),
    free: () => release(address, size),
  };
}

/** Where an array lies in the kernels' memory; undefined if elsewhere. */
export function addressOf(array: Float32Array): number | undefined {
  return buffers.has(array.buffer) ? array.byteOffset : undefined;
}

/** Addresses of blocks whose guards were overwritten: none, unless a kernel wrote out of bounds. */
export function damagedBlocks(): number[] {
  return [...used]
    .filter(([address, { bytes }]) => guards(address, bytes).some((guard) => guard.some((word) => word !== CANARY)))
    .map(([address]) => address);
}

/** Bytes in blocks that were not freed, guards included. */
export function usedBytes(): number {
  return [...used.values()].reduce((sum, { bytes }) => sum + bytes, 0);
}

function guards(address: number, size: number): Uint32Array[] {
  const { buffer } = kernels().memory;
  return [
    new Uint32Array(buffer, address - GUARD, GUARD / 4),
    new Uint32Array(buffer, address - GUARD + size - GUARD, GUARD / 4),
  ];
}

function grow(memory: WebAssembly.Memory, missing: number, bytes: number): void {
  // Some more than asked for: a grown memory is cheap, growing it often is not.
  for (const pages of [Math.ceil((missing * 1.25) / PAGE) + 16, Math.ceil(missing / PAGE)])
    try {
      memory.grow(pages);
      return;
    } catch {
      continue;
    }
  throw new DsqnError("KERNEL_MEMORY", `The kernels' memory can't hold ${bytes} bytes more (${usedBytes()} in use).`, {
    hint: "Use a smaller batch, fewer steps or a smaller network; close networks that are no longer needed.",
  });
}

function release(address: number, bytes: number): void {
  if (!used.delete(address)) return;
  gaps.push({ address: address - GUARD, bytes });
  gaps.sort((a, b) => a.address - b.address);
  const merged: typeof gaps = [];
  for (const gap of gaps) {
    const before = merged.at(-1);
    if (before && before.address + before.bytes === gap.address) before.bytes += gap.bytes;
    else merged.push({ ...gap });
  }
  const lastGap = merged.at(-1);
  if (lastGap && lastGap.address + lastGap.bytes === top) {
    top = lastGap.address;
    merged.pop();
  }
  gaps = merged;
}

const unreachable = new FinalizationRegistry<() => void>((free) => free());

/** `owner`, after whose end as garbage `free` is called, which must not refer to it: for who forgets to close. */
export function freeAfter<T extends object>(owner: T, free: () => void): T {
  unreachable.register(owner, free);
  return owner;
}
