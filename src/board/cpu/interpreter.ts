import { branchToThumb } from "./control.ts";
import { Breakpoint, indexOf, INSTRUCTIONS, SoftwareInterrupt } from "./decode.ts";
import { enterException } from "./exceptions.ts";
import { DataAbort, type Machine, UndefinedInstruction } from "./machine.ts";
import { ITCM_BYTES } from "./memory.ts";
import { C, LEFT, N, V, Z } from "./state.ts";
import { expand, isThumbOnly, thumbOnly } from "./thumb.ts";
import { type Timing } from "./timing.ts";
import { type Fault, type FaultKind } from "./types.ts";

/** Thrown by a fetch from where no program can be. */
class PrefetchAbort {}

/** The ARM word of every Thumb instruction. */
const EXPANDED = Uint32Array.from({ length: 0x10000 }, (_, half) => expand(half));

/** Executes instructions one after the other: the reference for the translator. */
export class Interpreter {
  private readonly m: Machine;
  private readonly timing: Timing;
  /** Cost of the instructions in ITCM, by address / 2 (and half for Thumb, as a second set); 0: not known yet. */
  private readonly costs = new Uint8Array(2 * (ITCM_BYTES / 2));
  private readonly passes = (condition: number): boolean => conditionPasses(this.m.s, condition);
  /** What is done about a fault; returns whether the exception is taken. */
  private readonly onFault: (fault: Fault) => boolean;

  constructor(m: Machine, timing: Timing, onFault: (fault: Fault) => boolean) {
    this.m = m;
    this.timing = timing;
    this.onFault = onFault;
    m.memoryWait = timing.memoryWait;
    m.busWait = timing.busWait;
  }

  /** Until a branch is taken, cycles are used up, or interrupts have to be looked at; `single`: one instruction alone. */
  run(single: boolean): void {
    const { m } = this;
    const { s } = m;
    const { thumb } = m;
    const size = thumb ? 2 : 4;
    let pc = m.next;
    try {
      do {
        pc = m.next;
        m.wait = 0;
        const executed = thumb ? this.thumb(pc) : this.arm(pc);
        m.done++;
        s[LEFT] -= executed ? this.costAt(pc, thumb) + m.wait : 1;
      } while (!single && m.next === ((pc + size) | 0) && m.thumb === thumb && s[LEFT] > 0 && !m.attention);
    } catch (error) {
      this.fail(pc, error);
    }
  }

  /** To be called when code has changed: from `address` on, or all. */
  forget(address = -1): void {
    if (address < 0) this.costs.fill(0);
    else
      for (let half = Math.max(0, (address >> 1) - 4); half <= address >> 1; half++)
        this.costs[half] = this.costs[half + ITCM_BYTES / 2] = 0;
  }

  private arm(pc: number): boolean {
    const { m } = this;
    const w = m.words[this.fetchPlace(pc) >> 2];
    m.s[15] = pc + 8;
    m.next = (pc + 4) | 0;
    const condition = w >>> 28;
    if (condition !== 14) {
      if (condition === 15) return unconditional(m, w);
      if (!conditionPasses(m.s, condition)) return false;
    }
    INSTRUCTIONS[indexOf(w)](m, w);
    return true;
  }

  private thumb(pc: number): boolean {
    const { m } = this;
    const w = EXPANDED[m.halves[this.fetchPlace(pc) >> 1]];
    m.s[15] = pc + 4;
    m.next = (pc + 2) | 0;
    if (isThumbOnly(w)) return thumbOnly(m, w, this.passes);
    INSTRUCTIONS[indexOf(w)](m, w);
    return true;
  }

  /** Programs lie in ITCM, SDRAM or SysRAM; DTCM is for data alone. */
  private fetchPlace(pc: number): number {
    if ((pc & ~(ITCM_BYTES - 1)) === 0) return this.m.itcm + pc;
    const place = this.m.place(pc, this.timing.memoryWait);
    if (place < 0 || (pc & 0xffff0000) === 0x400000) throw new PrefetchAbort();
    return place;
  }

