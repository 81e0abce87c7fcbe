import { type Interpreter } from "../interpreter.ts";
import { type ChipMemory, ITCM_BYTES } from "../memory.ts";
import { type Timing } from "../timing.ts";
import { emitRegion } from "./emit.ts";
import { driver } from "./helpers.ts";
import { discover } from "./region.ts";

export interface Entry {
  /** Number of the region's module in its program. */
  readonly module: number;
  readonly label: number;
}

/** What was translated of one content of ITCM. Cores with the same content share it, on whatever chip they are. */
export class Program {
  /** By address, with bit 0 set for Thumb. */
  readonly entries: (Entry | undefined)[] = new Array<Entry | undefined>(ITCM_BYTES);
  readonly modules: WebAssembly.Module[] = [];
  private readonly timing: Timing;

  constructor(timing: Timing) {
    this.timing = timing;
  }

  /** Translates what can be reached from an address. */
  translate(address: number, interpreter: Interpreter, memory: ChipMemory): Entry | undefined {
    const thumb = (address & 1) !== 0;
    const { entries } = this;
    const region = discover(
      address & ~1,
      thumb,
      ITCM_BYTES,
      (pc, state) => interpreter.wordAt(pc, state),
      (pc) => entries[pc | (address & 1)] !== undefined,
    );
    const costs = { timing: this.timing, at: (pc: number) => interpreter.costAt(pc, thumb) };
    const pages = memory.memory.buffer.byteLength / 0x10000;
    const module = this.modules.push(new WebAssembly.Module(emitRegion(region, costs, pages))) - 1;
    region.blocks.forEach(({ start }, label) => (entries[start | (address & 1)] = { module, label }));
    return entries[address];
  }
}

interface Known {
  readonly words: Int32Array;
  readonly program: Program;
}

const known = new Map<string, Known[]>();
/** Contents that are kept: a board runs a dozen of binaries. */
const MOST_KNOWN = 64;

/** The program for what ITCM holds. */
export function programFor(itcm: Int32Array, timing: Timing, pages: number): Program {
  const { imul } = Math;
  let hash = 0x811c9dc5;
  for (let index = 0; index < itcm.length; index++) hash = imul(hash ^ itcm[index], 0x01000193);
  const key = `${timing.name} ${pages} ${hash}`;
  const same = known.get(key) ?? [];
  const found = same.find(({ words }) => equal(words, itcm));
  if (found !== undefined) return found.program;
  if (known.size >= MOST_KNOWN) known.delete(known.keys().next().value ?? "");
  const program = new Program(timing);
  known.set(key, [...same, { words: Int32Array.from(itcm), program }]);
  return program;
}

function equal(a: Int32Array, b: Int32Array): boolean {
  for (let index = 0; index < a.length; index++) if (a[index] !== b[index]) return false;
  return true;
}

type Drive = (base: number) => void;

/** What a chip has of translated code: its functions in one table, and the driver that calls them for all of its cores. */
export class ChipCode {
  readonly drive: Drive;
  private readonly imports: {
    readonly chip: { readonly memory: WebAssembly.Memory; readonly table: WebAssembly.Table };
  };
  /** Place in the table, by program and module. */
  private readonly places = new Map<Program, number[]>();

  constructor({ memory }: ChipMemory) {
    const table = new WebAssembly.Table({ initial: 1, element: "anyfunc" });
    this.imports = { chip: { memory, table } };
    const module = new WebAssembly.Module(driver(memory.buffer.byteLength / 0x10000));
    this.drive = new WebAssembly.Instance(module, this.imports).exports.run as Drive;
  }

  /** The word of a core's map for an entry: see `driver`. */
  word(program: Program, { module, label }: Entry, thumb: number): number {
    let places = this.places.get(program);
    if (places === undefined) this.places.set(program, (places = []));
    const place = (places[module] ??= this.instantiate(program.modules[module]));
    return (place << 12) | (label << 1) | thumb;
  }

  private instantiate(module: WebAssembly.Module): number {
    const { table } = this.imports.chip;
    const place = table.grow(1);
    table.set(place, new WebAssembly.Instance(module, this.imports).exports.run);
    return place;
  }
}

const chips = new WeakMap<ChipMemory, ChipCode>();

export function codeOf(memory: ChipMemory): ChipCode {
  let code = chips.get(memory);
  if (code === undefined) chips.set(memory, (code = new ChipCode(memory)));
  return code;
}
