import { type Chip, CORES } from "../chip.ts";
import { LINKS } from "../devices/router.ts";
import { allocate, makeHeap } from "./heap.ts";
import {
  APP_DATA_BYTES,
  IOBUF_BYTES,
  MESSAGE_BUFFERS,
  MESSAGE_BYTES,
  ROUTER_ENTRY_BYTES,
  SCAMP_VERSION,
  SDRAM,
  SDRAM_SYSTEM,
  SDRAM_USER,
  STATE,
  SYSRAM_USER,
  SYSTEM_HEAP,
  SYSTEM_TOP,
  TAG_TABLE_WORDS,
  VCPUS,
  sv,
  vcpu,
  vcpuOf,
} from "./layout.ts";
import { initialiseTable } from "./router-table.ts";

/** What all chips of a board have in common when it is booted. */
export interface BootFacts {
  readonly version: number;
  readonly width: number;
  readonly height: number;
  readonly chips: number;
  /** Of the chip at (0, 0), which has the Ethernet. */
  readonly ip: readonly [number, number, number, number];
  /** Seconds since 1970. */
  readonly time: number;
}

const SYSRAM_HEAP = SYSRAM_USER + 1024 * 4;

/** A chip as SCAMP leaves it when it has booted: system variables, heaps, tables, idle cores. */
export function bootChip(chip: Chip, facts: BootFacts): void {
  chip.bytes(VCPUS, 0x1000).fill(0);
  variables(chip, facts);
  chip.set(sv.sysramHeap, makeHeap(chip, SYSRAM_HEAP, VCPUS));
  chip.set(sv.sdramHeap, makeHeap(chip, SDRAM_USER, SDRAM_SYSTEM));
  chip.set(sv.systemHeap, makeHeap(chip, SYSTEM_HEAP, SYSTEM_TOP));
  messageBuffers(chip);
  const table = (bytes: number): number => allocate(chip, chip.get(sv.systemHeap), bytes, 0);
  chip.set(sv.hopTable, table(65536 * 4));
  chip.set(sv.routerCopy, table(1025 * ROUTER_ENTRY_BYTES));
  chip.set(sv.tagTable, table(TAG_TABLE_WORDS * 4));
  chip.set(sv.appData, table(256 * APP_DATA_BYTES));
  chip.bytes(chip.get(sv.tagTable), TAG_TABLE_WORDS * 4).fill(0);
  chip.bytes(chip.get(sv.appData), 256 * APP_DATA_BYTES).fill(0);
  chip.bytes(chip.get(sv.routerCopy), 1025 * ROUTER_ENTRY_BYTES).fill(0);
  initialiseTable(chip);
  for (let core = 1; core < CORES; core++) idle(chip, core);
  monitorBlock(chip, facts.time);
}

/** A core's block as SARK leaves it where no application runs: its user words are kept. */
export function idle(chip: Chip, core: number, state: number = STATE.idle): void {
  const block = vcpuOf(core);
  chip.bytes(block, vcpu.user0).fill(0);
  chip.setByte(block + vcpu.state, state);
  chip.setByte(block + vcpu.physical, core);
  chip.set(block + vcpu.softwareVersion, SCAMP_VERSION);
  name(chip, block, "sark");
}

function monitorBlock(chip: Chip, time: number): void {
  const block = vcpuOf(0);
  chip.setByte(block + vcpu.state, STATE.running);
  chip.set(block + vcpu.softwareVersion, SCAMP_VERSION);
  chip.set(block + vcpu.time, time);
  name(chip, block, "scamp-3");
}

function name(chip: Chip, block: number, text: string): void {
  chip.bytes(block + vcpu.name, 16).fill(0);
  chip.bytes(block + vcpu.name, text.length).set(new TextEncoder().encode(text));
}

function variables(chip: Chip, facts: BootFacts): void {
  const ethernet = chip.x === 0 && chip.y === 0;
  chip.setHalf(sv.p2pAddress, chip.address);
  chip.setHalf(sv.p2pDimensions, (facts.width << 8) | facts.height);
  chip.setByte(sv.p2pUp, 1);
  chip.setByte(sv.hardwareVersion, facts.version);
  chip.setByte(sv.ethernetUp, Number(ethernet));
  chip.set(sv.unixTime, facts.time);
  chip.setHalf(sv.cpuClock, 200);
  chip.setHalf(sv.memoryClock, 130);
  chip.setByte(sv.netinitPhase, 0xff);
  chip.set(sv.led0, facts.version === 3 ? 0x502 : 1);
  chip.setByte(sv.rootChip, Number(ethernet));
  chip.setByte(sv.buffers, MESSAGE_BUFFERS);
  chip.set(sv.iobufSize, IOBUF_BYTES);
  chip.set(sv.sdramBuffers, SDRAM);
  chip.set(sv.systemBufferWords, 32768);
  let links = 0;
  for (let link = 0; link < LINKS; link++) if (chip.neighbours[link]) links |= 1 << link;
  chip.setByte(sv.links, links);
  for (let core = 0; core < 20; core++) {
    chip.setByte(sv.physicalToVirtual + core, core < CORES ? core : 255);
    chip.setByte(sv.virtualToPhysical + core, core < CORES ? core : 255);
  }
  chip.setByte(sv.cores, CORES);
  chip.setByte(sv.romCores, CORES);
  chip.set(sv.sdramBase, SDRAM_USER);
  chip.set(sv.sysramBase, SYSRAM_USER);
  chip.set(sv.sdramSystem, SDRAM_SYSTEM);
  chip.set(sv.vcpus, VCPUS);
  chip.setHalf(sv.p2pActive, facts.chips);
  if (ethernet) chip.bytes(sv.ipAddress, 4).set(facts.ip);
  chip.set(sv.softwareVersion, SCAMP_VERSION);
}

/** Seven buffers for messages between monitor and cores, as a chain of free ones. */
function messageBuffers(chip: Chip): void {
  const first = allocate(chip, chip.get(sv.sysramHeap), MESSAGE_BUFFERS * MESSAGE_BYTES, 0);
  chip.set(sv.messageBuffers, first);
  chip.set(sv.messageRoot, first);
  for (let i = 0; i < MESSAGE_BUFFERS; i++)
    chip.set(first + i * MESSAGE_BYTES, i + 1 < MESSAGE_BUFFERS ? first + (i + 1) * MESSAGE_BYTES : 0);
  chip.setHalf(sv.messageCount, 0);
  chip.setHalf(sv.messageMost, 0);
}
