import { Core, type CoreOptions } from "./cpu/core.ts";
import { type ChipMemory, DTCM_ADDRESS, DTCM_BYTES, ITCM_BYTES, SDRAM_BYTES, SYSRAM_BYTES } from "./cpu/memory.ts";
import { type Bus, BusAbort, type Fault } from "./cpu/types.ts";
import { COMMS_LINES, Comms, type Packet } from "./devices/comms.ts";
import { Dma } from "./devices/dma.ts";
import { Timers } from "./devices/timers.ts";
import { LINE, Vic } from "./devices/vic.ts";
import { type SystemController } from "./devices/system-controller.ts";
import { type Router } from "./devices/router.ts";
import { Unmodelled, hex } from "./problems.ts";
import { StepMeter } from "./meter.ts";

/** What a processor shares with the others of its chip. */
export interface Surroundings {
  readonly memory: ChipMemory;
  readonly router: Router;
  readonly system: SystemController;
  readonly send: (packet: Packet, core: number, at: number) => void;
  /** The core's code did what the board does not model; it is stopped. */
  readonly failed: (core: number, error: Unmodelled, pc: number) => void;
  /** What healthy code does not do; it goes on as on a chip, through the vectors. */
  readonly faulted: (core: number, fault: Fault) => void;
}

const MOST_FAULTS = 1000;

const DEVICE_LINES = COMMS_LINES | (1 << LINE.timer1) | (1 << LINE.timer2) | (1 << LINE.dmaDone) | (1 << LINE.monitor);

/** An application core with what belongs to it alone: memories, interrupt controller, timers, DMA, communications. */
export class Processor implements Bus {
  readonly core: Core;
  readonly vic: Vic;
  readonly timers = new Timers();
  readonly dma: Dma;
  readonly comms: Comms;
  readonly meter = new StepMeter();
  /** Executes code: an application was started, and not stopped since. */
  live = false;
  private readonly index: number;
  private readonly around: Surroundings;
  private next = Infinity;
  private faults = 0;

  constructor(index: number, around: Surroundings, options: CoreOptions) {
    this.index = index;
    this.around = around;
    this.core = new Core(around.memory, index, this, { ...options, onFault: (fault) => this.faulted(fault) });
    this.vic = new Vic((irq, fiq) => {
      this.core.irq = irq;
      this.core.fiq = fiq;
    });
    this.dma = new Dma(index, (from, to, bytes) => this.move(from, to, bytes));
    this.comms = new Comms((packet) => around.send(packet, index, this.core.cycles));
  }

  /** Waits for an interrupt, or runs nothing at all. */
  get asleep(): boolean {
    return !this.live || this.core.sleeping;
  }

  /** Cycle at which something of this core's own happens next. */
  get due(): number {
    return this.core.sleeping && !this.core.irq && !this.core.fiq ? this.next : this.core.cycles;
  }

  /** Starts what lies at address 0, at `now`. */
  start(r0: number, source: number, now: number): void {
    for (const device of [this.vic, this.timers, this.dma]) device.reset();
    this.comms.reset(source);
    this.meter.reset();
    this.faults = 0;
    this.core.reset({ pc: 0, r0 });
    this.core.cycles = now;
    this.live = true;
    this.refresh();
  }

  halt(): void {
    this.live = false;
  }

  /** The lines, and the time of the next event, from the devices. */
  refresh(): void {
    this.next = Math.min(this.timers.due, this.dma.due, this.comms.due);
    const levels =
      this.comms.lines |
      (Number(this.timers.first.line) << LINE.timer1) |
      (Number(this.timers.second.line) << LINE.timer2) |
      (Number(this.dma.line) << LINE.dmaDone) |
      (((this.around.system.interrupts >> this.index) & 1) << LINE.monitor);
    this.vic.set(DEVICE_LINES, levels);
  }

  deliver(packet: Packet, at: number): void {
    this.comms.deliver(packet, at);
    this.next = Math.min(this.next, at);
  }

  /** Runs from `begin`, or where it is if that is later, until the core's clock is at `end`. */
  run(begin: number, end: number): void {
    if (this.core.sleeping && this.core.cycles < begin) this.core.cycles = begin;
    try {
      this.execute(end);
    } catch (error) {
      if (!(error instanceof Unmodelled)) throw error;
      this.live = false;
      this.around.failed(this.index, error, this.core.pc);
    }
  }

  private execute(end: number): void {
    const { core } = this;
    while (this.live && core.cycles < end) {
      if (this.next <= core.cycles) this.serve(core.cycles);
      if (core.sleeping && !core.irq && !core.fiq) {
        core.cycles = Math.min(end, this.next);
        continue;
      }
      const before = core.cycles;
      core.run(Math.min(end, this.next));
      this.meter.busy += core.cycles - before;
    }
  }

  /** The first is told; where the handlers of faults fault themselves, the core is stopped. */
  private faulted(fault: Fault): void {
    if (++this.faults === 1) this.around.faulted(this.index, fault);
    if (this.faults > MOST_FAULTS) throw new Unmodelled(`${this.faults} faults one after the other`);
  }

