import { exp } from "../../numeric/elementary.ts";
import { ONE } from "./accum.ts";

const UNIT = 2 ** 32;
/** exp(-k), k = 0 .. 12, and 1 - exp(-k/16), k = 0 .. 15, in units of 2^-32. */
const WHOLE = Array.from({ length: 13 }, (_, k) => BigInt(Math.round(exp(-k) * UNIT)));
const SIXTEENTHS = Array.from({ length: 16 }, (_, k) => BigInt(Math.round((1 - exp(-k / 16)) * UNIT)));
/** 1 - exp(-x) = c0 + c1 x - c2 x^2 for x below 1/16, with x in units of 1/16 of 2^-32 here; within 1.3e-6. */
const FINE = [5294n, 4293434720n, 2081624032n] as const;
/** Beyond it, in units of 2^-15, the result is 0. */
const LAST = 340695;

/**
 * exp(-x) as a SpiNNaker core computes it, for x >= 0 in units of 2^-15: tables of exp(-k) and exp(-k/16), times a
 * parabola that is off by up to 1.3e-6, cut to 2^-15 and not rounded. So it is often one unit below the nearest accum,
 * and for 1/1024 it is (32735, not 32736). Source: the arithmetic of `expk`, spinn_common's stdfix-exp.c.
 */
export function boardExp(x: number): number {
  if (x > LAST) return 0;
  const fraction = x % ONE;
  let result = WHOLE[Math.floor(x / ONE)];
  if (fraction > 0) {
    result -= scaled(result, SIXTEENTHS[fraction >> 11]);
    const fine = BigInt(fraction & 0x7ff) << 17n;
    const linear = FINE[1] - ((FINE[2] * fine) >> 32n);
    result -= scaled(result, ((linear * fine) >> 32n) + FINE[0]);
  }
  return Number(result >> 17n);
}

/** x y, with y in units of 2^-32, rounded to nearest. */
function scaled(x: bigint, y: bigint): bigint {
  return (x * y + (1n << 31n)) >> 32n;
}
