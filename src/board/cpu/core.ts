import { enterException } from "./exceptions.ts";
import { Interpreter } from "./interpreter.ts";
import { Machine } from "./machine.ts";
import { type ChipMemory } from "./memory.ts";
import { CONTROL, FIQ_OFF, IRQ_OFF, LEFT, LINES, SUPERVISOR } from "./state.ts";
import { type Timing, TIMINGS } from "./timing.ts";
import { Translator } from "./translator/translator.ts";
import { type Bus, type Fault, type Registers, type Stop } from "./types.ts";

export interface CoreOptions {
  /** "exception" (default): as the hardware does, through the vectors at 0. "stop": `run` returns "fault". */
  readonly faults?: "exception" | "stop";
  /** Called at each fault, whatever comes next. */
  readonly onFault?: (fault: Fault) => void;
  /** "translate" (default): hot blocks become WebAssembly. "interpret": the reference. Both give the same words. */
  readonly engine?: "translate" | "interpret";
  /** How often a place in code is jumped to before it is translated: translating it costs as much as interpreting it so often. */
  readonly hotAfter?: number;
  /** What an instruction costs: "one" cycle each, or the ARM968's table (default). */
  readonly timing?: "one" | "arm968";
}

const HOT_AFTER = 300;

/** The longest piece of a run whose cycles fit into a word. */
const LONGEST_PIECE = 2 ** 30;

/**
 * An ARM968 core.
 *
 * Interrupts are taken between instructions, where a line is up and CPSR lets it through. Lines are looked at when `run` begins,
 * after an access to the bus and after a change of CPSR.
 */
export class Core {
  readonly index: number;
  private readonly m: Machine;
  private readonly interpreter: Interpreter;
  private readonly translator: Translator | null;
  private readonly timing: Timing;
  private readonly options: CoreOptions;
  /** The clock is this less what is left of the run. */
  private end = 0;
  private irqLine = false;
  private fiqLine = false;
  private stopping = false;
  private lastFault: Fault | null = null;

  constructor(memory: ChipMemory, index: number, bus: Bus, options: CoreOptions = {}) {
    this.index = index;
    this.options = options;
    this.timing = TIMINGS[options.timing ?? "arm968"];
    this.m = new Machine(memory, index, bus);
    this.interpreter = new Interpreter(this.m, this.timing, (fault) => this.faulted(fault));
    this.translator =
      options.engine === "interpret"
        ? null
        : new Translator(this.m, memory, this.interpreter, this.timing, options.hotAfter ?? HOT_AFTER);
    this.m.onCode = (address) => {
      this.interpreter.forget(address);
      this.translator?.forget();
    };
    this.reset();
  }

  /** r0 to r14 of the current mode. r15: `pc`. */
  get r(): Int32Array {
    return this.m.s;
  }

  get pc(): number {
    return this.m.next >>> 0;
  }

  get cpsr(): number {
    return this.m.cpsr;
  }

  set cpsr(value: number) {
    this.m.cpsr = value;
  }

  /** The lines from the VIC. Either wakes a sleeping core, whatever CPSR masks. */
  get irq(): boolean {
    return this.irqLine;
  }

  set irq(up: boolean) {
    this.irqLine = up;
    this.linesChanged();
  }

  get fiq(): boolean {
    return this.fiqLine;
  }

  set fiq(up: boolean) {
    this.fiqLine = up;
    this.linesChanged();
  }

  /** Waits for an interrupt (WFI). */
  get sleeping(): boolean {
    return this.m.sleeping;
  }

  /** Clock, in cycles since the beginning. May be set while the core does not run (time jumps). */
  get cycles(): number {
    return this.end - this.m.s[LEFT];
  }

  set cycles(value: number) {
    this.end = value;
    this.m.s[LEFT] = 0;
  }

  /** Instructions done. */
  get instructions(): number {
    return this.m.done;
  }

  /** Those of them that translated code did. */
  get translated(): number {
    return this.translator?.done ?? 0;
  }

  /** The last fault since `reset`. */
  get fault(): Fault | null {
    return this.lastFault;
  }

  /** Runs until the clock is at or just beyond `untilCycles`. */
  run(untilCycles: number): Stop {
    const { m } = this;
    m.attention = true;
    for (;;) {
      const now = this.cycles;
      const piece = Math.min(untilCycles - now, LONGEST_PIECE);
      this.end = now + piece;
      m.s[LEFT] = piece;
      const stop = this.runPiece();
      if (stop !== "limit" || this.cycles >= untilCycles) return stop;
    }
  }

  /** Makes `run` return after the current instruction; for bus methods. */
  stop(): void {
    this.stopping = this.m.attention = true;
  }

  /** Registers to zero but for r0 and r13; supervisor mode, interrupts off (CPSR 0xd3), at `pc`. Forgets code and faults. Memory and clock stay. */
  reset(state: { pc?: number; r0?: number; sp?: number } = {}): void {
    const { m } = this;
    const { cycles } = this;
    m.banks.clear();
    m.s.fill(0);
    m.s[CONTROL] = SUPERVISOR | IRQ_OFF | FIQ_OFF;
    m.setFlags(0);
    m.thumb = false;
    m.next = (state.pc ?? 0) & ~3;
    m.s[0] = state.r0 ?? 0;
    m.s[13] = state.sp ?? 0;
    m.sleeping = this.stopping = this.irqLine = this.fiqLine = false;
    m.cp15Control = m.traceProcess = 0;
    this.lastFault = null;
    this.cycles = cycles;
    this.codeChanged();
    this.translator?.reset();
  }

  /** To be called when anybody but the core itself has written to ITCM (or to other memory with code). */
  codeChanged(): void {
    this.interpreter.forget();
    this.translator?.forget();
  }

  dump(): Registers {
    const { m } = this;
    const r = Array.from(m.s.subarray(0, 16), (value) => value >>> 0);
    r[15] = m.next >>> 0;
    return { r, cpsr: m.cpsr >>> 0, spsr: m.spsr >>> 0, banked: m.banks.all(m.s, m.control & 0x1f) };
  }

  private runPiece(): Stop {
    const { m } = this;
    for (;;) {
      if (m.attention) {
        const stop = this.attend();
        if (stop !== null) return stop;
      }
      if (m.s[LEFT] <= 0) return "limit";
      if (this.translator !== null) this.translator.run();
      else this.interpreter.run(false);
    }
  }

  /** Stops, sleep and interrupts. */
  private attend(): Stop | null {
    const { m } = this;
    m.attention = false;
    if (this.stopping) {
      this.stopping = false;
      return this.options.faults === "stop" && this.lastFault !== null ? "fault" : "request";
    }
    if (m.sleeping) {
      if (!this.irqLine && !this.fiqLine) return "sleep";
      m.sleeping = false;
    }
    if (this.fiqLine && (m.control & FIQ_OFF) === 0) this.interrupt("fiq");
    else if (this.irqLine && (m.control & IRQ_OFF) === 0) this.interrupt("irq");
    return null;
  }

  private linesChanged(): void {
    this.m.s[LINES] = Number(this.irqLine) | (Number(this.fiqLine) << 1);
    this.m.attention = true;
  }

  private interrupt(kind: "irq" | "fiq"): void {
    const { m } = this;
    enterException(m, kind, m.next + 4);
    m.s[LEFT] -= this.timing.exception;
  }

  /** Whether the exception is taken. */
  private faulted(fault: Fault): boolean {
    this.lastFault = fault;
    this.options.onFault?.(fault);
    if (this.options.faults !== "stop") return true;
    this.stop();
    return false;
  }
}