  /** What is due by `now`. */
  private serve(now: number): void {
    const { first, second } = this.timers;
    while (first.due <= now) {
      this.meter.step(first.period);
      first.expire();
    }
    while (second.due <= now) second.expire();
    while (this.dma.due <= now) this.dma.complete();
    if (this.comms.due <= now) this.comms.arrive(now);
    this.refresh();
  }

  read32(address: number): number {
    const offset = address & 0xffffff;
    const now = this.core.cycles;
    switch (address >>> 24) {
      case 0x10:
      case 0x20: {
        const value = this.comms.read(offset);
        if (offset === 0x14) this.refresh();
        return value;
      }
      case 0x11:
      case 0x21:
        return this.timers.read(offset, now);
      case 0x1f:
      case 0x2f:
        return this.vic.read(offset);
      case 0x30:
      case 0x40:
        return this.dma.read(offset);
      case 0xe1:
      case 0xf1:
        return this.around.router.read(offset);
      case 0xe2:
      case 0xf2:
        return this.around.system.read(offset);
      case 0xff:
        if (offset >= 0xfff000) return this.vic.read(offset - 0xfff000);
    }
    return nobody(address);
  }

  write32(address: number, value: number): void {
    const offset = address & 0xffffff;
    const now = this.core.cycles;
    switch (address >>> 24) {
      case 0x10:
      case 0x20:
        this.comms.write(offset, value);
        return;
      case 0x11:
      case 0x21:
        this.setTimer(offset, value, now);
        return this.changed();
      case 0x1f:
      case 0x2f:
        return this.vic.write(offset, value);
      case 0x30:
      case 0x40:
        this.dma.write(offset, value, now);
        return this.changed();
      case 0xe1:
      case 0xf1:
        return this.around.router.write(offset, value);
      case 0xe2:
      case 0xf2:
        return this.around.system.write(offset, value);
      case 0xff:
        if (offset >= 0xfff000) return this.vic.write(offset - 0xfff000, value);
    }
    nobody(address);
  }

  read16(address: number): number {
    return (this.read32(address & ~3) >>> (8 * (address & 2))) & 0xffff;
  }

  read8(address: number): number {
    return (this.read32(address & ~3) >>> (8 * (address & 3))) & 0xff;
  }

  write16(address: number): never {
    throw new Unmodelled(`a half-word written to the register at ${hex(address)}`);
  }

  write8(address: number): never {
    throw new Unmodelled(`a byte written to the register at ${hex(address)}`);
  }

  /** What was done while the timer stood still belongs to no step. */
  private setTimer(offset: number, value: number, now: number): void {
    const stood = !this.timers.first.counting;
    this.timers.write(offset, value, now);
    if (stood && this.timers.first.counting) this.meter.busy = 0;
  }

  /** Something may be due before the core expected it. */
  private changed(): void {
    this.refresh();
    this.core.stop();
  }

  private move(from: number, to: number, bytes: number): void {
    const source = this.bytesAt(from, bytes);
    this.bytesAt(to, bytes).set(source);
    if (to < ITCM_BYTES) this.core.codeChanged();
  }

  private bytesAt(address: number, length: number): Uint8Array {
    const { memory } = this.around;
    const own = memory.cores[this.index];
    const within = (view: Uint8Array, offset: number, size: number): Uint8Array => {
      if (offset + length > size)
        throw new Unmodelled(`a transfer of ${length} bytes at ${hex(address)}, beyond its memory`);
      return view.subarray(offset, offset + length);
    };
    if (address < ITCM_BYTES) return within(own.itcm.bytes, address, ITCM_BYTES);
    if (address >= DTCM_ADDRESS && address < DTCM_ADDRESS + DTCM_BYTES)
      return within(own.dtcm.bytes, address - DTCM_ADDRESS, DTCM_BYTES);
    const block = address >>> 28;
    if (block === 6 || block === 7) return within(memory.sdram.bytes, address & 0xfffffff, SDRAM_BYTES);
    if (address >>> 24 === 0xe5 || address >>> 24 === 0xf5)
      return within(memory.sysram.bytes, address & 0xffffff, SYSRAM_BYTES);
    throw new Unmodelled(`a transfer from or to ${hex(address)}`);
  }
}

/** Devices of the monitor alone are told by name; where there is nothing, the core takes a data abort, as on a chip. */
const MONITORS: Readonly<Record<number, string>> = {
  0xe0: "SDRAM controller",
  0xe3: "watchdog",
  0xe4: "Ethernet controller",
  0xe6: "boot ROM",
};

function nobody(address: number): never {
  const device = MONITORS[0xe0 | ((address >>> 24) & 0xf)];
  if (address >= 0xe0000000 && address < 0xff000000 && device)
    throw new Unmodelled(`the ${device} (${hex(address)}), which only the monitor uses`);
  throw new BusAbort(hex(address));
}
