import {
  add,
  addPairs,
  evaluate,
  high,
  inverseFactorials,
  join,
  low,
  multiplyPairs,
  settled,
} from "./double-double.ts";

/**
 * Elementary functions that are the same to the last bit everywhere. ECMAScript leaves the last bits of Math.exp, log, pow, sin and cos to
 * the engine, and they do differ between versions of Node and between Node and browsers; so whatever decides a run (random normals,
 * schedules, bias corrections, leaks, softmax, rewards, worlds) takes them from here, and a seed has one curve.
 *
 * Each is computed to some 95 bits in pairs of float64 (double-double.ts) and rounded once. What comes out is thus the float64 nearest to
 * the true value, a definition that needs no reference to this code: all arguments that tests/numeric compares with mpmath agree, and the
 * odds that a random one would not are below 2^-35. Special values are ECMAScript's.
 *
 * Methods: Muller, "Elementary Functions" (3rd edition, 2016), chapters 4 (series), 5.2 and 11 (argument reduction, Payne & Hanek 1983).
 */

const bytes = new DataView(new ArrayBuffer(8));

/** floor(log2 |x|) for a finite x other than zero, exactly. */
export function exponentOf(x: number): number {
  bytes.setFloat64(0, x);
  const biased = (bytes.getUint32(0) >>> 20) & 0x7ff;
  return biased === 0 ? exponentOf(x * 18014398509481984) - 54 : biased - 1023;
}

/** 2^k for an integer k from -1022 to 1023. */
export function powerOfTwo(k: number): number {
  bytes.setUint32(0, (k + 1023) << 20);
  bytes.setUint32(4, 0);
  return bytes.getFloat64(0);
}

/** 2^(j / 16) in pairs. */
const ROOTS_HIGH = [
  1.0, 1.0442737824274138, 1.0905077326652577, 1.1387886347566916, 1.189207115002721, 1.241857812073484,
  1.2968395546510096, 1.3542555469368927, 1.4142135623730951, 1.4768261459394993, 1.5422108254079407,
  1.6104903319492543, 1.681792830507429, 1.7562521603732995, 1.8340080864093424, 1.9152065613971474,
] as const;
const ROOTS_LOW = [
  0.0, 8.551889705537965e-17, -3.046782079812471e-17, 8.912812676025408e-17, 3.982015231465646e-17,
  4.658027591836937e-17, 2.5382502794888315e-17, 7.70094837980299e-17, -9.667293313452913e-17, -3.483994556892796e-17,
  7.949834809697621e-17, 2.4707192569797888e-17, 8.199010020581497e-17, 2.960140695448873e-17, 3.283107224245627e-17,
  -1.0619946056195963e-16,
] as const;

// ln 2 / 16 and pi / 2 in parts, of which all but the last have so few bits that their products with a number of periods are exact.
const STEP = [0.04332169878489367, 1.0291218489291539e-13, 1.9136504600116575e-25] as const;
const HALF_PI = [1.5707963267341256, 6.077100506303966e-11, 2.0222662487111665e-21, 8.4784276603689e-32] as const;
const HALF_PI_PAIR = [1.5707963267948966, 6.123233995736766e-17] as const;

/**
 * How many terms of a series are pairs: at first just so many that the error is some 2^-64, which settles all but one in hundreds of
 * arguments; and only for those (Ziv 1991) all that the result's 95 bits need.
 */
type Precision = "quick" | "full";
const EXPM1 = { quick: 2, full: 7 };
const SINE = { quick: 3, full: 8 };

const expm1Series = inverseFactorials(1, 1, 1, 14, EXPM1.full);
const sinSeries = inverseFactorials(1, 2, -1, 14, SINE.full);
const cosSeries = inverseFactorials(0, 2, -1, 15, SINE.full);

/** Whether h 2^k, is a float64 with all its bits. */
function isNormal(h: number, k: number): boolean {
  return k > -1022 || (k === -1022 && h >= 1);
}

/** x = n ln 2 / 16 + r: the n, and e^r - 1 as a pair. For |x| up to 800. */
function reducedExpm1(xh: number, xl: number, precision: Precision): number {
  const n = Math.round(xh * 23.083120654223414);
  add(xh - n * STEP[0], -n * STEP[1]);
  join(high(), low() - n * STEP[2] + xl);
  const [rh, rl] = [high(), low()];
  evaluate(expm1Series, EXPM1[precision], rh, rl);
  multiplyPairs(high(), low(), rh, rl);
  return n;
}

