import { STATE_OFFSET, DTCM_ADDRESS, DTCM_OFFSET } from "../memory.ts";
import { C, DONE, EXIT, LEFT, N, PC, V, Z } from "../state.ts";
import { type Region } from "./region.ts";
import { Body, I32, I64 } from "./wasm.ts";

/**
 * What all instructions share when they are written as WebAssembly. Registers and flags are locals while a region runs; they are read
 * from the core's state when it is entered, and those that were changed go back when it is left.
 */

/** Parameters: which block to begin with, where the core's memory lies. */
export const LABEL = 0;
export const BASE = 1;
const FIRST_REGISTER = 2;
export const FLAG_N = 17;
export const FLAG_Z = 18;
export const FLAG_C = 19;
export const FLAG_V = 20;
const CYCLES = 21;
const COUNT = 22;
/** DTCM's place less its address. */
export const DTCM = 23;
/** Scratch: operands, result, the shifter's carry, an address, its place. */
export const A = 24;
export const B = 25;
export const RESULT = 26;
export const CARRY = 27;
export const ADDRESS = 28;
export const PLACE = 29;
export const LONG = 30;
export const LOCALS: readonly number[] = [...Array.from({ length: 28 }, () => I32), I64];

/** The module's own functions. */
export const READ_PLACE = 0;
export const WRITE_PLACE = 1;

/** What EXIT says: go on at PC; let the interpreter do the one instruction there; the budget is too short for the block there. */
export const GO_ON = 0;
export const INTERPRET = 1;
export const SHORT = 2;

/** Where a word of the state lies, from BASE on. */
export const state = (word: number): number => STATE_OFFSET + 4 * word;
const STATE_OF: ReadonlyMap<number, number> = new Map([
  ...Array.from({ length: 15 }, (_, register) => [FIRST_REGISTER + register, register] as const),
  [FLAG_N, N],
  [FLAG_Z, Z],
  [FLAG_C, C],
  [FLAG_V, V],
  [CYCLES, LEFT],
]);

export class Emitter {
  readonly b = new Body();
  readonly region: Region;
  /** The instruction being written. */
  pc = 0;
  /** Cycles and instructions since the block began that are not yet taken from the budget. */
  cycles = 0;
  count = 0;
  /** What all but the last instruction of the block cost at most. */
  bound = 0;
  private readonly used = new Set<number>([CYCLES]);
  private readonly changed = new Set<number>([CYCLES]);
  private readonly indexOf: ReadonlyMap<number, number>;
  /** Depths: of the exit, the dispatching loop, and of the block whose end is where a block's code begins. */
  private current = 0;

  constructor(region: Region) {
    this.region = region;
    this.indexOf = new Map(region.blocks.map(({ start }, index) => [start, index]));
  }

  /** The value that programs see in r15. */
  get pcValue(): number {
    return this.pc + (this.region.thumb ? 4 : 8);
  }

  get next(): number {
    return this.pc + (this.region.thumb ? 2 : 4);
  }

  /** Pushes a register. */
  register(register: number): Body {
    if (register === 15) return this.b.i32(this.pcValue);
    return this.local(FIRST_REGISTER + register);
  }

  /** Pops into a register. */
  setRegister(register: number): Body {
    return this.setLocal(FIRST_REGISTER + register);
  }

  /** Pushes a flag. */
  local(local: number): Body {
    this.used.add(local);
    return this.b.get(local);
  }

  setLocal(local: number): Body {
    this.used.add(local);
    this.changed.add(local);
    return this.b.set(local);
  }

  teeLocal(local: number): Body {
    this.used.add(local);
    this.changed.add(local);
    return this.b.tee(local);
  }

  /** exit { loop { block n-1 { ... block 0 { dispatch } code 0 } code 1 ... } } */
  openRegion(): void {
    const { b } = this;
    const n = this.region.blocks.length;
    b.block().loop();
    for (let index = 0; index < n; index++) b.block();
    b.get(LABEL).brTable(Array.from({ length: n }, (_, index) => this.depthOf(index)));
  }

  /** Begins a block's code: leaves where the budget may not suffice for all of it. */
  openBlock(index: number, bound: number): void {
    const { b } = this;
    b.end();
    this.current = index;
    this.bound = bound;
    this.cycles = this.count = 0;
    this.pc = this.region.blocks[index].start;
    b.get(CYCLES).i32(bound).op("leS").if();
    this.leave(this.pc, SHORT);
    b.end();
  }

  closeRegion(): void {
    this.b.end().end();
  }

  /** Takes the cycles of the block so far from the budget. */
  settle(): void {
    const { b } = this;
    if (this.cycles !== 0) this.spend(this.cycles);
    if (this.count !== 0) b.get(COUNT).i32(this.count).op("add").set(COUNT);
  }

  spend(cycles: number): void {
    this.b.get(CYCLES).i32(cycles).op("sub").set(CYCLES);
  }

  /** Goes to an address of the same state. The budget is settled. */
  goTo(target: number): void {
    const { b } = this;
    const index = this.indexOf.get(target);
    if (index === undefined) this.leave(target, GO_ON);
    else if (index > this.current) b.br(this.depthOf(index));
    else b.i32(index).set(LABEL).br(1);
  }

  /** What follows in memory, where the block's code ends. */
  fallThrough(end: number): void {
    if (this.indexOf.get(end) !== this.current + 1) this.goTo(end);
  }

  /** Gives the instruction to the interpreter; nothing of it has been done. */
  bail(): void {
    const { cycles, count } = this;
    this.settle();
    this.leave(this.pc, INTERPRET);
    this.cycles = cycles;
    this.count = count;
  }

  leave(target: number, exit: number): void {
    this.b.i32(target | (this.region.thumb ? 1 : 0)).set(RESULT);
    this.leaveTo(exit);
  }

  /** To the address (with its state in bit 0) in RESULT. */
  leaveTo(exit: number): void {
    const { b } = this;
    b.get(BASE).get(RESULT).access("store32", state(PC));
    b.get(BASE).i32(exit).access("store32", state(EXIT)).br(0);
  }

  /** A load waits for slow memory: pays, or gives the instruction to the interpreter where that might use up the budget. */
  waitFor(cycles: number): void {
    if (cycles === 0) return;
    const { b } = this;
    b.get(CYCLES)
      .i32(this.bound + cycles)
      .op("leS")
      .if();
    this.bail();
    b.end();
    this.spend(cycles);
  }

  /** Around the code: what it reads from the state first, and what it leaves there. */
  finish(): Body {
    const all = new Body();
    for (const local of this.used)
      all
        .get(BASE)
        .access("load32", state(STATE_OF.get(local) ?? 0))
        .set(local);
    all
      .get(BASE)
      .i32(DTCM_OFFSET - DTCM_ADDRESS)
      .op("add")
      .set(DTCM);
    for (const byte of this.b.bytes) all.bytes.push(byte);
    for (const local of this.changed)
      all
        .get(BASE)
        .get(local)
        .access("store32", state(STATE_OF.get(local) ?? 0));
    all.get(BASE).get(BASE).access("load32", state(DONE)).get(COUNT).op("add").access("store32", state(DONE));
    return all;
  }

  private depthOf(index: number): number {
    return 2 + this.region.blocks.length - 1 - index;
  }
}
