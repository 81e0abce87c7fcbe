import { type Chip, CORES } from "../chip.ts";
import { type Machine } from "../machine.ts";
import { Unmodelled } from "../problems.ts";
import { loadAplx } from "./aplx.ts";
import { idle } from "./boot.ts";
import { ownedBy, release } from "./heap.ts";
import { APP_DATA_BYTES, MAIL, SDRAM_SYSTEM, STATE, sv, vcpu, vcpuOf } from "./layout.ts";
import { freeEntriesOf } from "./router-table.ts";

/** Signals by number, as hosts send them. */
export const SIGNALS = [
  "init",
  "power down",
  "stop",
  "start",
  "sync0",
  "sync1",
  "pause",
  "continue",
  "exit",
  "timer",
  "user 0",
  "user 1",
  "user 2",
  "user 3",
] as const;

const IMAGE_BYTES = 0x40000;

/** Offsets within an application's record. */
const app = { cores: 0, clean: 1, semaphore: 2, lead: 3, mask: 4 } as const;
const appAt = (chip: Chip, appId: number): number => chip.get(sv.appData) + appId * APP_DATA_BYTES;

/** The applications of a board: loading, signals, states. */
export class Applications {
  private readonly machine: Machine;
  private readonly stopping: (chip: Chip, core: number) => void;
  /** By chip: the app id of each core. */
  private readonly owners = new Map<Chip, Uint8Array>();

  /** `stopping` is called before what a core did is forgotten. */
  constructor(machine: Machine, stopping: (chip: Chip, core: number) => void) {
    this.machine = machine;
    this.stopping = stopping;
  }

  ownersOf(chip: Chip): Uint8Array {
    let owners = this.owners.get(chip);
    if (!owners) this.owners.set(chip, (owners = new Uint8Array(CORES)));
    return owners;
  }

  /** Runs the image at SDRAM_SYSTEM on cores: app id in bits 31:24, flags in bits 23:18 (18: wait for the start), cores below. */
  start(chip: Chip, idFlagsMask: number): void {
    const mask = idFlagsMask & 0x3ffff;
    if (mask === 0) return;
    const appId = idFlagsMask >>> 24;
    const flags = (idFlagsMask >>> 18) & 63;
    this.register(chip, appId, mask);
    const image = chip.bytes(SDRAM_SYSTEM, IMAGE_BYTES);
    chip.system.setFlags(mask, true);
    for (let core = 1; core < CORES; core++) {
      if (((mask >> core) & 1) === 0) continue;
      const entry = loadAplx(image, chip.memory.cores[core]);
      if (entry !== 0) throw new Unmodelled(`an APLX that begins at ${entry} instead of 0`);
      const block = vcpuOf(core);
      chip.setByte(block + vcpu.state, STATE.initialising);
      chip.setByte(block + vcpu.appId, appId);
      chip.set(block + vcpu.time, chip.get(sv.unixTime));
      chip.setByte(block + vcpu.toCoreCommand, MAIL.idle);
      chip.system.setInterrupts(1 << core, false);
      this.ownersOf(chip)[core] = appId;
      this.machine.start(chip.processors[core], (flags << 8) | appId, 0x07000000 | chip.address);
    }
  }

  /** A signal to every core on the board whose app id, masked, is the one given. */
  signal(data: number): void {
    const signal = (data >> 16) & 15;
    const [mask, appId] = [(data >> 8) & 255, data & 255];
    for (const chip of this.machine.chips) {
      const owners = this.ownersOf(chip);
      let cores = 0;
      for (let core = 1; core < CORES; core++) if ((owners[core] & mask) === appId) cores |= 1 << core;
      this.signalChip(chip, signal, cores, appId, mask);
    }
  }

  /** How many of a chip's cores run an application and are in a state. */
  count(chip: Chip, appId: number, state: number): number {
    const owners = this.ownersOf(chip);
    let count = 0;
    for (let core = 1; core < CORES; core++)
      if (owners[core] === appId && chip.getByte(vcpuOf(core) + vcpu.state) === state) count++;
    return count;
  }

  private register(chip: Chip, appId: number, mask: number): void {
    const record = appAt(chip, appId);
    if (chip.getByte(record + app.cores) === 0) {
      chip.setByte(record + app.clean, 0);
      chip.setByte(record + app.semaphore, 0);
      chip.set(record + app.mask, 0);
      chip.setByte(record + app.lead, 31 - Math.clz32(mask & -mask));
    }
    chip.setByte(record + app.cores, chip.getByte(record + app.cores) + bits(mask));
    chip.set(record + app.mask, chip.get(record + app.mask) | mask);
  }

  private signalChip(chip: Chip, signal: number, cores: number, appId: number, mask: number): void {
    switch (SIGNALS[signal]) {
      case "init":
        return this.stop(chip, cores, STATE.idle);
      case "power down":
        return this.stop(chip, cores, STATE.poweredDown);
      case "stop":
        this.stop(chip, cores, STATE.idle);
        for (let id = appId; id < 256 && (id & mask) === appId; id++) this.clean(chip, id);
        return;
      case "sync0":
      case "sync1":
        chip.system.setFlags(cores, SIGNALS[signal] === "sync1");
        return chip.system.setInterrupts(cores, true);
      case undefined:
        throw new Unmodelled(`signal ${signal}`);
      default:
        for (let core = 1; core < CORES; core++)
          if ((cores >> core) & 1) {
            chip.setByte(vcpuOf(core) + vcpu.toCoreCommand, MAIL.signal);
            chip.set(vcpuOf(core) + vcpu.toCoreMessage, signal);
          }
        return chip.system.setInterrupts(cores, true);
    }
  }

  private stop(chip: Chip, cores: number, state: number): void {
    const owners = this.ownersOf(chip);
    for (let core = 1; core < CORES; core++)
      if ((cores >> core) & 1) {
        if (owners[core] !== 0) this.stopping(chip, core);
        chip.processors[core].halt();
        owners[core] = 0;
        idle(chip, core, state);
      }
    chip.system.setInterrupts(cores & ~1, false);
    this.machine.liveChanged();
  }

  /** Gives back what an application had: memory with its tags, router entries. */
  private clean(chip: Chip, appId: number): void {
    const record = appAt(chip, appId);
    if (chip.getByte(record + app.clean) !== 0) return;
    for (const heap of [sv.sdramHeap, sv.sysramHeap, sv.systemHeap])
      if (appId !== 0)
        for (const pointer of ownedBy(chip, chip.get(heap), appId)) releaseTagged(chip, chip.get(heap), pointer);
    if (appId !== 0) freeEntriesOf(chip, appId, true);
    chip.setByte(record + app.cores, 0);
    chip.setByte(record + app.clean, 1);
  }
}

/** Frees a block, and the tag by which it was found. */
export function releaseTagged(chip: Chip, heap: number, pointer: number): void {
  const owner = release(chip, heap, pointer);
  if ((owner & 255) !== 0) chip.set(chip.get(sv.tagTable) + 4 * owner, 0);
}

/** An application's memory is not clean any more. */
export const soil = (chip: Chip, appId: number): void => chip.setByte(appAt(chip, appId) + app.clean, 0);

function bits(mask: number): number {
  let count = 0;
  for (let rest = mask; rest !== 0; rest &= rest - 1) count++;
  return count;
}