/** e^x = 2^k y with y from 1 to 2 or a little off: the k, and y as a pair. */
function expPair(xh: number, xl: number, precision: Precision): number {
  const n = reducedExpm1(xh, xl, precision);
  const [rootHigh, rootLow] = [ROOTS_HIGH[n & 15], ROOTS_LOW[n & 15]];
  multiplyPairs(high(), low(), rootHigh, rootLow);
  addPairs(rootHigh, rootLow, high(), low());
  return n >> 4;
}

/** e^x - 1 as a pair, for |x| below 0.5: as precise beside small results. */
function expm1Pair(x: number, precision: Precision): void {
  const n = reducedExpm1(x, 0, precision);
  if (n === 0) return;
  const scale = n < 0 ? 0.5 : 1;
  const [rootHigh, rootLow] = [ROOTS_HIGH[n & 15] * scale, ROOTS_LOW[n & 15] * scale];
  multiplyPairs(high(), low(), rootHigh, rootLow);
  const [h, l] = [high(), low()];
  join(rootHigh - 1, rootLow);
  addPairs(high(), low(), h, l);
}

/** (h + l) 2^k, rounded once, for h + l between 0.9 and 2.1 and |k| up to 1200. */
function scaled(h: number, l: number, k: number): number {
  if (k > 1000) return (h + l) * powerOfTwo(k - 1000) * powerOfTwo(1000);
  if (isNormal(h, k)) return (h + l) * powerOfTwo(k);
  if (k < -1080) return 0;
  // A result with fewer bits: beside a number this large only those remain, and the rounding is that of this sum.
  const large = powerOfTwo(-1022 - k);
  add(large, h);
  return (high() + (low() + l) - large) * powerOfTwo(-1022) * powerOfTwo(k + 1022);
}

/** The error that "quick" allows itself of a value about 1, with a margin of eight. */
const QUICK = 2.2e-19;
/** Below e to this, results have fewer bits, and a rounding of their own. */
const SMALLEST = -708;

/** e^x, correctly rounded. */
export function exp(x: number): number {
  if (Number.isNaN(x)) return NaN;
  if (x > 710) return Infinity;
  if (x < -746) return 0;
  let k = expPair(x, 0, "quick");
  if (x < SMALLEST || !settled(QUICK)) k = expPair(x, 0, "full");
  return scaled(high(), low(), k);
}

/** ln x as a pair, for a positive finite x. */
function logPair(x: number, precision: Precision): void {
  let e = exponentOf(x);
  let m =
    e < -1022 ? x * 18014398509481984 * powerOfTwo(-54 - e) : x * powerOfTwo(-(e >> 1)) * powerOfTwo((e >> 1) - e);
  if (m > 1.4142135623730951) {
    m /= 2;
    e++;
  }
  // ln m = 2 artanh(s) to a float64's precision, then one step of Newton's: + (m e^-y - 1), which is exact to its square.
  const s = (m - 1) / (m + 1);
  let y = 0;
  for (let n = 23; n > 0; n -= 2) y = 1 / n + s * s * y;
  y *= 2 * s;
  expm1Pair(-y, precision);
  multiplyPairs(high(), low(), m, 0);
  addPairs(m - 1, 0, high(), low());
  const correction = high();
  join(y, correction - 0.5 * correction * correction);
  if (e === 0) return;
  const [h, l] = [high(), low()];
  const steps = 16 * e;
  add(steps * STEP[0], steps * STEP[1]);
  addPairs(high(), low() + steps * STEP[2], h, l);
}

/** The natural logarithm, correctly rounded. */
export function log(x: number): number {
  if (!(x > 0)) return x === 0 ? -Infinity : NaN;
  if (x === Infinity) return Infinity;
  logPair(x, "quick");
  if (!settled(QUICK * Math.abs(high()))) logPair(x, "full");
  return high() + low();
}

/** x^y, correctly rounded; with ECMAScript's special values: 1^Infinity is NaN. */
export function pow(x: number, y: number): number {
  if (y === 0) return 1;
  if (Number.isNaN(x) || Number.isNaN(y)) return NaN;
  const size = Math.abs(x);
  if (Math.abs(y) === Infinity) return size === 1 ? NaN : size > 1 === y > 0 ? Infinity : 0;
  const odd = Math.abs(y % 2) === 1;
  const sign = odd && (x < 0 || Object.is(x, -0)) ? -1 : 1;
  if (size === 0 || size === Infinity) return sign * ((size === 0) === y > 0 ? 0 : Infinity);
  if (x < 0 && !Number.isInteger(y)) return NaN;
  if (y === 1) return x;
  if (y === 2) return x * x;
  if (y === -1) return 1 / x;
  return sign * positivePower(size, y);
}

