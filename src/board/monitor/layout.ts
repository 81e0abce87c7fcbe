/**
 * Where SCAMP keeps what cores and host read: addresses and offsets of its structures. Facts of `sark.struct` and `sark.h`
 * (spinnaker_tools 4.0.0).
 */

/** System variables of a chip, at the end of SysRAM. */
export const SV = 0xe5007f00;
export const SYSRAM_USER = 0xe5000100;
export const VCPUS = 0xe5007000;
export const VCPU_BYTES = 128;
export const SDRAM = 0x60000000;
/** Eighteen system buffers of 128 KB lie below the user's SDRAM. */
export const SDRAM_USER = 0x60240000;
/** The image that is to be run; behind it SCAMP's own heap. */
export const SDRAM_SYSTEM = 0x67800000;
export const SYSTEM_HEAP = SDRAM_SYSTEM + 0x40000;
export const SYSTEM_TOP = 0x68000000;

export const SCAMP_VERSION = 0x00040000;
export const IOBUF_BYTES = 16384;
export const MESSAGE_BYTES = 292;
export const MESSAGE_BUFFERS = 7;
export const TAG_TABLE_WORDS = 65536;
export const APP_DATA_BYTES = 8;
export const ROUTER_ENTRY_BYTES = 16;

/** Offsets within the system variables. */
export const sv = {
  p2pAddress: SV + 0x00,
  p2pDimensions: SV + 0x02,
  debugAddress: SV + 0x04,
  p2pUp: SV + 0x06,
  ethernetAddress: SV + 0x08,
  hardwareVersion: SV + 0x0a,
  ethernetUp: SV + 0x0b,
  clockMs: SV + 0x10,
  timeMs: SV + 0x18,
  unixTime: SV + 0x1c,
  cpuClock: SV + 0x24,
  memoryClock: SV + 0x26,
  netinitPhase: SV + 0x2d,
  root: SV + 0x2e,
  led0: SV + 0x30,
  rootChip: SV + 0x40,
  buffers: SV + 0x41,
  sysramHeap: SV + 0x48,
  sdramHeap: SV + 0x4c,
  iobufSize: SV + 0x50,
  sdramBuffers: SV + 0x54,
  systemBufferWords: SV + 0x58,
  links: SV + 0x65,
  messageRoot: SV + 0x68,
  messageCount: SV + 0x6c,
  messageMost: SV + 0x6e,
  statusMap: SV + 0x80,
  physicalToVirtual: SV + 0x94,
  virtualToPhysical: SV + 0xa8,
  cores: SV + 0xbc,
  romCores: SV + 0xbd,
  sdramBase: SV + 0xc0,
  sysramBase: SV + 0xc4,
  sdramSystem: SV + 0xc8,
  vcpus: SV + 0xcc,
  systemHeap: SV + 0xd0,
  routerCopy: SV + 0xd4,
  hopTable: SV + 0xd8,
  tagTable: SV + 0xdc,
  routerFree: SV + 0xe0,
  p2pActive: SV + 0xe2,
  appData: SV + 0xe4,
  messageBuffers: SV + 0xe8,
  mailboxFlags: SV + 0xec,
  ipAddress: SV + 0xf0,
  fixedRouteCopy: SV + 0xf4,
  softwareVersion: SV + 0xfc,
} as const;

/** Offsets within a core's block. */
export const vcpu = {
  registers: 0x00,
  psr: 0x20,
  sp: 0x24,
  lr: 0x28,
  rteCode: 0x2c,
  physical: 0x2d,
  state: 0x2e,
  appId: 0x2f,
  toCoreMessage: 0x30,
  fromCoreMessage: 0x34,
  toCoreCommand: 0x38,
  fromCoreCommand: 0x39,
  time: 0x44,
  name: 0x48,
  iobuf: 0x58,
  softwareVersion: 0x5c,
  user0: 0x70,
} as const;

/** Where a core's block begins. */
export const vcpuOf = (core: number): number => VCPUS + core * VCPU_BYTES;

/** What a core is doing, by its number in `cpu_state`; the words are SpiNNMan's. "ready": it has run, or waits for its start. */
export const STATES = [
  "dead",
  "powered down",
  "run time error",
  "watchdog",
  "initialising",
  "ready",
  "c_main",
  "running",
  "sync 0",
  "sync 1",
  "paused",
  "finished",
  "12",
  "13",
  "14",
  "idle",
] as const;

export const STATE = { error: 2, initialising: 4, running: 7, idle: 15, poweredDown: 1 } as const;

/** Commands in the mailboxes between monitor and cores. */
export const MAIL = { idle: 0, message: 1, signal: 3 } as const;
/** Locks of the system controller. */
export const LOCK = { messages: 0, mailbox: 1, heap: 6, router: 7 } as const;
