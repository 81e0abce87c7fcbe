import { type Chip } from "../chip.ts";
import { TABLE_ENTRIES } from "../devices/router.ts";
import { ROUTER_ENTRY_BYTES, sv } from "./layout.ts";

/**
 * SCAMP's copy of a router's multicast table, in SDRAM, with its free entries chained as a heap's blocks are.
 *
 *   entry   next block (half), next free block or 0x8000 | owner (half), route, key, mask
 *
 * Entry 0 is SCAMP's own; entry 1024 ends the chain.
 */
const FIRST = 1;
const UNUSED = 0xff000000;

const entryAt = (chip: Chip, entry: number): number => chip.get(sv.routerCopy) + entry * ROUTER_ENTRY_BYTES;
const nextOf = (chip: Chip, entry: number): number => chip.getHalf(entryAt(chip, entry));
const linkOf = (chip: Chip, entry: number): number => chip.getHalf(entryAt(chip, entry) + 2);
const setNext = (chip: Chip, entry: number, value: number): void => chip.setHalf(entryAt(chip, entry), value);
const setLink = (chip: Chip, entry: number, value: number): void => chip.setHalf(entryAt(chip, entry) + 2, value);

/** All entries free, all packets by default. */
export function initialiseTable(chip: Chip): void {
  clearEntries(chip, FIRST, TABLE_ENTRIES - FIRST);
  chip.setHalf(sv.routerFree, FIRST);
  setNext(chip, FIRST, TABLE_ENTRIES);
  setLink(chip, FIRST, 0);
  setNext(chip, TABLE_ENTRIES, 0);
  setLink(chip, TABLE_ENTRIES, 0);
  chip.set(entryAt(chip, TABLE_ENTRIES) + 4, UNUSED);
}

/** False: there are no such entries. */
export function clearEntries(chip: Chip, start: number, count: number): boolean {
  if (start + count > TABLE_ENTRIES) return false;
  const bytes = chip.bytes(entryAt(chip, start), count * ROUTER_ENTRY_BYTES);
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2);
  // The first word of an entry is its place in the chain of blocks: that stays.
  for (let i = 0; i < words.length; i += 4) {
    words[i + 1] = UNUSED;
    words[i + 2] = 0xffffffff;
    words[i + 3] = 0;
  }
  chip.router.clearEntries(start, count);
  return true;
}

/** Loads `count` entries from a table in SDRAM: (entry to load, count where that is 0), route, key, mask. */
export function loadEntries(chip: Chip, table: number, count: number, offset: number, appId: number): boolean {
  const entries = count === 0 ? chip.getHalf(table + 2) : count;
  if (entries > TABLE_ENTRIES) return false;
  for (let i = 0; i < entries; i++) {
    const from = table + i * ROUTER_ENTRY_BYTES;
    const entry = chip.getHalf(from) + offset;
    if (entry >= TABLE_ENTRIES) return false;
    const [route, key, mask] = [chip.get(from + 4), chip.get(from + 8), chip.get(from + 12)];
    const at = entryAt(chip, entry);
    setLink(chip, entry, 0x8000 | (appId !== 0 ? appId : route >>> 24));
    chip.set(at + 4, route & 0xffffff);
    chip.set(at + 8, key);
    chip.set(at + 12, mask);
    chip.router.setEntry(entry, route & 0xffffff, key | 0, mask | 0);
  }
  return true;
}

/** The first of `count` free entries in a row; 0: there are none. */
export function allocateEntries(chip: Chip, count: number, appId: number): number {
  if (count === 0) return 0;
  let before = 0;
  for (let entry = chip.getHalf(sv.routerFree); entry !== 0; entry = linkOf(chip, entry)) {
    const next = nextOf(chip, entry);
    const end = entry + count;
    if (end > next) {
      before = entry;
      continue;
    }
    if (end < next) {
      setNext(chip, end, next);
      setNext(chip, entry, end);
      setLink(chip, end, linkOf(chip, entry));
      setLink(chip, entry, end);
    }
    if (before === 0) chip.setHalf(sv.routerFree, linkOf(chip, entry));
    else setLink(chip, before, linkOf(chip, entry));
    setLink(chip, entry, 0x8000 | appId);
    return entry;
  }
  return 0;
}

export function freeEntries(chip: Chip, entry: number, clear: boolean): void {
  if (entry < FIRST || entry >= TABLE_ENTRIES) return;
  if (clear) clearEntries(chip, entry, nextOf(chip, entry) - entry);
  let before = 0;
  let after = chip.getHalf(sv.routerFree);
  while (after !== 0 && after < entry) {
    before = after;
    after = linkOf(chip, after);
  }
  setLink(chip, entry, after);
  if (before === 0) chip.setHalf(sv.routerFree, entry);
  else setLink(chip, before, entry);
  if (after !== 0 && nextOf(chip, entry) === after) {
    setNext(chip, entry, nextOf(chip, after));
    setLink(chip, entry, linkOf(chip, after));
  }
  if (before !== 0 && nextOf(chip, before) === entry) {
    setNext(chip, before, nextOf(chip, entry));
    setLink(chip, before, linkOf(chip, entry));
  }
}

/** How many blocks of entries an application had. */
export function freeEntriesOf(chip: Chip, appId: number, clear: boolean): number {
  let count = 0;
  for (let entry = FIRST; nextOf(chip, entry) !== 0; entry = nextOf(chip, entry))
    // Bits 12:8 say which core loaded an entry: not whose it is.
    if ((linkOf(chip, entry) & 0xe0ff) === (0x8000 | appId)) {
      freeEntries(chip, entry, clear);
      count++;
    }
  return count;
}

/** Entries of the largest free block. */
export function mostFreeEntries(chip: Chip): number {
  let most = 0;
  for (let entry = chip.getHalf(sv.routerFree); entry !== 0; entry = linkOf(chip, entry))
    if (nextOf(chip, entry) !== 0) most = Math.max(most, nextOf(chip, entry) - entry);
  return most;
}
