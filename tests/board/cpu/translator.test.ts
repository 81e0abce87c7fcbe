import { describe, expect, it } from "@jest/globals";
import { bench, type Bench, END } from "./bench-core.ts";
import { numbers, type Program, randomProgram, START } from "./programs.ts";

/** Translated code against the interpreter: registers, flags, cycles, instructions and memory, however the run is cut into slices. */

function begin({ core, load }: Bench, program: Program): void {
  load(program.code, { at: START, thumb: program.thumb });
  program.registers.forEach((value, register) => (core.r[register] = value));
  core.cpsr = (0xd3 | program.flags | (program.thumb ? 0x20 : 0)) >>> 0;
}

const stateOf = ({ core }: Bench): unknown => [core.dump(), core.cycles, core.instructions];
const memoryOf = ({ memory: { cores, sdram } }: Bench): Buffer =>
  Buffer.concat([cores[0].itcm.bytes, cores[0].dtcm.bytes, sdram.bytes.subarray(0xfc000, 0x104000)]);

describe.each(["one", "arm968"] as const)("translated code, timing %s", (timing) => {
  it.each(["ARM", "Thumb", "ARM with SDRAM"])("does what the interpreter does: random programs, %s", (kind) => {
    const reference = bench({ engine: "interpret", timing });
    const translated = bench({ engine: "translate", timing });
    for (let seed = 0; seed < 25; seed++) {
      const program = randomProgram(seed, {
        thumb: kind === "Thumb",
        sdram: kind === "ARM with SDRAM",
        turns: 200,
        length: 40,
      });
      const below = numbers(seed);
      for (const one of [reference, translated]) begin(one, program);
      for (let stop = ""; stop !== "fault";) {
        const until = reference.core.cycles + 1 + below(1000);
        stop = reference.core.run(until);
        expect({ seed, stop: translated.core.run(until), state: stateOf(translated) }).toEqual({
          seed,
          stop,
          state: stateOf(reference),
        });
      }
      expect(reference.core.fault?.pc).toBe(program.end);
      expect(memoryOf(translated).equals(memoryOf(reference))).toBe(true);
    }
    expect(translated.core.translated).toBeGreaterThan(0.3 * translated.core.instructions);
    expect(reference.core.translated).toBe(0);
  });
});

describe("code that changes", () => {
  // r0 += 1 (later: 2), r1 times.
  const LOOP = [0xe2800001, 0xe2511001, 0x1afffffc, END];

  it("is translated anew after another program was loaded over it", () => {
    const { core, memory, load } = bench();
    load(LOOP);
    core.r[1] = 1000;
    expect(core.run(1e6)).toBe("fault");
    expect(core.r[0]).toBe(1000);
    memory.cores[0].itcm.words[0x100 / 4] = 0xe2800002 | 0;
    core.reset({ pc: 0x100 });
    core.r[1] = 1000;
    expect(core.run(core.cycles + 1e6)).toBe("fault");
    expect(core.r[0]).toBe(2000);
  });

  it("is seen when the core itself writes it", () => {
    const { core, load } = bench();
    // After 500 turns the program replaces its first instruction by the word in r3, once.
    load([0xe2800001, 0xe2511001, 0x03520000, 0x15823000, 0x03a02000, 0xe3510000, 0x1afffff8, END]);
    // add r0, r0, #1; subs r1, r1, #1; cmpeq r2, #0; strne r3, [r2]; ...: written at every turn until r2 is zero.
    core.r[1] = 400;
    core.r[2] = 0x100;
    core.r[3] = 0xe2800002;
    expect(core.run(1e6)).toBe("fault");
    // The first turn adds 1, then the word is there.
    expect(core.r[0]).toBe(1 + 2 * 399);
  });

  it("is shared by cores with the same content, and by those alone", () => {
    const [a, b] = [bench(), bench()];
    a.load(LOOP);
    b.load([0xe2800003, ...LOOP.slice(1)]);
    for (const { core } of [a, b]) {
      core.r[1] = 1000;
      core.run(1e6);
    }
    expect([a.core.r[0], b.core.r[0]]).toEqual([1000, 3000]);
  });
});
