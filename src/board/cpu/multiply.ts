import { type Machine, UndefinedInstruction } from "./machine.ts";
import { N, Q, Z } from "./state.ts";

/** Multiplications and saturating sums; source: DDI 0100, A4 and A10 (enhanced DSP). */

/** The upper 32 bits of the unsigned product. */
export function unsignedHigh(a: number, b: number): number {
  const al = a & 0xffff;
  const ah = a >>> 16;
  const bl = b & 0xffff;
  const bh = b >>> 16;
  const middle = ah * bl + ((al * bl) >>> 16);
  const low = al * bh + (middle & 0xffff);
  return (ah * bh + Math.floor(middle / 65536) + Math.floor(low / 65536)) | 0;
}

export function signedHigh(a: number, b: number): number {
  return (unsignedHigh(a, b) - (a < 0 ? b : 0) - (b < 0 ? a : 0)) | 0;
}

/** mul, mla. C keeps its value. */
export function multiply(m: Machine, w: number): void {
  const { s } = m;
  const sum = (w & 0x00200000) !== 0 ? s[(w >>> 12) & 15] : 0;
  const result = (Math.imul(s[w & 15], s[(w >>> 8) & 15]) + sum) | 0;
  s[(w >>> 16) & 15] = result;
  if ((w & 0x00100000) !== 0) s[N] = s[Z] = result;
}

/** umull, umlal, smull, smlal. */
export function multiplyLong(m: Machine, w: number): void {
  const { s } = m;
  const a = s[w & 15];
  const b = s[(w >>> 8) & 15];
  const rdLow = (w >>> 12) & 15;
  const rdHigh = (w >>> 16) & 15;
  let low = Math.imul(a, b);
  let high = (w & 0x00400000) !== 0 ? signedHigh(a, b) : unsignedHigh(a, b);
  if ((w & 0x00200000) !== 0) {
    const sum = (low >>> 0) + (s[rdLow] >>> 0);
    high = (high + s[rdHigh] + (sum > 0xffffffff ? 1 : 0)) | 0;
    low = sum | 0;
  }
  s[rdLow] = low;
  s[rdHigh] = high;
  if ((w & 0x00100000) !== 0) {
    s[N] = high;
    s[Z] = low | high;
  }
}

/** Bottom or top half of a register, with its sign. */
const half = (value: number, top: number): number => (top !== 0 ? value >> 16 : (value << 16) >> 16);

/** a + b; Q is set where the sum doesn't fit. (It isn't saturated.) */
function accumulate(m: Machine, a: number, b: number): number {
  const sum = a + b;
  if (sum !== (sum | 0)) m.s[Q] = 1;
  return sum | 0;
}

/** smlaxy, smlawy, smulwy, smlalxy, smulxy. */
export function multiplyHalves(m: Machine, w: number): void {
  const { s } = m;
  const rm = s[w & 15];
  const b = half(s[(w >>> 8) & 15], w & 0x40);
  const rd = (w >>> 16) & 15;
  const rn = (w >>> 12) & 15;
  switch ((w >>> 21) & 3) {
    case 0:
      s[rd] = accumulate(m, half(rm, w & 0x20) * b, s[rn]);
      return;
    case 1: {
      // A product of 48 bits is exact in a double.
      const product = Math.floor((rm * b) / 65536) | 0;
      s[rd] = (w & 0x20) !== 0 ? product : accumulate(m, product, s[rn]);
      return;
    }
    case 2: {
      const product = half(rm, w & 0x20) * b;
      const low = (product >>> 0) + (s[rn] >>> 0);
      s[rd] = s[rd] + (product < 0 ? -1 : 0) + (low > 0xffffffff ? 1 : 0);
      s[rn] = low;
      return;
    }
    default:
      s[rd] = half(rm, w & 0x20) * b;
  }
}

function saturate(m: Machine, value: number): number {
  if (value === (value | 0)) return value;
  m.s[Q] = 1;
  return value < 0 ? -0x80000000 : 0x7fffffff;
}

/** qadd, qsub, qdadd, qdsub. */
export function saturating(m: Machine, w: number): void {
  const { s } = m;
  const rm = s[w & 15];
  const rn = s[(w >>> 16) & 15];
  const b = (w & 0x00400000) !== 0 ? saturate(m, 2 * rn) : rn;
  const rd = (w >>> 12) & 15;
  if (rd === 15) throw new UndefinedInstruction();
  s[rd] = saturate(m, (w & 0x00200000) !== 0 ? rm - b : rm + b);
}
