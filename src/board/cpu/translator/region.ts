import { isThumbOnly } from "../thumb.ts";

/** Code that is translated together: what can be reached from an entry by branches whose targets are known. */

export interface Instruction {
  readonly pc: number;
  /** The ARM word (of a Thumb instruction: the one it stands for). */
  readonly w: number;
}

export interface Block {
  readonly start: number;
  readonly instructions: readonly Instruction[];
  /** The address after the last instruction. */
  readonly end: number;
}

export interface Region {
  readonly thumb: boolean;
  /** By address. */
  readonly blocks: readonly Block[];
}

/** Enough for the inner loops of all binaries; more makes compilers slow. */
const MAXIMUM_INSTRUCTIONS = 400;
/** A block is run when all of it fits into the cycles that are left. */
const MAXIMUM_BLOCK = 24;

export type WordAt = (pc: number, thumb: boolean) => number;

/** Where an instruction leads: `targets` within the same state; `ends`: what follows it in memory begins a block of its own. */
interface Flow {
  readonly targets: readonly number[];
  readonly ends: boolean;
  /** Whether what follows in memory is reached from it, now or after a call. */
  readonly next: boolean;
}

const STRAIGHT: Flow = { targets: [], ends: false, next: true };

/** From `entry` on, below `limit`; `known` says what is translated already: regions end there. */
export function discover(
  entry: number,
  thumb: boolean,
  limit: number,
  wordAt: WordAt,
  known: (pc: number) => boolean,
): Region {
  const size = thumb ? 2 : 4;
  const leaders = new Set<number>([entry]);
  const seen = new Map<number, Flow>();
  const queue = [entry];
  for (let pc = queue.shift(); pc !== undefined; pc = queue.shift()) {
    for (let at: number = pc; at < limit && !seen.has(at) && seen.size < MAXIMUM_INSTRUCTIONS; at += size) {
      if (known(at)) break;
      const flow = flowOf(at, wordAt(at, thumb), thumb);
      seen.set(at, flow);
      const inside = flow.targets.filter((target) => target >= 0 && target < limit);
      for (const target of inside) leaders.add(target);
      queue.push(...inside);
      if (!flow.ends) continue;
      if (flow.next) {
        leaders.add(at + size);
        queue.push(at + size);
      }
      break;
    }
  }
  const starts = [...leaders].filter((pc) => seen.has(pc)).sort((a, b) => a - b);
  return { thumb, blocks: starts.flatMap((start) => blocksFrom(start, size, thumb, leaders, seen, wordAt)) };
}

/** From a leader to the next one; long ones in pieces. */
function blocksFrom(
  start: number,
  size: number,
  thumb: boolean,
  leaders: ReadonlySet<number>,
  seen: ReadonlyMap<number, Flow>,
  wordAt: WordAt,
): Block[] {
  const blocks: Block[] = [];
  let instructions: Instruction[] = [];
  let pc = start;
  const close = (): void => {
    if (instructions.length > 0) blocks.push({ start: instructions[0].pc, instructions, end: pc });
    instructions = [];
  };
  for (;;) {
    const flow = seen.get(pc);
    if (flow === undefined) break;
    instructions.push({ pc, w: wordAt(pc, thumb) });
    pc += size;
    if (flow.ends || leaders.has(pc)) break;
    if (instructions.length >= MAXIMUM_BLOCK) close();
  }
  close();
  return blocks;
}

/** Address to which a branch with a known target leads; null for other instructions. */
export function branchTarget(pc: number, w: number, thumb: boolean): number | null {
  if (thumb) {
    if (w >>> 24 === 0xf9) return (pc + 4 + ((w << 24) >> 23)) | 0;
    return w >>> 24 === 0xfc ? (pc + 4 + ((w << 21) >> 20)) | 0 : null;
  }
  return w < 0xf0000000 && (w & 0x0e000000) === 0x0a000000 ? (pc + 8 + ((w << 8) >> 6)) | 0 : null;
}

function flowOf(pc: number, w: number, thumb: boolean): Flow {
  if (!thumb && isBranchToThumb(w)) return { targets: [], ends: true, next: true };
  const target = branchTarget(pc, w, thumb);
  if (target !== null) {
    const conditional = thumb ? w >>> 24 === 0xf9 : w >>> 28 !== 14;
    const call = !thumb && (w & 0x01000000) !== 0;
    return { targets: call ? [] : [target], ends: true, next: conditional || call };
  }
  if (isThumbOnly(w)) return thumb ? thumbFlow(w) : { targets: [], ends: true, next: true };
  const conditional = w >>> 28 !== 14;
  if ((w & 0x0ffffff0) === 0x012fff10) return { targets: [], ends: true, next: conditional };
  if ((w & 0x0ffffff0) === 0x012fff30) return { targets: [], ends: true, next: true };
  if (writesPc(w)) return { targets: [], ends: true, next: conditional };
  return needsInterpreter(w) ? { targets: [], ends: true, next: true } : STRAIGHT;
}

