import { type Chip, CORES } from "../chip.ts";
import { LINKS } from "../devices/router.ts";
import { Unmodelled } from "../problems.ts";
import { type Applications, releaseTagged, soil } from "./applications.ts";
import { allocate, freeBytes, largestFree, ownedBy, sizeOf } from "./heap.ts";
import { SDRAM_SYSTEM, sv, vcpu, vcpuOf } from "./layout.ts";
import {
  allocateEntries,
  clearEntries,
  freeEntries,
  freeEntriesOf,
  initialiseTable,
  loadEntries,
  mostFreeEntries,
} from "./router-table.ts";
import { type Command, RESULT, words } from "./sdp.ts";
import { type Endpoint, TAGS, type Tags, ipOf } from "./tags.ts";

const NOTHING = new Uint8Array(0);
const MOST_BYTES = 256;

/** What commands work on besides the chip that they were sent to. */
export interface Context {
  readonly applications: Applications;
  readonly tags: Tags;
  readonly chips: readonly Chip[];
  /** Something is used up; the host is told as SCAMP tells it. */
  readonly exhausted: (chip: Chip, message: string, hint: string) => void;
  /** Waits until no core holds a lock. */
  readonly whenFree: (chip: Chip, what: "heap" | "router") => void;
}

/** Refused, with SCP's result. */
export class Refused extends Error {
  readonly result: number;
  readonly payload: Uint8Array;

  constructor(result: number, payload: Uint8Array = NOTHING) {
    super(`result ${result}`);
    this.result = result;
    this.payload = payload;
  }
}

type Handler = (chip: Chip, command: Command, context: Context, sender: Endpoint | null) => Uint8Array;

/** SCP's commands by number: the monitor's, as SpiNNMan asks for them. Their names are those of `sark.h`. */
export const COMMANDS: Readonly<Record<number, { readonly name: string; readonly run: Handler }>> = {
  0: { name: "VER", run: version },
  2: { name: "READ", run: read },
  3: { name: "WRITE", run: write },
  5: { name: "FILL", run: fill },
  15: { name: "COUNT", run: count },
  17: { name: "LINK_READ", run: linkRead },
  18: { name: "LINK_WRITE", run: linkWrite },
  19: { name: "AR", run: applicationRun },
  20: { name: "NNP", run: flood },
  21: { name: "APP_COPY_RUN", run: copyAndRun },
  22: { name: "SIG", run: signal },
  25: { name: "LED", run: nothing },
  26: { name: "IPTAG", run: ipTag },
  28: { name: "ALLOC", run: allocation },
  29: { name: "RTR", run: routing },
  31: { name: "INFO", run: info },
  32: { name: "SYNC", run: nothing },
};

/** Commands that a board has and this one does not, by name. */
export const UNKNOWN_COMMANDS: Readonly<Record<number, string>> = {
  1: "RUN",
  4: "APLX",
  16: "REMAP (takes a core out of use)",
  23: "FFD (flood fill)",
  24: "AS",
  27: "SROM (the board's serial ROM)",
  48: "BMP_INFO (needs a board management processor)",
  57: "BMP_POWER (needs a board management processor: leave bmp_names out of the configuration)",
};

function version(chip: Chip): Uint8Array {
  const text = new TextEncoder().encode("SC&MP/SpiNNaker\u00004.0.0\u0000");
  const bytes = new Uint8Array(12 + text.length);
  bytes.set(words((chip.address << 16) >>> 0, 0xffff0000 + MOST_BYTES, chip.get(sv.unixTime)));
  bytes.set(text, 12);
  return bytes;
}

function read(chip: Chip, { arguments: [address, length] }: Command): Uint8Array {
  if (length > MOST_BYTES) throw new Refused(RESULT.argument);
  return chip.read(address, length).slice();
}

function write(chip: Chip, { arguments: [address, length], data }: Command): Uint8Array {
  if (length > MOST_BYTES || length > data.length) throw new Refused(RESULT.argument);
  chip.write(address, data.subarray(0, length));
  return NOTHING;
}

function fill(chip: Chip, { arguments: [address, value, bytes] }: Command): Uint8Array {
  if (address % 4 !== 0 || bytes % 4 !== 0) throw new Refused(RESULT.argument);
  const target = chip.bytes(address, bytes);
  new Uint32Array(target.buffer, target.byteOffset, bytes >> 2).fill(value);
  return NOTHING;
}

