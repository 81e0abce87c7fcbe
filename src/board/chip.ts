import { type CoreOptions } from "./cpu/core.ts";
import { ChipMemory, SDRAM_BYTES, SYSRAM_BYTES, type View } from "./cpu/memory.ts";
import { type Fault } from "./cpu/types.ts";
import { type Packet } from "./devices/comms.ts";
import { Router } from "./devices/router.ts";
import { SystemController } from "./devices/system-controller.ts";
import { Processor } from "./processor.ts";
import { Unmodelled, hex } from "./problems.ts";

export const CORES = 18;

export interface ChipEvents {
  readonly send: (chip: Chip, packet: Packet, core: number, at: number) => void;
  readonly failed: (chip: Chip, core: number, error: Unmodelled, pc: number) => void;
  readonly faulted: (chip: Chip, core: number, fault: Fault) => void;
  /** A core raised the monitor's line. */
  readonly called: (chip: Chip) => void;
}

/** A chip: memories, router, system controller, seventeen application cores. Core 0 is the monitor, which is a model. */
export class Chip {
  readonly x: number;
  readonly y: number;
  readonly memory = new ChipMemory(CORES);
  readonly router = new Router();
  readonly system: SystemController;
  /** By core, from 1. */
  readonly processors: readonly Processor[];
  /** By link. */
  readonly neighbours: (Chip | null)[] = [];

  constructor(x: number, y: number, events: ChipEvents, options: CoreOptions) {
    this.x = x;
    this.y = y;
    this.system = new SystemController(CORES, {
      interrupts: (changed, levels) => {
        for (let core = 1; core < CORES; core++) if ((changed >> core) & 1) this.processors[core].refresh();
        if (changed & levels & 1) events.called(this);
      },
      sleeping: () => this.processors.reduce((mask, processor, i) => (processor.asleep ? mask | (1 << i) : mask), 0),
    });
    const around = {
      memory: this.memory,
      router: this.router,
      system: this.system,
      send: (packet: Packet, core: number, at: number) => events.send(this, packet, core, at),
      failed: (core: number, error: Unmodelled, pc: number) => events.failed(this, core, error, pc),
      faulted: (core: number, fault: Fault) => events.faulted(this, core, fault),
    };
    this.processors = Array.from({ length: CORES }, (_, core) => new Processor(core, around, options));
  }

  get address(): number {
    return (this.x << 8) | this.y;
  }

  get(address: number): number {
    const view = this.at(address, 4);
    return view.words[offsetOf(address) >> 2] >>> 0;
  }

  set(address: number, value: number): void {
    const view = this.at(address, 4);
    view.words[offsetOf(address) >> 2] = value;
  }

  getHalf(address: number): number {
    return this.getByte(address) | (this.getByte(address + 1) << 8);
  }

  setHalf(address: number, value: number): void {
    this.setByte(address, value);
    this.setByte(address + 1, value >> 8);
  }

  getByte(address: number): number {
    return this.at(address, 1).bytes[offsetOf(address)];
  }

  setByte(address: number, value: number): void {
    this.at(address, 1).bytes[offsetOf(address)] = value;
  }

  /** Bytes of SDRAM or SysRAM: a view, not a copy. */
  bytes(address: number, length: number): Uint8Array {
    return this.at(address, length).bytes.subarray(offsetOf(address), offsetOf(address) + length);
  }

  /** What the host reads: memory, or registers in words. */
  read(address: number, length: number): Uint8Array {
    const device = this.device(address);
    if (!device) return this.bytes(address, length);
    const words = Uint32Array.from({ length: length >> 2 }, (_, i) => device.read((address & 0xffffff) + 4 * i));
    return new Uint8Array(words.buffer);
  }

  write(address: number, data: Uint8Array): void {
    const device = this.device(address);
    if (!device) return void this.bytes(address, data.length).set(data);
    const words = new DataView(data.buffer, data.byteOffset, data.byteLength);
    for (let i = 0; i + 4 <= data.length; i += 4) device.write((address & 0xffffff) + i, words.getInt32(i, true));
  }

  private device(address: number): Router | SystemController | null {
    const block = address >>> 24;
    return block === 0xe1 || block === 0xf1 ? this.router : block === 0xe2 || block === 0xf2 ? this.system : null;
  }

  /** The memory that holds so many bytes at an address, at `offsetOf` it. */
  private at(address: number, length: number): View {
    const block = address >>> 28;
    if ((block === 6 || block === 7) && offsetOf(address) + length <= SDRAM_BYTES) return this.memory.sdram;
    const page = address >>> 24;
    if ((page === 0xe5 || page === 0xf5) && offsetOf(address) + length <= SYSRAM_BYTES) return this.memory.sysram;
    throw new Unmodelled(`${length} bytes at ${hex(address)}, which are neither SDRAM nor SysRAM`);
  }
}

const offsetOf = (address: number): number => (address >>> 28 < 0xe ? address & 0xfffffff : address & 0xffffff);
