import { type ChipMemory } from "./memory.ts";
import { type Bus, type Fault, type Registers, type Stop } from "./types.ts";

export interface CoreOptions {
  /** "exception" (default): as the hardware does, through the vectors at 0. "stop": `run` returns "fault". */
  readonly faults?: "exception" | "stop";
  /** Called at each fault, whatever comes next. */
  readonly onFault?: (fault: Fault) => void;
  /** "translate" (default): hot blocks become WebAssembly. "interpret": the reference. Both give the same words. */
  readonly engine?: "translate" | "interpret";
  /** What an instruction costs: "one" cycle each, or the ARM968's table (default). */
  readonly timing?: "one" | "arm968";
}

/**
 * An ARM968 core.
 *
 * Interrupts are taken between instructions, where a line is up and CPSR lets it through. Lines are looked at when `run` begins,
 * after an access to the bus and after a change of CPSR.
 */
export declare class Core {
  constructor(memory: ChipMemory, index: number, bus: Bus, options?: CoreOptions);
  readonly index: number;
  /** r0 to r15, as of now; banked registers: `dump`. */
  readonly r: Int32Array;
  cpsr: number;
  /** The lines from the VIC. Either wakes a sleeping core, whatever CPSR masks. */
  irq: boolean;
  fiq: boolean;
  /** Waits for an interrupt (WFI). */
  readonly sleeping: boolean;
  /** Clock, in cycles since the beginning. May be set while the core sleeps (time jumps). */
  cycles: number;
  /** Instructions done. */
  readonly instructions: number;
  /** The last fault since `reset`. */
  readonly fault: Fault | null;
  /** Runs until the clock is at or just beyond `untilCycles`. */
  run(untilCycles: number): Stop;
  /** Makes `run` return after the current instruction; for bus methods. */
  stop(): void;
  /** Registers to zero but for r0; supervisor mode, interrupts off (CPSR 0xd3), at `pc`. Forgets translated code and faults. Memory stays. */
  reset(state?: { pc?: number; r0?: number; sp?: number }): void;
  /** To be called when anybody but the core itself has written to ITCM (or to other memory with code). */
  codeChanged(): void;
  dump(): Registers;
}