function count(chip: Chip, { arguments: [appId, state] }: Command, { applications, chips }: Context): Uint8Array {
  return words(chips.reduce((sum, other) => sum + applications.count(other, appId, state), 0));
}

function behind(chip: Chip, link: number): Chip {
  if (link >= LINKS) throw new Refused(RESULT.argument);
  const neighbour = chip.neighbours[link];
  if (!neighbour) throw new Refused(RESULT.timeout);
  return neighbour;
}

function linkRead(chip: Chip, { arguments: [address, length, link] }: Command): Uint8Array {
  if (length > MOST_BYTES) throw new Refused(RESULT.argument);
  return behind(chip, link).read(address, length).slice();
}

function linkWrite(chip: Chip, { arguments: [address, length, link], data }: Command): Uint8Array {
  if (length > MOST_BYTES || length > data.length) throw new Refused(RESULT.argument);
  behind(chip, link).write(address, data.subarray(0, length));
  return NOTHING;
}

function applicationRun(chip: Chip, { arguments: [target] }: Command, { applications }: Context): Uint8Array {
  if (target & 1) throw new Refused(RESULT.argument);
  applications.start(chip, target);
  return NOTHING;
}

function copyAndRun(
  chip: Chip,
  { arguments: [linkAndSum, bytes, target] }: Command,
  { applications }: Context,
): Uint8Array {
  if (target & 1 || bytes % 4 !== 0) throw new Refused(RESULT.argument);
  const image = behind(chip, linkAndSum & 7).bytes(SDRAM_SYSTEM, bytes);
  let sum = 0;
  for (const word of new Uint32Array(image.buffer, image.byteOffset, bytes >> 2)) sum = (sum + word) >>> 0;
  const expected = linkAndSum >>> 3;
  if (expected !== 0 && (sum & 0x1fffffff) !== expected) throw new Refused(RESULT.sum, words(sum));
  chip.bytes(SDRAM_SYSTEM, bytes).set(image);
  applications.start(chip, target);
  return NOTHING;
}

/** A nearest-neighbour packet to all chips: of those, only signals are known. */
function flood(_: Chip, { arguments: [key, data] }: Command, { applications }: Context): Uint8Array {
  if (key >>> 24 !== 0 || data >>> 28 !== 5) throw new Unmodelled(`a nearest-neighbour packet 0x${key.toString(16)}`);
  applications.signal(data & 0xfffffff);
  return NOTHING;
}

const MULTICAST = 0;
const NEAREST_NEIGHBOUR = 2;

function signal(_: Chip, { arguments: [type, data] }: Command, { applications }: Context): Uint8Array {
  if (type !== MULTICAST && type !== NEAREST_NEIGHBOUR) throw new Refused(RESULT.argument);
  applications.signal(data);
  return NOTHING;
}

/** LEDs and time beacons: there is nothing to be seen, and one clock. */
function nothing(): Uint8Array {
  return NOTHING;
}

function ipTag(_: Chip, command: Command, { tags }: Context, sender: Endpoint | null): Uint8Array {
  const [first, second, third] = command.arguments;
  const number = first & 255;
  if (number >= TAGS) throw new Refused(RESULT.argument);
  switch ((first >> 16) & 255) {
    case 1: {
      const [strip, reverse, useSender] = [28, 29, 30].map((bit) => ((first >>> bit) & 1) === 1);
      const given = [0, 8, 16, 24].map((shift) => (third >>> shift) & 255) as [number, number, number, number];
      tags.set(number, {
        ip: third === 0 || useSender ? ipOf(sender?.address ?? "0.0.0.0") : given,
        port: reverse ? 0 : useSender ? (sender?.port ?? 0) : second & 0xffff,
        strip,
        reverse: reverse
          ? { port: second & 0xffff, destination: second >>> 16, destinationPort: (first >> 8) & 255 }
          : null,
        count: 0,
      });
      return words(number);
    }
    case 2:
      return tags.record(number).slice(0, Math.min(32, second * 32));
    case 3:
      tags.clear(number);
      return NOTHING;
    case 4:
      return words(tags.limits(second));
    default:
      throw new Unmodelled(`IP tag command ${(first >> 16) & 255}`);
  }
}

/** Whether a tag is known, and by which address. */
function tagged(chip: Chip, owner: number): number {
  return chip.get(chip.get(sv.tagTable) + 4 * owner);
}

