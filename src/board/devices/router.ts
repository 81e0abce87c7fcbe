import { Unmodelled } from "../problems.ts";
import { type Packet, hasPayload, typeOf } from "./comms.ts";

export const LINKS = 6;
export const TABLE_ENTRIES = 1024;
const P2P_WORDS = 8192;
/** No entry: a route that no packet takes. */
const UNUSED = 0xff000000 | 0;
const COUNTERS = 16;
/** Of a P2P table: three bits per chip; 6 says that there is none. */
export const P2P_NONE = 6;
export const P2P_SELF = 7;

/** What SCAMP writes into the filters: local and non-local packets by type (0 to 7), then dumped ones by type (8 to 11). */
const FILTERS = [
  0x01fe7cf1, 0x01febcf1, 0x01fe7cf2, 0x01febcf2, 0x01fe7cf4, 0x01febcf4, 0x01fe7cf8, 0x01febcf8, 0x0001fcf1,
  0x0001fcf2, 0x0001fcf4, 0x0001fcf8, 0, 0, 0, 0,
];

/** What became of a packet at one router. */
export interface Passage {
  readonly packet: Packet;
  /** From one of the chip's own cores. */
  readonly local: boolean;
  /** No entry matched. */
  readonly byDefault: boolean;
  /** Where it went: links in bits 5:0, cores above. 0: dumped. */
  readonly route: number;
}

/**
 * Router of a chip (datasheet, section 10): multicast table with default routing, fixed route, point-to-point table, diagnostic
 * counters. Packets never wait and are never dropped for lack of room; emergency routing does not happen.
 */
export class Router {
  private readonly routes = new Int32Array(TABLE_ENTRIES).fill(UNUSED);
  private readonly keys = new Int32Array(TABLE_ENTRIES).fill(-1);
  private readonly masks = new Int32Array(TABLE_ENTRIES);
  /** One above the last entry in use. */
  private used = 0;
  private readonly found = new Map<number, number>();
  private readonly p2p = new Int32Array(P2P_WORDS);
  private readonly filters = Int32Array.from(FILTERS);
  private readonly counters = new Float64Array(COUNTERS);
  private control = 0x00400001;
  private counting = 0xffff;
  fixedRoute = 0;
  /** Packets that found no way out: by the reason, for the board's report. */
  dumped = 0;

  constructor() {
    let entries = 0;
    for (let i = 0; i < 8; i++) entries |= P2P_NONE << (3 * i);
    this.p2p.fill(entries);
  }

  /** The route of a multicast key, null where no entry matches. */
  lookup(key: number): number | null {
    const known = this.found.get(key);
    if (known !== undefined) return known < 0 ? null : known;
    let route = -1;
    for (let i = 0; i < this.used && route < 0; i++)
      if (this.routes[i] !== UNUSED && (key & this.masks[i]) === this.keys[i]) route = this.routes[i] & 0xffffff;
    this.found.set(key, route);
    return route < 0 ? null : route;
  }

  setEntry(entry: number, route: number, key: number, mask: number): void {
    this.routes[entry] = route;
    this.keys[entry] = key;
    this.masks[entry] = mask;
    this.changed(entry);
  }

  clearEntries(start: number, count: number): void {
    this.routes.fill(UNUSED, start, start + count);
    this.keys.fill(-1, start, start + count);
    this.masks.fill(0, start, start + count);
    this.changed(start);
  }

  setP2p(address: number, link: number): void {
    const shift = 3 * (address & 7);
    this.p2p[address >> 3] = (this.p2p[address >> 3] & ~(7 << shift)) | (link << shift);
  }

  getP2p(address: number): number {
    return (this.p2p[address >> 3] >> (3 * (address & 7))) & 7;
  }

  /** Counts a packet that went through, or was dumped (route 0). */
  count({ packet, local, byDefault, route }: Passage): void {
    if (route === 0) this.dumped++;
    const type = 1 << typeOf(packet);
    const status = (byDefault ? 0x400 : 0x800) | (hasPayload(packet) ? 0x1000 : 0x2000) | (local ? 0x4000 : 0x8000);
    const destination =
      route === 0 ? 1 : ((route & 0x3f) << 3) | ((route & 0x40) !== 0 ? 4 : 0) | (route >>> 7 !== 0 ? 2 : 0);
    for (let i = 0; i < COUNTERS; i++) {
      const filter = this.filters[i];
      // Emergency routing is "normal" (bit 4) for every packet.
      const matches =
        (filter & type) !== 0 &&
        (filter & 0x10) !== 0 &&
        (filter & status) === status &&
        ((filter >>> 16) & destination) !== 0;
      if (matches && (this.counting >> i) & 1) this.counters[i]++;
    }
  }

  read(offset: number): number {
    if (offset >= 0x10000 && offset < 0x10000 + 4 * P2P_WORDS) return this.p2p[(offset - 0x10000) >> 2];
    if (offset >= 0x4000 && offset < 0x5000) return this.routes[(offset - 0x4000) >> 2];
    if (offset >= 0x8000 && offset < 0x9000) return this.keys[(offset - 0x8000) >> 2];
    if (offset >= 0xc000 && offset < 0xd000) return this.masks[(offset - 0xc000) >> 2];
    if (offset >= 0x200 && offset < 0x240) return this.filters[(offset - 0x200) >> 2];
    if (offset >= 0x300 && offset < 0x340) return this.counters[(offset - 0x300) >> 2];
    if (offset === 0x00) return this.control;
    // Status, errors and dumped packets: nothing ever waits, fails or is kept.
    if (offset >= 0x04 && offset <= 0x28) return 0;
    if (offset === 0x2c) return this.counting;
    if (offset === 0x84) return this.fixedRoute;
    throw new Unmodelled(`register 0x${offset.toString(16)} of the router`);
  }

  write(offset: number, value: number): void {
    if (offset >= 0x10000 && offset < 0x10000 + 4 * P2P_WORDS) this.p2p[(offset - 0x10000) >> 2] = value;
    else if (offset >= 0x4000 && offset < 0x5000) this.table(this.routes, offset - 0x4000, value);
    else if (offset >= 0x8000 && offset < 0x9000) this.table(this.keys, offset - 0x8000, value);
    else if (offset >= 0xc000 && offset < 0xd000) this.table(this.masks, offset - 0xc000, value);
    else if (offset >= 0x200 && offset < 0x240) this.filters[(offset - 0x200) >> 2] = value;
    else if (offset >= 0x300 && offset < 0x340) this.counters[(offset - 0x300) >> 2] = value >>> 0;
    else if (offset === 0x00) this.control = value;
    else if (offset === 0x2c) this.enableCounters(value);
    else if (offset === 0x84) this.fixedRoute = value & 0xffffff;
    else if (offset !== 0x14 && offset !== 0x28)
      throw new Unmodelled(`register 0x${offset.toString(16)} of the router`);
  }

  private table(words: Int32Array, offset: number, value: number): void {
    words[offset >> 2] = value;
    this.changed(offset >> 2);
  }

  private changed(entry: number): void {
    this.found.clear();
    if (entry >= this.used) this.used = entry + 1;
    while (this.used > 0 && this.routes[this.used - 1] === UNUSED) this.used--;
  }

  /** Bits 31:16 clear counters, bits 15:0 say which count. */
  private enableCounters(value: number): void {
    for (let i = 0; i < COUNTERS; i++) if ((value >>> (16 + i)) & 1) this.counters[i] = 0;
    this.counting = value & 0xffff;
  }
}
