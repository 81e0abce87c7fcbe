import { type Timing } from "../timing.ts";
import { isThumbOnly } from "../thumb.ts";
import { emitDataProcessing, pushCondition } from "./emit-data.ts";
import { emitHalf, emitMultiple, emitSingle } from "./emit-memory.ts";
import { emitMultiply, emitMultiplyHalves, emitMultiplyLong } from "./emit-multiply.ts";
import { Emitter, GO_ON, LOCALS, RESULT } from "./emitter.ts";
import { HELPERS } from "./helpers.ts";
import { emitReadStatus, emitWriteStatus } from "./emit-status.ts";
import {
  branchTarget,
  type Block,
  type Instruction,
  isBranchToThumb,
  needsInterpreter,
  type Region,
  writesPc,
} from "./region.ts";
import { assemble, I32 } from "./wasm.ts";

export interface Costs {
  readonly timing: Timing;
  /** Cycles of the instruction at an address, had its condition passed. */
  at(pc: number): number;
}

/** A region as a module: `run(label, base)` executes it from the block with that number, for the core whose memory begins at `base`. */
export function emitRegion(region: Region, costs: Costs, memoryPages: number): Uint8Array {
  const e = new Emitter(region);
  e.openRegion();
  region.blocks.forEach((block, index) => emitBlock(e, block, index, costs));
  e.closeRegion();
  const run = { parameters: [I32, I32], results: [], locals: LOCALS, body: e.finish() };
  return assemble([...HELPERS, run], memoryPages);
}

function emitBlock(e: Emitter, block: Block, index: number, costs: Costs): void {
  const { instructions } = block;
  const last = instructions.length - 1;
  e.openBlock(
    index,
    instructions.slice(0, last).reduce((sum, { pc }) => sum + costs.at(pc), 0),
  );
  for (const instruction of instructions) {
    e.pc = instruction.pc;
    emitInstruction(e, instruction, costs);
  }
  e.settle();
  e.fallThrough(block.end);
}

/** One instruction, with its condition and its costs. */
function emitInstruction(e: Emitter, { pc, w }: Instruction, costs: Costs): void {
  const cost = costs.at(pc);
  if (e.region.thumb && isThumbOnly(w)) {
    emitThumbOnly(e, w, cost);
    return;
  }
  if (needsInterpreter(w)) {
    e.bail();
    return;
  }
  if (w >= 0xf0000000) {
    if (isBranchToThumb(w)) branchToThumb(e, w, cost);
    else spendAlways(e, cost);
    return;
  }
  const condition = w >>> 28;
  if (condition === 14) {
    emitPlain(e, w, cost, costs);
    return;
  }
  pushCondition(e, condition);
  e.b.if();
  emitPlain(e, w, cost, costs, true);
  e.b.end();
  e.cycles += 1;
  e.count += 1;
}

function spendAlways(e: Emitter, cost: number): void {
  e.cycles += cost;
  e.count += 1;
}

/** What is done once the condition has passed. With `conditional` the caller counts what it costs on both ways. */
function emitPlain(e: Emitter, w: number, cost: number, costs: Costs, conditional = false): void {
  const leaves = emitWork(e, w, costs);
  if (leaves === null) {
    if (!conditional) spendAlways(e, cost);
    // One cycle is the caller's. Only now: an instruction that goes to the interpreter has not been paid.
    else if (cost > 1) e.spend(cost - 1);
    return;
  }
  const { cycles, count } = e;
  spendAlways(e, cost);
  e.settle();
  leaves();
  e.cycles = conditional ? cycles : 0;
  e.count = conditional ? count : 0;
}

/** Writes an instruction's work; if it jumps, returns what writes the jump, to be called once its costs are settled. */
function emitWork(e: Emitter, w: number, costs: Costs): (() => void) | null {
  const { b } = e;
  const target = branchTarget(e.pc, w, false);
  if (target !== null && !e.region.thumb) {
    if ((w & 0x01000000) !== 0) {
      b.i32(e.next);
      e.setRegister(14);
    }
    return () => e.goTo(target);
  }
  if ((w & 0x0fffffd0) === 0x012fff10) return exchange(e, w);
  emitComputation(e, w, costs);
  if (!writesPc(w)) return null;
  return (w & 0x0c000000) === 0 ? () => jump(e) : () => jumpWithState(e);
}

