/**
 * The s16.15 fixed-point numbers ("accum") in which SpiNNaker cores compute, as integers in units of 2^-15: 32 bits,
 * overflow wraps. Source: ISO/IEC TR 18037, and the binaries that sPyNNaker ships (docs/simulators/twins.md).
 */
export const ONE = 32768;

/** What s16.15 ends at. */
export const LARGEST = 65536;

/** The nearest accum, as sPyNNaker's host side rounds parameters: halves to even. */
export function accum(x: number): number {
  return roundHalfEven(x * ONE) | 0;
}

/** Product, cut towards minus infinity: in float64 where that is exact, else in integers. */
export function multiply(x: number, y: number): number {
  const product = x * y;
  if (Math.abs(product) < Number.MAX_SAFE_INTEGER) return Math.floor(product / ONE) | 0;
  return Number(BigInt.asIntN(32, (BigInt(x) * BigInt(y)) >> 15n));
}

export function toNumber(x: number): number {
  return x / ONE;
}

/** As numpy.rint. */
export function roundHalfEven(x: number): number {
  const down = Math.floor(x);
  const fraction = x - down;
  return fraction < 0.5 || (fraction === 0.5 && down % 2 === 0) ? down : down + 1;
}