/** SDRAM with a tag: what has it already, if it is as large and the host asks again. 0: not to be had. */
function allocateSdram(chip: Chip, bytes: number, owner: number, again: boolean): number {
  const heap = chip.get(sv.sdramHeap);
  const known = (owner & 255) !== 0 ? tagged(chip, owner) : 0;
  if (known !== 0) return again && sizeOf(chip, known) === bytes ? known : 0;
  const pointer = allocate(chip, heap, bytes, owner);
  if (pointer !== 0 && (owner & 255) !== 0) chip.set(chip.get(sv.tagTable) + 4 * owner, pointer);
  return pointer;
}

function routerEntries(chip: Chip, count: number, appId: number, exhausted: Context["exhausted"]): number {
  const first = allocateEntries(chip, count, appId);
  if (first === 0)
    exhausted(
      chip,
      `${count} router entries in a row: at most ${mostFreeEntries(chip)} are free`,
      "[Mapping] info_allocator = GlobalZonedRoutingInfoAllocator makes tables that compress better; or fewer populations.",
    );
  return first;
}

const AGAIN = 4;

function allocation(chip: Chip, { arguments: [first, second, third] }: Command, context: Context): Uint8Array {
  const { whenFree, exhausted } = context;
  const appId = (first >> 8) & 255;
  const heap = chip.get(sv.sdramHeap);
  whenFree(chip, (first & 255) >= 3 && (first & 255) <= 5 ? "router" : "heap");
  switch (first & 255) {
    case 0: {
      if (third > 255) throw new Refused(RESULT.argument);
      soil(chip, appId);
      const pointer = allocateSdram(chip, second, (appId << 8) | third, ((first >> 16) & AGAIN) !== 0);
      if (pointer === 0)
        exhausted(
          chip,
          `${second} bytes of SDRAM: the largest free block has ${largestFree(chip, heap)}`,
          "Record less, or run in shorter pieces ([Buffers] minimum_auto_time_steps); fewer synapses per chip.",
        );
      return words(pointer);
    }
    case 1:
      releaseTagged(chip, heap, second);
      return NOTHING;
    case 2: {
      const pointers = ownedBy(chip, heap, appId);
      for (const pointer of pointers) releaseTagged(chip, heap, pointer);
      return words(pointers.length);
    }
    case 3:
      soil(chip, appId);
      return words(routerEntries(chip, second, appId, exhausted));
    case 4:
      freeEntries(chip, second, third !== 0);
      return NOTHING;
    case 5:
      return words(freeEntriesOf(chip, appId, second !== 0));
    case 6:
      return words(freeBytes(chip, heap), largestFree(chip, heap));
    case 7:
      return words(tagged(chip, (appId << 8) | (second & 255)));
    default:
      throw new Refused(RESULT.argument);
  }
}

function routing(chip: Chip, { arguments: [first, second, third] }: Command): Uint8Array {
  const [count, appId] = [first >>> 16, (first >> 8) & 255];
  switch (first & 255) {
    case 0:
      initialiseTable(chip);
      return NOTHING;
    case 1:
      if (!clearEntries(chip, second, count)) throw new Refused(RESULT.argument);
      return NOTHING;
    case 2:
      if (!loadEntries(chip, second, count, third, appId)) throw new Refused(RESULT.argument);
      return NOTHING;
    case 3:
      if (second >>> 31 === 1) return words(chip.get(sv.fixedRouteCopy));
      chip.set(sv.fixedRouteCopy, second & 0xffffff);
      chip.router.fixedRoute = second & 0xffffff;
      return NOTHING;
    default:
      throw new Refused(RESULT.argument);
  }
}

/** Cores and links that work, what is free, what each core is doing, and where the Ethernet is. */
function info(chip: Chip, _: Command, { whenFree }: Context): Uint8Array {
  whenFree(chip, "heap");
  const bytes = new Uint8Array(12 + 18 + 2 + 4 + 2);
  const flags =
    CORES | (chip.getByte(sv.links) << 8) | (mostFreeEntries(chip) << 14) | (chip.getByte(sv.ethernetUp) << 25);
  bytes.set(words(flags, largestFree(chip, chip.get(sv.sdramHeap)), largestFree(chip, chip.get(sv.sysramHeap))));
  for (let core = 0; core < CORES; core++) bytes[12 + core] = chip.getByte(vcpuOf(core) + vcpu.state);
  bytes.set([chip.getByte(sv.ethernetAddress), chip.getByte(sv.ethernetAddress + 1)], 30);
  bytes.set(chip.bytes(sv.ipAddress, 4), 32);
  bytes[36] = chip.router.getP2p(0);
  return bytes;
}