function emitComputation(e: Emitter, w: number, costs: Costs): void {
  const { memoryWait } = costs.timing;
  switch ((w >>> 25) & 7) {
    case 0:
      emitExtended(e, w, memoryWait);
      return;
    case 1:
      if ((w & 0x01900000) === 0x01000000) emitWriteStatus(e, w);
      else emitDataProcessing(e, w);
      return;
    case 4:
      emitMultiple(e, w, memoryWait);
      return;
    default:
      emitSingle(e, w, memoryWait);
  }
}

function emitExtended(e: Emitter, w: number, memoryWait: number): void {
  if ((w & 0x90) === 0x90) {
    if ((w & 0x60) !== 0) emitHalf(e, w, memoryWait);
    else if ((w & 0x00800000) !== 0) emitMultiplyLong(e, w);
    else emitMultiply(e, w);
  } else if ((w & 0x01900000) !== 0x01000000) emitDataProcessing(e, w);
  else if ((w & 0x90) === 0x80) emitMultiplyHalves(e, w);
  else if ((w & 0xf0) === 0) ((w & 0x00200000) !== 0 ? emitWriteStatus : emitReadStatus)(e, w);
  else {
    e.register(w & 15).op("clz");
    e.setRegister((w >>> 12) & 15);
  }
}

/** bx, blx. */
function exchange(e: Emitter, w: number): () => void {
  e.register(w & 15).set(RESULT);
  if ((w & 0x20) !== 0) {
    e.b.i32(e.next | (e.region.thumb ? 1 : 0));
    e.setRegister(14);
  }
  return () => jumpWithState(e);
}

function branchToThumb(e: Emitter, w: number, cost: number): void {
  const { b } = e;
  b.i32(e.next);
  e.setRegister(14);
  b.i32((e.pcValue + ((w << 8) >> 6) + ((w >>> 23) & 2)) | 1).set(RESULT);
  spendAlways(e, cost);
  e.settle();
  e.cycles = e.count = 0;
  e.leaveTo(GO_ON);
}

/** To RESULT, whose bit 0 chooses the state. */
function jumpWithState(e: Emitter): void {
  const { b } = e;
  // ARM addresses are aligned to words: clears bit 1 where bit 0 is clear.
  b.get(RESULT).i32(-1).i32(-4).get(RESULT).i32(1).op("and", "select", "and").set(RESULT);
  e.leaveTo(GO_ON);
}

/** To RESULT, in the same state. */
function jump(e: Emitter): void {
  const { b } = e;
  if (e.region.thumb) b.get(RESULT).i32(1).op("or").set(RESULT);
  else b.get(RESULT).i32(-4).op("and").set(RESULT);
  e.leaveTo(GO_ON);
}

function emitThumbOnly(e: Emitter, w: number, cost: number): void {
  const { b } = e;
  switch ((w >>> 24) & 15) {
    case 8:
      b.i32((e.pcValue & ~3) + ((w & 0xff) << 2));
      e.setRegister((w >>> 12) & 7);
      spendAlways(e, cost);
      return;
    case 9: {
      pushCondition(e, (w >>> 16) & 15);
      b.if();
      const { cycles, count } = e;
      spendAlways(e, cost);
      e.settle();
      e.goTo(branchTarget(e.pc, w, true) ?? 0);
      b.end();
      e.cycles = cycles + 1;
      e.count = count + 1;
      return;
    }
    case 12:
      spendAlways(e, cost);
      e.settle();
      e.cycles = e.count = 0;
      e.goTo(branchTarget(e.pc, w, true) ?? 0);
      return;
    case 13:
      b.i32(e.pcValue + ((w << 21) >> 9));
      e.setRegister(14);
      spendAlways(e, cost);
      return;
    default:
      secondHalfOfCall(e, w, cost);
  }
}

function secondHalfOfCall(e: Emitter, w: number, cost: number): void {
  const { b } = e;
  const toArm = w >>> 24 === 0xff;
  e.register(14)
    .i32((w & 0x7ff) << 1)
    .op("add");
  if (toArm) b.i32(-4).op("and");
  else b.i32(1).op("or");
  b.set(RESULT).i32(e.next | 1);
  e.setRegister(14);
  spendAlways(e, cost);
  e.settle();
  e.cycles = e.count = 0;
  e.leaveTo(GO_ON);
}
