import { branch, branchExchange, coprocessor, countLeadingZeros, readStatus, writeStatus } from "./control.ts";
import { dataProcessing } from "./data-processing.ts";
import { blockTransfer, halfOrDouble, swap, wordOrByte } from "./loads-stores.ts";
import { type Machine, UndefinedInstruction } from "./machine.ts";
import { multiply, multiplyHalves, multiplyLong, saturating } from "./multiply.ts";

/** Which function executes an ARM instruction: by bits 27:20 and 7:4, which tell all instructions of ARMv5TE apart. */

export type Instruction = (m: Machine, w: number) => void;

/** Thrown by swi and bkpt. */
export class SoftwareInterrupt {}
export class Breakpoint {}

function softwareInterrupt(): void {
  throw new SoftwareInterrupt();
}

function breakpoint(): void {
  throw new Breakpoint();
}

export function undefinedInstruction(): void {
  throw new UndefinedInstruction();
}

export const indexOf = (w: number): number => ((w >>> 16) & 0xff0) | ((w >>> 4) & 15);

/** By `indexOf`. */
export const INSTRUCTIONS: readonly Instruction[] = Array.from({ length: 4096 }, (_, index) =>
  decode(index >>> 4, index & 15),
);

/** `high` is bits 27:20, `low` bits 7:4. */
function decode(high: number, low: number): Instruction {
  switch (high >>> 5) {
    case 0:
      if ((low & 9) === 9) return extension(high, low);
      if ((high & 0x19) === 0x10) return miscellaneous(high, low);
      return dataProcessing;
    case 1:
      if ((high & 0x19) === 0x10) return (high & 2) !== 0 ? writeStatus : undefinedInstruction;
      return dataProcessing;
    case 2:
      return wordOrByte;
    case 3:
      return (low & 1) === 0 ? wordOrByte : undefinedInstruction;
    case 4:
      return blockTransfer;
    case 5:
      return branch;
    case 6:
      return undefinedInstruction;
    default:
      if ((high & 0x10) !== 0) return softwareInterrupt;
      return (low & 1) !== 0 ? coprocessor : undefinedInstruction;
  }
}

/** Bits 7 and 4 both set: multiplications, swap, and loads and stores of halves and doubles. */
function extension(high: number, low: number): Instruction {
  // Post-indexed with W set: open in the architecture, and no assembler writes it.
  if (low !== 9) return (high & 0x12) === 2 ? undefinedInstruction : halfOrDouble;
  if ((high & 0x1c) === 0) return multiply;
  if ((high & 0x18) === 8) return multiplyLong;
  return (high & 0x1b) === 0x10 ? swap : undefinedInstruction;
}

/** tst, teq, cmp and cmn without S. */
function miscellaneous(high: number, low: number): Instruction {
  const operation = (high >>> 1) & 3;
  if ((low & 9) === 8) return multiplyHalves;
  switch (low) {
    case 0:
      return (operation & 1) === 0 ? readStatus : writeStatus;
    case 1:
      return operation === 1 ? branchExchange : operation === 3 ? countLeadingZeros : undefinedInstruction;
    case 3:
      return operation === 1 ? branchExchange : undefinedInstruction;
    case 5:
      return saturating;
    case 7:
      return operation === 1 ? breakpoint : undefinedInstruction;
    default:
      return undefinedInstruction;
  }
}
