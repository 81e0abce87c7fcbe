/**
 * Numbers of 106 bits as unevaluated sums of two float64, high + low (Dekker 1971; the error bounds: Joldes, Muller & Popescu 2017). Only
 * +, -, * and / of float64 are used, which IEEE 754 and ECMAScript define to the bit.
 *
 * A pair is returned in `high` and `low` of this module's one result: an object per operation would cost more than the operation.
 */
const result = new Float64Array(2);

/** The high and the low part of what the last operation came to. */
export const high = (): number => result[0];
export const low = (): number => result[1];

/** a + b of two float64, exactly (Knuth's). */
export function add(a: number, b: number): void {
  const sum = a + b;
  const part = sum - a;
  result[0] = sum;
  result[1] = a - (sum - part) + (b - part);
}

/** a + b where |a| >= |b|, exactly. */
export function join(a: number, b: number): void {
  const sum = a + b;
  result[0] = sum;
  result[1] = b - (sum - a);
}

/** a b of two float64, exactly, for magnitudes below 2^996 (Veltkamp's splitting). */
export function multiply(a: number, b: number): void {
  const product = a * b;
  const [s, t] = [134217729 * a, 134217729 * b];
  const [ah, bh] = [s - (s - a), t - (t - b)];
  const [al, bl] = [a - ah, b - bh];
  result[0] = product;
  result[1] = al * bl - (product - ah * bh - al * bh - ah * bl);
}

/** The sum of two pairs, to some 2^-104 of it where they have one sign. */
export function addPairs(ah: number, al: number, bh: number, bl: number): void {
  add(ah, bh);
  const [sum, error] = [result[0], result[1]];
  add(al, bl);
  const rest = result[1];
  join(sum, error + result[0]);
  join(result[0], result[1] + rest);
}

/** The product of two pairs, to some 2^-103 of it. */
export function multiplyPairs(ah: number, al: number, bh: number, bl: number): void {
  multiply(ah, bh);
  join(result[0], result[1] + (ah * bl + al * bh));
}

/** Coefficients c[0] + c[1] x + ...: the first as pairs, all later ones as float64, where their terms are that small. */
export interface Series {
  readonly high: Float64Array;
  readonly low: Float64Array;
}

/** The value of a power series at the pair x (Horner), with the first `pairs` coefficients as pairs. */
export function evaluate({ high: c, low: rest }: Series, pairs: number, xh: number, xl: number): void {
  let tail = 0;
  for (let n = c.length - 1; n >= pairs; n--) tail = c[n] + xh * tail;
  result[0] = tail;
  result[1] = 0;
  for (let n = pairs - 1; n >= 0; n--) {
    multiplyPairs(result[0], result[1], xh, xl);
    // The constant term outweighs the rest in every series here.
    const [h, l] = [result[0], result[1]];
    join(c[n], h);
    join(result[0], result[1] + (l + rest[n]));
  }
}

/** Whether the pair rounds to one and the same float64 wherever it lies within `error` of the result. */
export function settled(error: number): boolean {
  return result[0] + (result[1] + error) === result[0] + (result[1] - error);
}

/** sign^n / (first + step n)! for n below `terms`, the first `pairs` of them as pairs. */
export function inverseFactorials(first: number, step: number, sign: 1 | -1, terms: number, pairs: number): Series {
  const series = { high: new Float64Array(terms), low: new Float64Array(pairs) };
  let factorial = 1;
  for (let k = 2; k <= first; k++) factorial *= k;
  for (let n = 0, s = 1; n < terms; n++, s *= sign) {
    series.high[n] = s / factorial;
    if (n < pairs) {
      // Exact up to 22!, the last factorial that is a float64.
      multiply(series.high[n], factorial);
      series.low[n] = (s - result[0] - result[1]) / factorial;
    }
    for (let k = 1; k <= step; k++) factorial *= first + step * n + k;
  }
  return series;
}
