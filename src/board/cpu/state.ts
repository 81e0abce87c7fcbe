/**
 * Words of a core's state in the chip's block of memory, where the interpreter and translated code find them.
 * 0 to 15 are r0 to r15 of the current mode.
 */

/** Address of the next instruction; bit 0 is set where it is Thumb. */
export const PC = 16;
/** Flag N: the word's sign. */
export const N = 17;
/** Flag Z: set where the word is zero. (An instruction that sets N and Z by its result stores it twice.) */
export const Z = 18;
/** Flag C: 0 or 1. */
export const C = 19;
/** Flag V: the word's sign. */
export const V = 20;
/** Flag Q (a saturation happened): 0 or 1. */
export const Q = 21;
/** Cycles that are left of this run; zero or less: it is over. */
export const LEFT = 22;
/** Why translated code came back: see translator/emit.ts. */
export const EXIT = 23;
/** Instructions done by translated code since the word was last set to zero. */
export const DONE = 24;
/** CPSR bits 7, 6 and 4:0. */
export const CONTROL = 25;
/** Lines of interrupts that are up. */
export const LINES = 26;

export const STATE_WORDS = 32;

/** Modes of the processor (CPSR bits 4:0). */
export const USER = 0x10;
export const FIQ = 0x11;
export const IRQ = 0x12;
export const SUPERVISOR = 0x13;
export const ABORT = 0x17;
export const UNDEFINED = 0x1b;
export const SYSTEM = 0x1f;

export const MODE_NAMES: Readonly<Record<number, string>> = {
  [USER]: "user",
  [FIQ]: "fiq",
  [IRQ]: "irq",
  [SUPERVISOR]: "supervisor",
  [ABORT]: "abort",
  [UNDEFINED]: "undefined",
  [SYSTEM]: "system",
};

/** CPSR bits. */
export const THUMB_BIT = 0x20;
export const FIQ_OFF = 0x40;
export const IRQ_OFF = 0x80;
