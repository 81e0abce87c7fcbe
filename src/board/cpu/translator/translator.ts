import { type Interpreter } from "../interpreter.ts";
import { type Machine } from "../machine.ts";
import { type ChipMemory, ITCM_BYTES } from "../memory.ts";
import { DONE, EXIT, LEFT } from "../state.ts";
import { type Timing } from "../timing.ts";
import { emitRegion } from "./emit.ts";
import { INTERPRET, SHORT } from "./emitter.ts";
import { discover, type Region } from "./region.ts";

/** How often a place is jumped to before it is translated: most code of a program runs once. */
const HOT = 50;

type Run = (label: number, base: number) => void;

interface Entry {
  readonly run: Run;
  readonly label: number;
}

/** Modules by what they were made of: cores that run the same program share them. */
const modules = new Map<string, WebAssembly.Module>();
/** One instance for all cores of a chip. */
const instances = new WeakMap<ChipMemory, Map<string, Run>>();

/** Runs code of ITCM as WebAssembly where that is hot, with the interpreter for everything else. */
export class Translator {
  private readonly m: Machine;
  private readonly memory: ChipMemory;
  private readonly interpreter: Interpreter;
  private readonly timing: Timing;
  /** By address, with bit 0 set for Thumb. */
  private readonly entries: (Entry | undefined)[] = new Array<Entry | undefined>(ITCM_BYTES);
  private readonly heat = new Uint8Array(ITCM_BYTES);
  /** Bytes of ITCM that were translated. */
  private readonly translated = new Uint8Array(ITCM_BYTES);

  constructor(m: Machine, memory: ChipMemory, interpreter: Interpreter, timing: Timing) {
    this.m = m;
    this.memory = memory;
    this.interpreter = interpreter;
    this.timing = timing;
  }

  /** Runs until cycles are used up or interrupts have to be looked at. */
  run(): void {
    const { m, interpreter } = this;
    const { s } = m;
    while (s[LEFT] > 0 && !m.attention) {
      const at = m.next | (m.thumb ? 1 : 0);
      if (at >>> 0 >= ITCM_BYTES) {
        interpreter.run(false);
        continue;
      }
      const entry = this.entries[at] ?? (this.heat[at]++ > HOT ? this.translate(at) : undefined);
      if (entry === undefined) {
        interpreter.run(false);
        continue;
      }
      entry.run(entry.label, m.itcm);
      m.enter();
      m.done += s[DONE];
      if (s[EXIT] === INTERPRET) interpreter.run(true);
      else if (s[EXIT] === SHORT && s[LEFT] > 0) interpreter.run(false);
    }
  }

  /** To be called when code has changed: a word of it, or all. */
  forget(address = -1): void {
    if (address >= 0 && this.translated[address] === 0) return;
    this.entries.fill(undefined);
    this.heat.fill(0);
    this.translated.fill(0);
  }

  private translate(at: number): Entry | undefined {
    const thumb = (at & 1) !== 0;
    const region = discover(at & ~1, thumb, ITCM_BYTES, (pc, state) => this.interpreter.wordAt(pc, state));
    const run = this.instantiate(region);
    region.blocks.forEach(({ start, end }, label) => {
      this.entries[start | (at & 1)] ??= { run, label };
      // What follows decides about interlocks.
      this.translated.fill(1, start & ~3, end + 8);
    });
    return this.entries[at];
  }

  private instantiate(region: Region): Run {
    const key = this.keyOf(region);
    let runs = instances.get(this.memory);
    if (runs === undefined) instances.set(this.memory, (runs = new Map<string, Run>()));
    const known = runs.get(key);
    if (known !== undefined) return known;
    let module = modules.get(key);
    if (module === undefined) {
      const costs = { timing: this.timing, at: (pc: number) => this.interpreter.costAt(pc, region.thumb) };
      module = new WebAssembly.Module(emitRegion(region, costs, this.memory.memory.buffer.byteLength / 0x10000));
      modules.set(key, module);
    }
    const { exports } = new WebAssembly.Instance(module, { chip: { memory: this.memory.memory } });
    const run = exports.run as Run;
    runs.set(key, run);
    return run;
  }

  /** All that a region's module depends on: its words, and those behind each block that decide about interlocks. */
  private keyOf({ thumb, blocks }: Region): string {
    const texts = blocks.map(({ start, instructions, end }) => {
      const behind = [end, end + (thumb ? 2 : 4)].map((pc) => this.interpreter.wordAt(pc, thumb));
      return `${start}:${instructions.map(({ w }) => w).join()};${behind.join()}`;
    });
    return `${this.timing.name} ${thumb ? "thumb" : "arm"} ${texts.join(" ")}`;
  }
}