  /** Cycles of the instruction at `pc`, had its condition passed. */
  costAt(pc: number, thumb: boolean): number {
    if ((pc & ~(ITCM_BYTES - 1)) !== 0) return this.costOf(pc, thumb);
    const slot = (pc >> 1) + (thumb ? ITCM_BYTES / 2 : 0);
    return this.costs[slot] || (this.costs[slot] = this.costOf(pc, thumb));
  }

  private costOf(pc: number, thumb: boolean): number {
    const size = thumb ? 2 : 4;
    return this.timing.cost(this.wordAt(pc, thumb), this.wordAt(pc + size, thumb), this.wordAt(pc + 2 * size, thumb));
  }

  /** The ARM word of an instruction; 0 where there is no memory. */
  wordAt(pc: number, thumb: boolean): number {
    const { m } = this;
    const place = m.place(pc | 0, 0);
    if (place < 0) return 0;
    return thumb ? EXPANDED[m.halves[place >> 1]] : m.words[place >> 2] >>> 0;
  }

  /** An instruction did not end as usual. Faults go through their vector; whatever else was thrown goes on, with the instruction not done. */
  private fail(pc: number, error: unknown): void {
    const { m } = this;
    const next = m.next;
    const fault = this.faultOf(pc, error);
    m.next = pc;
    if (fault === null) throw error;
    if (!this.onFault(fault)) return;
    m.s[LEFT] -= this.timing.exception;
    m.done++;
    const link = fault.kind === "data abort" ? pc + 8 : fault.kind === "prefetch abort" ? pc + 4 : next;
    enterException(m, fault.kind, link);
  }

  private faultOf(pc: number, error: unknown): Fault | null {
    const { m } = this;
    const at = (kind: FaultKind): Fault => {
      const place = kind === "prefetch abort" && !(error instanceof Breakpoint) ? -1 : m.place(pc, 0);
      const word = place < 0 ? 0 : m.thumb ? m.halves[place >> 1] : m.words[place >> 2] >>> 0;
      return { kind, pc: pc >>> 0, word, thumb: m.thumb };
    };
    if (error instanceof DataAbort) return { ...at("data abort"), address: error.address, reason: error.reason };
    if (error instanceof UndefinedInstruction) return at("undefined instruction");
    if (error instanceof SoftwareInterrupt) return at("software interrupt");
    if (error instanceof Breakpoint || error instanceof PrefetchAbort) return at("prefetch abort");
    return null;
  }
}

/** Condition 15: blx, pld (which does nothing); all else is undefined. */
function unconditional(m: Machine, w: number): boolean {
  if ((w & 0x0e000000) === 0x0a000000) branchToThumb(m, w);
  else if ((w & 0x0d70f000) !== 0x0550f000) throw new UndefinedInstruction();
  return true;
}

export function conditionPasses(s: Int32Array, condition: number): boolean {
  switch (condition) {
    case 0:
      return s[Z] === 0;
    case 1:
      return s[Z] !== 0;
    case 2:
      return s[C] !== 0;
    case 3:
      return s[C] === 0;
    case 4:
      return s[N] < 0;
    case 5:
      return s[N] >= 0;
    case 6:
      return s[V] < 0;
    case 7:
      return s[V] >= 0;
    case 8:
      return s[C] !== 0 && s[Z] !== 0;
    case 9:
      return s[C] === 0 || s[Z] === 0;
    case 10:
      return s[N] < 0 === s[V] < 0;
    case 11:
      return s[N] < 0 !== s[V] < 0;
    case 12:
      return s[Z] !== 0 && s[N] < 0 === s[V] < 0;
    case 13:
      return s[Z] === 0 || s[N] < 0 !== s[V] < 0;
    default:
      return true;
  }
}
