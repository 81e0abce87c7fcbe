import { Unmodelled } from "../problems.ts";

const CHIP_ID = 0x59111012;
const MAGIC = 0x5ec00000;
const LOCKS = 32;

/** What a change of the system controller concerns. */
export interface SystemEvents {
  /** Cores whose line from the monitor changed, and those of them whose line is up. */
  readonly interrupts: (changed: number, levels: number) => void;
  /** Cores that wait for an interrupt. */
  readonly sleeping: () => number;
}

/** System controller of a chip (datasheet, section 14): interrupts between cores, flags, locks. Core 0 is the monitor. */
export class SystemController {
  private irqs = 0;
  private flags = 0;
  private gpio = 0;
  /** Bit n: lock n is held. */
  private locks = 0;
  private readonly cores: number;
  private readonly events: SystemEvents;

  constructor(cores: number, events: SystemEvents) {
    this.cores = (1 << cores) - 1;
    this.events = events;
  }

  get interrupts(): number {
    return this.irqs;
  }

  locked(lock: number): boolean {
    return (this.locks & (1 << lock)) !== 0;
  }

  setFlags(mask: number, up: boolean): void {
    this.flags = up ? this.flags | mask : this.flags & ~mask;
  }

  setInterrupts(mask: number, up: boolean): void {
    const before = this.irqs;
    this.irqs = up ? before | mask : before & ~mask;
    if (this.irqs !== before) this.events.interrupts(this.irqs ^ before, this.irqs);
  }

  read(offset: number): number {
    if (offset >= 0x100 && offset < 0x100 + 4 * LOCKS) return this.test((offset - 0x100) >> 2, true);
    if (offset >= 0x180 && offset < 0x180 + 4 * LOCKS) return this.test((offset - 0x180) >> 2, false);
    switch (offset) {
      case 0x00:
        return CHIP_ID;
      case 0x08:
      case 0x0c:
        return this.irqs;
      case 0x10:
      case 0x14:
        return this.cores;
      case 0x34:
        return MAGIC;
      case 0x40:
      case 0x48:
        return this.gpio;
      case 0x58:
      case 0x5c:
        return this.flags;
      case 0x64:
        return this.events.sleeping();
      default:
        throw new Unmodelled(`register 0x${offset.toString(16)} of the system controller`);
    }
  }

  write(offset: number, value: number): void {
    if (offset === 0x08) this.setInterrupts(value & 0x3ffff, true);
    else if (offset === 0x0c) this.setInterrupts(value & 0x3ffff, false);
    else if (offset === 0x58) this.setFlags(value & 0x3ffff, true);
    else if (offset === 0x5c) this.setFlags(value & 0x3ffff, false);
    else if (offset === 0x48) this.gpio |= value;
    else if (offset === 0x4c) this.gpio &= ~value;
    else if (offset !== 0x44) throw new Unmodelled(`register 0x${offset.toString(16)} of the system controller`);
  }

  /** The lock as it was, in bit 31; then it is held, or free. */
  private test(lock: number, hold: boolean): number {
    const bit = 1 << lock;
    const was = (this.locks & bit) !== 0;
    this.locks = hold ? this.locks | bit : this.locks & ~bit;
    return was ? 0x80000000 : 0;
  }
}
