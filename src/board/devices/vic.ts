import { Unmodelled } from "../problems.ts";

/** Interrupt lines of a SpiNNaker core (datasheet, section 5). */
export const LINE = {
  software: 1,
  timer1: 4,
  timer2: 5,
  packetReady: 6,
  transmitEmpty: 11,
  dmaDone: 12,
  monitor: 18,
  transmitNotFull: 23,
  multicast: 24,
  pointToPoint: 25,
  nearestNeighbour: 26,
  fixedRoute: 27,
} as const;

const SLOTS = 16;
const NONE = SLOTS + 1;
const ENABLED = 0x20;

/**
 * Vectored interrupt controller, PL190: sixteen slots in order of priority, and a default vector below them.
 *
 * An interrupt is given only if its slot is above the one in service: reading VADDR puts a slot into service, writing it ends the
 * highest. FIQs have no slots.
 */
export class Vic {
  private lines = 0;
  private soft = 0;
  private select = 0;
  private enable = 0;
  private defaultVector = 0;
  private readonly vectors = new Int32Array(SLOTS);
  private readonly controls = new Int32Array(SLOTS);
  /** By line: the slot that serves it. */
  private readonly slotOf = new Uint8Array(32).fill(SLOTS);
  private inService = 0;
  private readonly onChange: (irq: boolean, fiq: boolean) => void;

  constructor(onChange: (irq: boolean, fiq: boolean) => void) {
    this.onChange = onChange;
  }

  reset(): void {
    this.soft = this.select = this.enable = this.defaultVector = this.inService = 0;
    this.vectors.fill(0);
    this.controls.fill(0);
    this.slotOf.fill(SLOTS);
    this.refresh();
  }

  /** Raises and lowers lines: those of `mask` become those of `levels`. */
  set(mask: number, levels: number): void {
    const lines = (this.lines & ~mask) | (levels & mask);
    if (lines === this.lines) return;
    this.lines = lines;
    this.refresh();
  }

  read(offset: number): number {
    switch (offset) {
      case 0x00:
        return this.pending() & ~this.select;
      case 0x04:
        return this.pending() & this.select;
      case 0x08:
        return this.lines | this.soft;
      case 0x0c:
        return this.select;
      case 0x10:
        return this.enable;
      case 0x14:
      case 0x1c:
        // For writing only: nothing is read.
        return 0;
      case 0x18:
        return this.soft;
      case 0x30:
        return this.enter();
      case 0x34:
        return this.defaultVector;
    }
    if (offset >= 0x100 && offset < 0x140) return this.vectors[(offset - 0x100) >> 2];
    if (offset >= 0x200 && offset < 0x240) return this.controls[(offset - 0x200) >> 2];
    throw new Unmodelled(`register 0x${offset.toString(16)} of the interrupt controller`);
  }

  write(offset: number, value: number): void {
    if (offset >= 0x100 && offset < 0x140) this.vectors[(offset - 0x100) >> 2] = value;
    else if (offset >= 0x200 && offset < 0x240) this.control((offset - 0x200) >> 2, value);
    else if (offset === 0x0c) this.select = value;
    else if (offset === 0x10) this.enable |= value;
    else if (offset === 0x14) this.enable &= ~value;
    else if (offset === 0x18) this.soft |= value;
    else if (offset === 0x1c) this.soft &= ~value;
    else if (offset === 0x30) this.inService &= this.inService - 1;
    else if (offset === 0x34) this.defaultVector = value;
    else throw new Unmodelled(`register 0x${offset.toString(16)} of the interrupt controller`);
    this.refresh();
  }

  private control(slot: number, value: number): void {
    this.controls[slot] = value & 0x3f;
    this.slotOf.fill(SLOTS);
    for (let i = SLOTS - 1; i >= 0; i--) if (this.controls[i] & ENABLED) this.slotOf[this.controls[i] & 31] = i;
  }

  private pending(): number {
    return (this.lines | this.soft) & this.enable;
  }

  /** The slot of the most important pending IRQ; NONE: there is none. */
  private best(): number {
    let irqs = this.pending() & ~this.select;
    let best = NONE;
    while (irqs !== 0) {
      const line = 31 - Math.clz32(irqs & -irqs);
      irqs &= irqs - 1;
      if (this.slotOf[line] < best) best = this.slotOf[line];
    }
    return best;
  }

  private serving(): number {
    return this.inService === 0 ? NONE : 31 - Math.clz32(this.inService & -this.inService);
  }

  private enter(): number {
    const slot = this.best();
    if (slot >= this.serving()) return this.defaultVector;
    this.inService |= 1 << slot;
    this.refresh();
    return slot === SLOTS ? this.defaultVector : this.vectors[slot];
  }

  private refresh(): void {
    this.onChange(this.best() < this.serving(), (this.pending() & this.select) !== 0);
  }
}
