import { type Interpreter } from "../interpreter.ts";
import { type Machine } from "../machine.ts";
import { type ChipMemory, ITCM_BYTES, MAP_BYTES, MAP_OFFSET } from "../memory.ts";
import { DONE, EXIT, LEFT } from "../state.ts";
import { type Timing } from "../timing.ts";
import { GO_ON, INTERPRET } from "./emitter.ts";
import { type ChipCode, codeOf, type Program, programFor } from "./program.ts";

/** After so many changes of code no content is looked for any more: a program that writes into its own code is interpreted. */
const MOST_CHANGES = 1000;

/** Runs code of ITCM as WebAssembly where that is hot, with the interpreter for everything else. */
export class Translator {
  private readonly m: Machine;
  private readonly memory: ChipMemory;
  private readonly interpreter: Interpreter;
  private readonly timing: Timing;
  private readonly hotAfter: number;
  private readonly code: ChipCode;
  /** Where this core's code is translated: see `driver`. */
  private readonly map: Int32Array;
  /** What ITCM holds; null: not known since it changed. */
  private program: Program | null = null;
  private changes = 0;
  /** How often a place was jumped to, up to `hotAfter`. */
  private readonly heat = new Uint16Array(ITCM_BYTES);
  /** Instructions done by translated code. */
  done = 0;

  constructor(m: Machine, memory: ChipMemory, interpreter: Interpreter, timing: Timing, hotAfter: number) {
    this.m = m;
    this.memory = memory;
    this.interpreter = interpreter;
    this.timing = timing;
    this.hotAfter = hotAfter;
    this.code = codeOf(memory);
    this.map = memory.view(m.itcm + MAP_OFFSET, MAP_BYTES).words;
  }

  /** Runs until cycles are used up or interrupts have to be looked at. */
  run(): void {
    const { m, interpreter } = this;
    const { s } = m;
    while (s[LEFT] > 0 && !m.attention) {
      if (!this.ready(m.next | (m.thumb ? 1 : 0))) {
        interpreter.run(false);
        continue;
      }
      m.leave();
      s[EXIT] = GO_ON;
      this.code.drive(m.itcm);
      m.enter();
      m.done += s[DONE];
      this.done += s[DONE];
      s[DONE] = 0;
      if (s[EXIT] === INTERPRET) interpreter.run(true);
      else if (s[EXIT] !== GO_ON && s[LEFT] > 0) interpreter.run(false);
    }
  }

  /** To be called when ITCM has changed. */
  forget(): void {
    if (this.program !== null) this.map.fill(0);
    this.program = null;
  }

  /** Begins anew: another program is loaded. */
  reset(): void {
    this.forget();
    this.heat.fill(0);
    this.changes = 0;
  }

  /** Whether there is a translation at an address (bit 0: Thumb); makes one where it is hot. */
  private ready(at: number): boolean {
    if (at >>> 0 >= ITCM_BYTES) return false;
    const word = this.map[at >> 1];
    if (word !== 0 && ((word ^ at) & 1) === 0) return true;
    let entry = this.program?.entries[at];
    if (entry === undefined) {
      if (this.heat[at] < this.hotAfter) {
        this.heat[at]++;
        return false;
      }
      this.program ??= this.find();
      entry = this.program?.entries[at] ?? this.program?.translate(at, this.interpreter, this.memory);
    }
    if (this.program === null || entry === undefined) return false;
    this.map[at >> 1] = this.code.word(this.program, entry, at & 1);
    return true;
  }

  private find(): Program | null {
    if (this.changes++ > MOST_CHANGES) return null;
    const { words } = this.memory.view(this.m.itcm, ITCM_BYTES);
    return programFor(words, this.timing, this.memory.memory.buffer.byteLength / 0x10000);
  }
}
