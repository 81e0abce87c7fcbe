import { DsqnError } from "../../errors.ts";

/** So much may come out of a file, besides so many times its own size: spike trains shrink a thousandfold. */
const LARGEST = 2 ** 25;
const LARGEST_RATIO = 64;
/** How often the bytes of a file may be looked at: structures that overlap must not make work out of nothing. */
const LOOKS = 16;
/** Groups within groups. */
export const DEEPEST = 32;

/**
 * The bytes of an HDF5 file with what reading it may cost. All numbers are little-endian; addresses and lengths have
 * the sizes that the superblock says.
 */
export interface Source {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** Names the file in errors. */
  readonly name: string;
  /** Bytes of an address, and of a length. */
  readonly offsetSize: number;
  readonly lengthSize: number;
  readonly budget: { looks: number; output: number };
}

export function sourceOf(bytes: Uint8Array, name: string): Source {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const budget = { looks: LOOKS * bytes.length + 65536, output: LARGEST + LARGEST_RATIO * bytes.length };
  return { bytes, view, name, offsetSize: 8, lengthSize: 8, budget };
}

/** A damaged file, or one that is not worth its cost: HDF5_INVALID. */
export function damaged({ name }: Pick<Source, "name">, problem: string, cause?: unknown): DsqnError {
  return new DsqnError("HDF5_INVALID", `${name}: ${problem}.`, {
    cause,
    facts: { source: name },
    hint: "The file is cut short, damaged, or no HDF5 file as h5py writes it. Write it again.",
  });
}

/** What HDF5 has and this reader has not: HDF5_UNSUPPORTED, with the feature's name. */
export function unsupported({ name }: Pick<Source, "name">, feature: string): DsqnError {
  return new DsqnError("HDF5_UNSUPPORTED", `${name}: it uses ${feature}, which is not read here.`, {
    facts: { source: name, feature },
    hint: "Write it with h5py's defaults (no libver, compression gzip, lzf or none), as `nir.write` does.",
  });
}

/** Counts bytes that are about to be made; HDF5_INVALID where they are more than a file of this size is worth. */
export function spend(source: Source, bytes: number, what: string): void {
  if (!((source.budget.output -= bytes) >= 0))
    throw damaged(source, `${what} takes it over ${LARGEST} bytes and ${LARGEST_RATIO} times its own size`);
}

/** A place in the file that moves on as one reads; it ends at `end`. */
export class Cursor {
  readonly source: Source;
  at: number;
  readonly end: number;
  private readonly what: string;

  /** `length` bytes from `at` on, all of which must be there; `what` they are stands in errors. */
  constructor(source: Source, at: number, length: number, what: string) {
    if (!Number.isSafeInteger(at) || at < 0 || !(length >= 0) || at + length > source.bytes.length)
      throw damaged(source, `${what} lies beyond its end (cut short?)`);
    if ((source.budget.looks -= length) < 0) throw damaged(source, `${what} lies where too much else does`);
    [this.source, this.at, this.end, this.what] = [source, at, at + length, what];
  }

  /** The same place from here on, for one who may look twice. */
  again(): Cursor {
    return new Cursor(this.source, this.at, this.left, this.what);
  }

  get left(): number {
    return this.end - this.at;
  }

  /** Moves on by so many bytes, and returns where they begin. */
  skip(length: number): number {
    if (!(length >= 0 && length <= this.left)) throw damaged(this.source, `${this.what} ends too early`);
    const from = this.at;
    this.at += length;
    return from;
  }

  u8(): number {
    return this.source.bytes[this.skip(1)];
  }

  u16(): number {
    return this.source.view.getUint16(this.skip(2), true);
  }

  u32(): number {
    return this.source.view.getUint32(this.skip(4), true);
  }

  /** An unsigned number of 1 to 8 bytes; Infinity from 2^53 on. */
  unsigned(size: number): number {
    const from = this.skip(size);
    let value = 0;
    for (let i = size - 1; i >= 0; i--) value = value * 256 + this.source.bytes[from + i];
    return Number.isSafeInteger(value) ? value : Infinity;
  }

  /** Where something lies; undefined where it lies nowhere (all bits set). */
  address(): number | undefined {
    const size = this.source.offsetSize;
    const nowhere = this.source.bytes.subarray(this.at, this.at + size).every((byte) => byte === 0xff);
    const value = this.unsigned(size);
    return nowhere ? undefined : value;
  }

  length(): number {
    return this.unsigned(this.source.lengthSize);
  }

  take(length: number): Uint8Array {
    const from = this.skip(length);
    return this.source.bytes.subarray(from, from + length);
  }

  /** The rest of it. */
  rest(): Uint8Array {
    return this.take(this.left);
  }

  /** Four letters that a structure begins with. */
  signature(letters: string): void {
    const found = String.fromCharCode(...this.take(4));
    if (found !== letters) throw damaged(this.source, `${this.what} does not begin with ${letters}`);
  }

  version(...known: readonly number[]): number {
    const version = this.u8();
    if (!known.includes(version)) throw unsupported(this.source, `version ${version} of ${this.what}`);
    return version;
  }
}

/** UTF-8, strictly; the bytes up to the first 0. */
export function textOf(source: Source, bytes: Uint8Array, what: string): string {
  const end = bytes.indexOf(0);
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(end < 0 ? bytes : bytes.subarray(0, end));
  } catch (cause) {
    throw damaged(source, `${what} is no UTF-8 text`, cause);
  }
}