/** x^y of finite numbers, x positive. */
function positivePower(x: number, y: number): number {
  logPair(x, "quick");
  const magnitude = high() * y;
  if (magnitude > 710) return Infinity;
  if (magnitude < -746) return 0;
  multiplyPairs(high(), low(), y, 0);
  let k = expPair(high(), low(), "quick");
  if (magnitude > SMALLEST && settled(QUICK * (2 + 2 * Math.abs(magnitude)))) return scaled(high(), low(), k);
  logPair(x, "full");
  multiplyPairs(high(), low(), y, 0);
  k = expPair(high(), low(), "full");
  const [h, l] = [high(), low()];
  // Powers, other than values of the other functions, can be exact, or lie exactly between two float64; the pair is then a trifle off.
  if (Math.abs(l) < 1e-25) return scaled(h, 0, k);
  const next = h + 2 * l;
  if (isNormal(h, k) && Math.abs(next - h - 2 * l) < 1e-9 * Math.abs(l)) return scaled(isEven(h) ? h : next, 0, k);
  return scaled(h, l, k);
}

function isEven(x: number): boolean {
  bytes.setFloat64(0, x);
  return (bytes.getUint32(4) & 1) === 0;
}

/** The bits of 2 / pi behind the point: 1280 of them, for arguments up to the largest float64. */
const TWO_OVER_PI = BigInt(
  "0xa2f9836e4e441529fc2757d1f534ddc0db6295993c439041fe5163abdebbc561b7246e3a424dd2e006492eea09d1921cfe1deb1cb129a73ee88235f5" +
    "2ebb4484e99c7026b45f7e413991d639835339f49c845f8bbdf9283b1ff897ffde05980fef2f118b5a0a6d1f6d367ecf27cb09b74f463f669e5fea2d" +
    "7527bac7ebe5f17b3d0739f78a5292ea6bfb5fb11f8d5d0856033046fc7b6babf0cfbc209af4361d",
);

/** x less the nearest multiple of pi / 2, as a pair; returns that multiple modulo 4. */
function reduce(x: number): number {
  if (Math.abs(x) <= 0.7853981633974483) {
    join(x, 0);
    return 0;
  }
  if (Math.abs(x) > 1e6) return reduceLarge(x);
  // Cody & Waite: the first three products are exact.
  const k = Math.round(x * 0.6366197723675814);
  add(x - k * HALF_PI[0], -k * HALF_PI[1]);
  const [h, l] = [high(), low()];
  add(h, -k * HALF_PI[2]);
  const [sum, rest] = [high(), low()];
  add(sum, l);
  join(high(), low() + (rest - k * HALF_PI[3]));
  return k & 3;
}

/** Payne & Hanek: the fraction of x 2/pi in fixed point of 200 bits. No float64 is so near to a multiple that fewer than 130 are left. */
function reduceLarge(x: number): number {
  const e = exponentOf(x) - 52;
  const mantissa = BigInt(Math.abs(x) * powerOfTwo(-(e >> 1)) * powerOfTwo((e >> 1) - e));
  const turns = BigInt.asUintN(202, (mantissa * TWO_OVER_PI) >> BigInt(1080 - e));
  const quarter = BigInt.asUintN(202, turns + (1n << 199n)) >> 200n;
  const fraction = BigInt.asIntN(202, turns - (quarter << 200n));
  const h = Number(fraction);
  const unit = x < 0 ? -powerOfTwo(-200) : powerOfTwo(-200);
  multiplyPairs(h * unit, Number(fraction - BigInt(h)) * unit, HALF_PI_PAIR[0], HALF_PI_PAIR[1]);
  return (x < 0 ? -Number(quarter) : Number(quarter)) & 3;
}

/** Of the pair r: its sine (quarter 0), cosine (1) or their negatives (2, 3). */
function sineOf(rh: number, rl: number, quarter: number): number {
  sinePair(rh, rl, quarter, "quick");
  if (!settled(QUICK * Math.abs(high()))) sinePair(rh, rl, quarter, "full");
  const value = high() + low();
  return quarter > 1 ? -value : value;
}

function sinePair(rh: number, rl: number, quarter: number, precision: Precision): void {
  multiplyPairs(rh, rl, rh, rl);
  if (quarter % 2 === 1) return evaluate(cosSeries, SINE[precision], high(), low());
  evaluate(sinSeries, SINE[precision], high(), low());
  multiplyPairs(high(), low(), rh, rl);
}

/** The sine of x radians, correctly rounded. */
export function sin(x: number): number {
  if (Math.abs(x) < 1e-8) return x;
  if (!Number.isFinite(x)) return NaN;
  const quarter = reduce(x);
  return sineOf(high(), low(), quarter);
}

/** The cosine of x radians, correctly rounded. */
export function cos(x: number): number {
  if (!Number.isFinite(x)) return NaN;
  const quarter = reduce(x);
  return sineOf(high(), low(), (quarter + 1) & 3);
}
