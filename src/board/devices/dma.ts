import { Unmodelled } from "../problems.ts";

/** From the request to the first word, and per word, in cycles: an estimate (no shared bandwidth), never compared with a board. */
const LATENCY = 60;
const CYCLES_PER_WORD = 2;

const BUSY = 1;
const QUEUE_FULL = 4;
const DONE = 1 << 10;
const LENGTH = 0x1ffff;
const TO_SYSTEM = 1 << 19;

/** What a DMA controller moves: from and to are addresses as its core sees them. */
export type Move = (from: number, to: number, bytes: number) => void;

interface Transfer {
  readonly system: number;
  readonly tcm: number;
  readonly description: number;
}

/** A core's DMA controller (datasheet, section 7): one transfer under way, and one that waits. */
export class Dma {
  private system = 0;
  private tcm = 0;
  private description = 0;
  private globalControl = 0;
  private active: Transfer | null = null;
  private waiting: Transfer | null = null;
  private done = false;
  private transfers = 0;
  /** Cycle at which the transfer under way is complete. */
  due = Infinity;
  private readonly physical: number;
  private readonly move: Move;

  constructor(physical: number, move: Move) {
    this.physical = physical;
    this.move = move;
  }

  get line(): boolean {
    return this.done && (this.globalControl & DONE) !== 0;
  }

  reset(): void {
    this.system = this.tcm = this.description = this.globalControl = this.transfers = 0;
    this.abort();
    this.done = false;
  }

  read(offset: number): number {
    switch (offset) {
      case 0x04:
        return this.system;
      case 0x08:
        return this.tcm;
      case 0x0c:
        return this.description;
      case 0x10:
        // For writing only: nothing is read.
        return 0;
      case 0x14:
        return (
          (this.physical << 24) | (this.active ? BUSY : 0) | (this.waiting ? QUEUE_FULL : 0) | (this.done ? DONE : 0)
        );
      case 0x18:
        return this.globalControl;
      case 0x40:
        return this.transfers;
      default:
        throw new Unmodelled(`register 0x${offset.toString(16)} of the DMA controller`);
    }
  }

  write(offset: number, value: number, now: number): void {
    if (offset === 0x04) this.system = value >>> 0;
    else if (offset === 0x08) this.tcm = value >>> 0;
    else if (offset === 0x0c) this.start(value >>> 0, now);
    else if (offset === 0x10) this.command(value, now);
    else if (offset === 0x18) this.globalControl = value;
    else if (offset !== 0x28) throw new Unmodelled(`register 0x${offset.toString(16)} of the DMA controller`);
  }

  /** The transfer under way is complete: its bytes are there. */
  complete(): void {
    const { system, tcm, description } = this.active!;
    const bytes = description & LENGTH;
    if (description & TO_SYSTEM) this.move(tcm, system, bytes);
    else this.move(system, tcm, bytes);
    this.transfers++;
    this.done = true;
    const at = this.due;
    this.active = null;
    this.due = Infinity;
    if (this.waiting) {
      const next = this.waiting;
      this.waiting = null;
      this.begin(next, at);
    }
  }

  private start(description: number, now: number): void {
    this.description = description;
    const transfer = { system: this.system, tcm: this.tcm, description };
    if (!this.active) this.begin(transfer, now);
    else if (!this.waiting) this.waiting = transfer;
    else throw new Unmodelled("a third transfer of the DMA controller while two are under way");
  }

  private begin(transfer: Transfer, now: number): void {
    this.active = transfer;
    this.due = now + LATENCY + CYCLES_PER_WORD * (((transfer.description & LENGTH) + 3) >> 2);
  }

  /** Bits 0 and 1 drop what waits and what is under way, bit 3 ends the interrupt; bits 2, 4 and 5 have nothing to do here. */
  private command(value: number, now: number): void {
    if (value & 2) this.abort();
    else if (value & 1) this.waiting = null;
    if (value & 8) this.done = false;
    if (value & ~0x3f) throw new Unmodelled(`command 0x${value.toString(16)} of the DMA controller at cycle ${now}`);
  }

  private abort(): void {
    this.active = this.waiting = null;
    this.due = Infinity;
  }
}