/** Of Thumb's own: the second half of a call ends a block. */
function thumbFlow(w: number): Flow {
  return w >>> 24 >= 0xfe ? { targets: [], ends: true, next: true } : STRAIGHT;
}

/** blx to a constant address. */
export const isBranchToThumb = (w: number): boolean => w >>> 28 === 15 && (w & 0x0e000000) === 0x0a000000;

/** mrs, msr. */
const isStatus = (w: number): boolean =>
  (w & 0x01900000) === 0x01000000 && ((w & 0x02000000) !== 0 || (w & 0xf0) === 0);

/** SPSR; r15. */
function statusNeedsInterpreter(w: number): boolean {
  if ((w & 0x00400000) !== 0) return true;
  if ((w & 0x02000000) !== 0) return (w & 0x00200000) === 0;
  return (w & 0x00200000) !== 0 ? (w & 15) === 15 : usesPc(w, 12);
}

/** Loads of r15, and data processing into it. */
export function writesPc(w: number): boolean {
  if ((w & 0x0e108000) === 0x08108000) return true;
  if ((w & 0xf000) !== 0xf000) return false;
  if ((w & 0x0c100000) === 0x04100000) return true;
  const isData =
    (w & 0x0c000000) === 0 && (w & 0x01900000) !== 0x01000000 && ((w & 0x02000000) !== 0 || (w & 0x90) !== 0x90);
  return isData && (w & 0x01800000) !== 0x01000000;
}

/** What only the interpreter does: everything about modes and coprocessors, and what is rare. */
export function needsInterpreter(w: number): boolean {
  if (w >= 0xf0000000) return !isBranchToThumb(w) && (w & 0x0d70f000) !== 0x0550f000;
  switch ((w >>> 25) & 7) {
    case 0:
      return extensionNeedsInterpreter(w);
    case 1:
      return isStatus(w)
        ? statusNeedsInterpreter(w)
        : (w & 0x0010f000) === 0x0010f000 && (w & 0x01800000) !== 0x01000000;
    case 2:
    case 3:
      return singleNeedsInterpreter(w);
    case 4:
      return multipleNeedsInterpreter(w);
    case 5:
      return false;
    default:
      return true;
  }
}

/** User's registers; nothing at all; r15 stored or as a base; a base that is in the list and moves. */
function multipleNeedsInterpreter(w: number): boolean {
  const rn = (w >>> 16) & 15;
  if ((w & 0x00400000) !== 0 || (w & 0xffff) === 0 || (w & 0x00108000) === 0x8000 || rn === 15) return true;
  return (w & 0x00200000) !== 0 && ((w >>> rn) & 1) !== 0;
}

/** r15 stored, as an offset, or as a base that moves; bytes loaded into it. */
function singleNeedsInterpreter(w: number): boolean {
  const byRegister = (w & 0x02000000) !== 0;
  const moves = (w & 0x01200000) !== 0x01000000;
  if (byRegister && ((w & 0x10) !== 0 || (w & 15) === 15)) return true;
  if (moves && (((w >>> 16) & 15) === 15 || ((w >>> 16) & 15) === ((w >>> 12) & 15))) return true;
  return (w & 0xf000) === 0xf000 && (w & 0x00500000) !== 0x00100000;
}

function extensionNeedsInterpreter(w: number): boolean {
  if ((w & 0x90) === 0x90) {
    if ((w & 0x60) === 0) return (w & 0x0f000000) !== 0 || (w & 0x00c00000) === 0x00400000 || usesPc(w, 0, 8, 12, 16);
    const double = (w & 0x00100040) === 0x40;
    const rd = (w >>> 12) & 15;
    if ((w & 0x01200000) === 0x00200000 || rd === 15 || (double && ((rd & 1) !== 0 || rd === 14))) return true;
    const moves = (w & 0x01200000) !== 0x01000000;
    const rn = (w >>> 16) & 15;
    if (moves && (rn === 15 || rn === rd || (double && rn === rd + 1))) return true;
    return (w & 0x00400000) === 0 && (w & 15) === 15;
  }
  if ((w & 0x01900000) === 0x01000000) {
    if ((w & 0x90) === 0x80)
      return (w & 0x00600000) === 0 || (w & 0x00600020) === 0x00200000 || usesPc(w, 0, 8, 12, 16);
    if ((w & 0x0ff000f0) === 0x01600010) return usesPc(w, 0, 12);
    if ((w & 0xf0) === 0) return statusNeedsInterpreter(w);
    return (w & 0x0fffffd0) !== 0x012fff10 || (w & 15) === 15;
  }
  // Data processing: not with CPSR from SPSR, nor with r15 in a shift by a register.
  if ((w & 0x0010f000) === 0x0010f000 && (w & 0x01800000) !== 0x01000000) return true;
  return (w & 0x10) !== 0 && usesPc(w, 0, 8, 16);
}

const usesPc = (w: number, ...fields: number[]): boolean => fields.some((shift) => ((w >>> shift) & 15) === 15);
