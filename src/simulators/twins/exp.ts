import { ONE } from "./accum.ts";
import { exp } from "../../numeric/elementary.ts";

const UNIT = 1n << 32n;
/** 1 - exp(-k/16), in units of 2^-32. */
const COARSE = Array.from({ length: 16 }, (_, k) => BigInt(Math.round((1 - exp(-k / 16)) * 2 ** 32)));
/** 1 - exp(-x) = c0 + c1 x - c2 x^2 for x below 1/16, with x in units of 1/16 of 2^-32 here; within 1.3e-6. */
const FINE = [5294n, 4293434720n, 2081624032n] as const;

/**
 * exp(-x) as a SpiNNaker core computes it, for 0 <= x < 1 in units of 2^-15: a table of exp(-k/16), times a parabola
 * that is off by up to
 * 1.3e-6, cut to 2^-15 and not rounded. So it is often one unit below the nearest accum, and for 1/1024 it is (32735, not 32736).
 * Source: the arithmetic of `expk`, spinn_common's stdfix-exp.c.
 */
export function boardExp(x: number): number {
  if (x === 0) return ONE;
  const coarse = UNIT - COARSE[x >> 11];
  const fine = BigInt(x & 0x7ff) << 17n;
  const linear = FINE[1] - ((FINE[2] * fine) >> 32n);
  const series = ((linear * fine) >> 32n) + FINE[0];
  const product = (coarse * series + (1n << 31n)) >> 32n;
  return Number((coarse - product) >> 17n);
}
