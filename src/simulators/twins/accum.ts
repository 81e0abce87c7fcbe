/**
 * The s16.15 fixed-point numbers ("accum") in which SpiNNaker cores compute, as integers in units of 2^-15: 32 bits,
 * overflow wraps. Source: ISO/IEC TR 18037 and `MULT_ROUND_NEAREST_ACCUM` as sPyNNaker's neuron models use it.
 */
export const ONE = 32768;

/** The nearest accum. */
export function accum(x: number): number {
  return Math.round(x * ONE) | 0;
}

/** Product rounded to nearest: in float64 where that is exact, else in integers. */
export function multiply(x: number, y: number): number {
  const product = x * y;
  if (Math.abs(product) < Number.MAX_SAFE_INTEGER) return Math.floor((product + ONE / 2) / ONE) | 0;
  return Number(BigInt.asIntN(32, (BigInt(x) * BigInt(y) + 16384n) >> 15n));
}

export function toNumber(x: number): number {
  return x / ONE;
}
