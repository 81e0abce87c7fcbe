/** What the core asks of the rest of the chip, and what it says when it stops. */

/**
 * Peripherals: every address that is neither ITCM, DTCM, SDRAM nor SysRAM. Addresses are unsigned and aligned; values are
 * taken modulo 2^32 (2^16, 2^8). During a call `core.cycles` is the time at which the instruction began.
 * A method throws `BusAbort` where nothing answers: the core then takes a data abort. Whatever else it throws reaches whoever
 * called `run`, with the registers as they were before the instruction.
 */
export interface Bus {
  read32(address: number): number;
  read16(address: number): number;
  read8(address: number): number;
  write32(address: number, value: number): void;
  write16(address: number, value: number): void;
  write8(address: number, value: number): void;
}

export class BusAbort extends Error {}

export type FaultKind = "undefined instruction" | "prefetch abort" | "data abort" | "software interrupt";

/** Something that code of a healthy application does not do. */
export interface Fault {
  readonly kind: FaultKind;
  /** Address of the instruction. */
  readonly pc: number;
  /** The instruction (ARM: 32 bits, Thumb: 16). 0 after a prefetch abort. */
  readonly word: number;
  readonly thumb: boolean;
  /** Of a data abort: the address that was accessed, and why it can't be. */
  readonly address?: number;
  readonly reason?: "unaligned" | "unmapped";
}

/**
 * Why `run` came back: "limit" the cycles are used up; "sleep" the core waits for an interrupt; "fault" (only with
 * `faults: "stop"`); "request" `stop()` was called.
 */
export type Stop = "limit" | "sleep" | "fault" | "request";

/** What a stopped core shows: 32-bit values, unsigned. `r[15]` is the address of the next instruction. */
export interface Registers {
  readonly r: readonly number[];
  readonly cpsr: number;
  /** Of the current mode; 0 in user and system mode. */
  readonly spsr: number;
  /** r13, r14 and SPSR of every mode that has its own, by its name. */
  readonly banked: Readonly<Record<string, { readonly r13: number; readonly r14: number; readonly spsr: number }>>;
}
