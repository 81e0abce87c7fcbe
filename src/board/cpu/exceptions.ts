import { type Machine } from "./machine.ts";
import { ABORT, FIQ, FIQ_OFF, IRQ, IRQ_OFF, SUPERVISOR, UNDEFINED } from "./state.ts";

/** Exceptions: mode, vector and masks; source: DDI 0100, A2.6. */

interface Exception {
  readonly mode: number;
  readonly vector: number;
}

export const EXCEPTIONS = {
  "undefined instruction": { mode: UNDEFINED, vector: 0x04 },
  "software interrupt": { mode: SUPERVISOR, vector: 0x08 },
  "prefetch abort": { mode: ABORT, vector: 0x0c },
  "data abort": { mode: ABORT, vector: 0x10 },
  "irq": { mode: IRQ, vector: 0x18 },
  "fiq": { mode: FIQ, vector: 0x1c },
} as const satisfies Record<string, Exception>;

/** Control register bit V: vectors at 0xffff0000. */
const HIGH_VECTORS = 0x2000;

/** Goes to the vector; `link` is what r14 of the new mode gets. */
export function enterException(m: Machine, kind: keyof typeof EXCEPTIONS, link: number): void {
  const { mode, vector } = EXCEPTIONS[kind];
  const before = m.cpsr;
  m.setControl(mode | IRQ_OFF | (kind === "fiq" ? FIQ_OFF : m.control & FIQ_OFF));
  m.spsr = before;
  m.s[14] = link;
  m.thumb = false;
  m.next = vector | ((m.cp15Control & HIGH_VECTORS) !== 0 ? 0xffff0000 : 0);
}
