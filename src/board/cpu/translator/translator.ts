import { type Interpreter } from "../interpreter.ts";
import { type Machine } from "../machine.ts";
import { type ChipMemory, ITCM_BYTES } from "../memory.ts";
import { DONE, EXIT, LEFT } from "../state.ts";
import { type Timing } from "../timing.ts";
import { INTERPRET, SHORT } from "./emitter.ts";
import { instantiate, type Program, programFor, type Run, runsOf } from "./program.ts";

/** After so many changes of code no content is looked for any more: a program that writes into its own code is interpreted. */
const MOST_CHANGES = 1000;

/** Runs code of ITCM as WebAssembly where that is hot, with the interpreter for everything else. */
export class Translator {
  private readonly m: Machine;
  private readonly memory: ChipMemory;
  private readonly interpreter: Interpreter;
  private readonly timing: Timing;
  /** What ITCM holds; null: not known since it changed. */
  private program: Program | null = null;
  private runs: Run[] = [];
  private changes = 0;

  constructor(m: Machine, memory: ChipMemory, interpreter: Interpreter, timing: Timing) {
    this.m = m;
    this.memory = memory;
    this.interpreter = interpreter;
    this.timing = timing;
  }

  /** Runs until cycles are used up or interrupts have to be looked at. */
  run(): void {
    const { m, interpreter, memory } = this;
    const { s } = m;
    while (s[LEFT] > 0 && !m.attention) {
      const at = m.next | (m.thumb ? 1 : 0);
      const program = this.program ?? this.find();
      const entry = at >>> 0 < ITCM_BYTES ? program?.at(at, interpreter, memory) : undefined;
      if (program === null || entry === undefined) {
        interpreter.run(false);
        continue;
      }
      const run = (this.runs[entry.module] ??= instantiate(program.modules[entry.module], memory));
      run(entry.label, m.itcm);
      m.enter();
      m.done += s[DONE];
      if (s[EXIT] === INTERPRET) interpreter.run(true);
      else if (s[EXIT] === SHORT && s[LEFT] > 0) interpreter.run(false);
    }
  }

  /** To be called when ITCM has changed. */
  forget(): void {
    this.program = null;
  }

  /** Begins anew: another program is loaded. */
  reset(): void {
    this.forget();
    this.changes = 0;
  }

  private find(): Program | null {
    if (this.changes++ > MOST_CHANGES) return null;
    const { words } = this.memory.view(this.m.itcm, ITCM_BYTES);
    this.program = programFor(words, this.timing, this.memory.memory.buffer.byteLength / 0x10000);
    this.runs = runsOf(this.program, this.memory);
    return this.program;
  }
}
