import { Banks } from "./banks.ts";
import { coreOffset, type ChipMemory, DTCM_OFFSET, ITCM_BYTES, STATE_OFFSET } from "./memory.ts";
import { C, CONTROL, N, PC, Q, STATE_WORDS, THUMB_BIT, V, Z } from "./state.ts";
import { type Bus, BusAbort } from "./types.ts";

/** Thrown by an access that can't be made; the interpreter turns it into a data abort. */
export class DataAbort {
  readonly address: number;
  readonly reason: "unaligned" | "unmapped";
  constructor(address: number, reason: "unaligned" | "unmapped") {
    this.address = address >>> 0;
    this.reason = reason;
  }
}

/** Thrown by an instruction that this architecture doesn't have. */
export class UndefinedInstruction {}

/** Registers, modes and memory of one core: what instructions act on. */
export class Machine {
  /** r0 to r15, then what state.ts names. While an instruction runs, s[15] reads as it does for programs (its address + 8, in Thumb + 4). */
  readonly s: Int32Array;
  readonly bus: Bus;
  /** The chip's memory, as bytes, half words and words. */
  readonly bytes: Uint8Array;
  readonly halves: Uint16Array;
  readonly words: Int32Array;
  /** Where ITCM and DTCM lie in it. */
  readonly itcm: number;
  readonly dtcm: number;
  /** Address of the next instruction. */
  next = 0;
  thumb = false;
  /** Set by anything after which interrupts have to be looked at. */
  attention = false;
  sleeping = false;
  /** Carry out of the shifter. */
  carry = 0;
  /** Cycles that the current instruction waits for memory. */
  wait = 0;
  /** Cycles of a wait: for a load from SDRAM or SysRAM (stores are buffered), and for registers of peripherals. */
  memoryWait = 0;
  busWait = 0;
  /** Coprocessor 15's control register. */
  cp15Control = 0;
  traceProcess = 0;
  /** Instructions done. */
  done = 0;
  readonly banks = new Banks();
  /** Told of stores of this core to its own ITCM. */
  onCode: (address: number) => void = () => {};

  constructor(memory: ChipMemory, index: number, bus: Bus) {
    const { buffer } = memory.memory;
    this.s = new Int32Array(buffer, coreOffset(index) + STATE_OFFSET, STATE_WORDS);
    this.bytes = new Uint8Array(buffer);
    this.halves = new Uint16Array(buffer);
    this.words = new Int32Array(buffer);
    this.itcm = coreOffset(index);
    this.dtcm = coreOffset(index) + DTCM_OFFSET;
    this.bus = bus;
  }

  /** CPSR bits 7, 6 and 4:0. */
  get control(): number {
    return this.s[CONTROL];
  }

  get cpsr(): number {
    const { s } = this;
    return (
      ((s[N] < 0 ? 0x80000000 : 0) |
        (s[Z] === 0 ? 0x40000000 : 0) |
        (s[C] << 29) |
        (s[V] < 0 ? 0x10000000 : 0) |
        (s[Q] << 27) |
        (this.thumb ? THUMB_BIT : 0) |
        this.control) >>>
      0
    );
  }

  set cpsr(value: number) {
    this.setFlags(value);
    this.setControl(value);
    this.thumb = (value & THUMB_BIT) !== 0;
  }

  setFlags(value: number): void {
    const { s } = this;
    s[N] = value;
    s[Z] = ~value & 0x40000000;
    s[C] = (value >>> 29) & 1;
    s[V] = value << 3;
    s[Q] = (value >>> 27) & 1;
  }

  /** Mode and masks: brings in the registers of the mode. */
  setControl(value: number): void {
    this.banks.change(this.s, this.control & 0x1f, value & 0x1f);
    this.s[CONTROL] = value & 0xdf;
    this.attention = true;
  }

  get spsr(): number {
    return this.banks.spsr(this.control & 0x1f);
  }

  set spsr(value: number) {
    this.banks.setSpsr(this.control & 0x1f, value);
  }

  /** To an address of the same state: what a data-processing instruction that writes r15 does. */
  jump(address: number): void {
    this.next = address & (this.thumb ? ~1 : ~3);
  }

  /** Bit 0 chooses Thumb: BX, BLX, and loads of r15. */
  exchange(address: number): void {
    this.thumb = (address & 1) !== 0;
    this.next = address & (this.thumb ? ~1 : ~3);
  }

