/** Figures of a sample, each with the estimator that it is. */

export function mean(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i];
  return sum / values.length;
}

/** Sample standard deviation (n - 1), 0 for a single value. */
export function standardDeviation(values: ArrayLike<number>): number {
  if (values.length < 2) return 0;
  const m = mean(values);
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += (values[i] - m) * (values[i] - m);
  return Math.sqrt(sum / (values.length - 1));
}

/**
 * The 97.5 % quantile of Student's t with `freedom` degrees: exact for 1 and 2, else Cornish & Fisher's expansion about the
 * normal quantile (Abramowitz & Stegun 26.7.5; error below 0.004 from 3 degrees on, below 1e-5 from 10).
 */
export function studentQuantile(freedom: number): number {
  if (freedom === 1) return 12.706204736432095;
  if (freedom === 2) return 4.302652729911275;
  const z = 1.959963984540054;
  const q = z * z;
  const g1 = (z * (q + 1)) / 4;
  const g2 = (z * (5 * q * q + 16 * q + 3)) / 96;
  const g3 = (z * (3 * q * q * q + 19 * q * q + 17 * q - 15)) / 384;
  const g4 = (z * (79 * q * q * q * q + 776 * q * q * q + 1482 * q * q - 1920 * q - 945)) / 92160;
  return z + (g1 + (g2 + (g3 + g4 / freedom) / freedom) / freedom) / freedom;
}

/** The 95 % t interval of the mean of independent values. */
export function meanInterval(values: ArrayLike<number>): [number, number] {
  const m = mean(values);
  if (values.length < 2) return [m, m];
  const half = (studentQuantile(values.length - 1) * standardDeviation(values)) / Math.sqrt(values.length);
  return [m - half, m + half];
}

/**
 * sum(part) / sum(whole) with its 95 % interval, the pairs being clusters: decisions within an episode depend on each other, episodes do not
 * (ratio estimator, Cochran 1977, eq. 2.46; t with clusters - 1 degrees of freedom). The interval is kept between 0 and `most`, which is 1 for
 * a share.
 */
export function ratioInterval(
  part: ArrayLike<number>,
  whole: ArrayLike<number>,
  most = Infinity,
): { ratio: number; ci95: [number, number] } {
  const n = whole.length;
  const ratio = mean(part) / mean(whole);
  if (n < 2) return { ratio, ci95: [ratio, ratio] };
  let squares = 0;
  for (let i = 0; i < n; i++) {
    const rest = part[i] - ratio * whole[i];
    squares += rest * rest;
  }
  const half = (studentQuantile(n - 1) * Math.sqrt(squares / (n - 1) / n)) / mean(whole);
  return { ratio, ci95: [Math.max(0, ratio - half), Math.min(most, ratio + half)] };
}
