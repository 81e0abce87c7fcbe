import { Core, type CoreOptions } from "../../../src/board/cpu/core.ts";
import { ChipMemory } from "../../../src/board/cpu/memory.ts";
import { type Bus } from "../../../src/board/cpu/types.ts";

/** One core on a bench: a bus that only takes notes, and a program in ITCM. */
export interface Bench {
  readonly core: Core;
  readonly memory: ChipMemory;
  /** What the core did on the bus, as text. */
  readonly accesses: string[];
  /** Puts ARM words (or Thumb half words) at an address and starts there. */
  load(code: readonly number[], options?: { at?: number; thumb?: boolean }): void;
}

export function bench(options: CoreOptions = {}, bus: Partial<Bus> = {}): Bench {
  const memory = new ChipMemory(1);
  const accesses: string[] = [];
  const note =
    (name: string) =>
    (address: number, value?: number): number => {
      accesses.push([name, address.toString(16), ...(value === undefined ? [] : [value.toString(16)])].join(" "));
      return 0x12345678;
    };
  const notes: Bus = {
    read32: note("read32"),
    read16: note("read16"),
    read8: note("read8"),
    write32: note("write32"),
    write16: note("write16"),
    write8: note("write8"),
  };
  const core = new Core(memory, 0, { ...notes, ...bus }, { faults: "stop", timing: "one", hotAfter: 100, ...options });
  const load: Bench["load"] = (code, { at = 0x100, thumb = false } = {}) => {
    const { bytes } = memory.cores[0].itcm;
    core.reset({ pc: at });
    code.forEach((word, index) => {
      const size = thumb ? 2 : 4;
      for (let byte = 0; byte < size; byte++) bytes[at + size * index + byte] = word >>> (8 * byte);
    });
    core.codeChanged();
    if (thumb) core.cpsr |= 0x20;
  };
  return { core, memory, accesses, load };
}

/** Undefined in ARM (and, as a half word, in Thumb): ends a program of a core whose faults stop it. */
export const END = 0xe7f000f0;
export const END_THUMB = 0xde00;