  /** Returns from an exception: CPSR becomes SPSR. */
  exceptionReturn(address: number): void {
    this.cpsr = this.spsr;
    this.jump(address);
  }

  /** PC and Thumb as one word, as translated code keeps them. */
  leave(): void {
    this.s[PC] = this.next | (this.thumb ? 1 : 0);
  }

  enter(): void {
    this.thumb = (this.s[PC] & 1) !== 0;
    this.next = this.s[PC] & ~1;
  }

  load32(address: number): number {
    if (((address ^ 0x400000) & 0xffff0003) === 0) return this.words[(this.dtcm + (address & 0xffff)) >> 2];
    if ((address & 3) !== 0) throw new DataAbort(address, "unaligned");
    const place = this.place(address, this.memoryWait);
    return place < 0 ? this.read(address, 32) | 0 : this.words[place >> 2];
  }

  load16(address: number): number {
    if (((address ^ 0x400000) & 0xffff0001) === 0) return this.halves[(this.dtcm + (address & 0xffff)) >> 1];
    if ((address & 1) !== 0) throw new DataAbort(address, "unaligned");
    const place = this.place(address, this.memoryWait);
    return place < 0 ? this.read(address, 16) & 0xffff : this.halves[place >> 1];
  }

  load8(address: number): number {
    if (((address ^ 0x400000) & 0xffff0000) === 0) return this.bytes[this.dtcm + (address & 0xffff)];
    const place = this.place(address, this.memoryWait);
    return place < 0 ? this.read(address, 8) & 0xff : this.bytes[place];
  }

  store32(address: number, value: number): void {
    if (((address ^ 0x400000) & 0xffff0003) === 0) {
      this.words[(this.dtcm + (address & 0xffff)) >> 2] = value;
      return;
    }
    if ((address & 3) !== 0) throw new DataAbort(address, "unaligned");
    const place = this.place(address, 0);
    if (place < 0) this.write(address, 32, value >>> 0);
    else this.words[place >> 2] = value;
    if (address >>> 0 < ITCM_BYTES) this.onCode(address);
  }

  store16(address: number, value: number): void {
    if ((address & 1) !== 0) throw new DataAbort(address, "unaligned");
    const place = this.place(address, 0);
    if (place < 0) this.write(address, 16, value & 0xffff);
    else this.halves[place >> 1] = value;
    if (address >>> 0 < ITCM_BYTES) this.onCode(address);
  }

  store8(address: number, value: number): void {
    const place = this.place(address, 0);
    if (place < 0) this.write(address, 8, value & 0xff);
    else this.bytes[place] = value;
    if (address >>> 0 < ITCM_BYTES) this.onCode(address);
  }

  /** Where an address lies in the chip's block; -1: a peripheral, or nothing. The same rule stands in translator/helpers.ts. */
  place(address: number, wait: number): number {
    if ((address & 0xffff0000) === 0x400000) return this.dtcm + (address & 0xffff);
    if ((address & 0xffff8000) === 0) return this.itcm + address;
    if ((address & 0xe0000000) === 0x60000000) {
      this.wait += wait;
      return address & 0x7ffffff;
    }
    if ((address & 0xefff8000) >>> 0 === 0xe5000000) {
      this.wait += wait;
      return 0x8000000 + (address & 0x7fff);
    }
    return -1;
  }

  private read(address: number, bits: 32 | 16 | 8): number {
    this.wait += this.busWait;
    this.attention = true;
    const { bus } = this;
    const at = address >>> 0;
    try {
      return bits === 32 ? bus.read32(at) : bits === 16 ? bus.read16(at) : bus.read8(at);
    } catch (error) {
      throw error instanceof BusAbort ? new DataAbort(address, "unmapped") : error;
    }
  }

  private write(address: number, bits: 32 | 16 | 8, value: number): void {
    this.wait += this.busWait;
    this.attention = true;
    const { bus } = this;
    const at = address >>> 0;
    try {
      if (bits === 32) bus.write32(at, value);
      else if (bits === 16) bus.write16(at, value);
      else bus.write8(at, value);
    } catch (error) {
      throw error instanceof BusAbort ? new DataAbort(address, "unmapped") : error;
    }
  }
}
