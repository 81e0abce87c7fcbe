/**
 * What the thesis reports (C. Hahn, "Deep Spiking Q Networks", TUM 2020), as far as no simulator or hardware is needed: tables 4.1 to
 * 4.11. Means and sample standard deviations over 100 episodes of at most 500 steps; similarity in percent ("conversion accuracy":
 * equal actions on the states that the spiking network visits). MountainCar's returns are negative step counts.
 */
export interface Reported {
  readonly mean: number | null;
  readonly std: number | null;
  /** Percent. */
  readonly similarity: number | null;
}

const score = (mean: number, std: number | null = null, similarity: number | null = null): Reported => ({
  mean,
  std,
  similarity,
});
const similarity = (percent: number): Reported => ({ mean: null, std: null, similarity: percent });

/** Tables 4.1 (CartPole) and 4.6 (MountainCar): conversions at T = 500, surrogate gradients at T = 20. */
export const scores = {
  cartpole: {
    "random": score(20.96, 10.99),
    "dqn": score(226.31, 32.74),
    "dqn-converted": score(160.12, 9.17),
    "classifier": score(230.39, 66.27),
    "classifier-converted": score(218.71, 32.48),
    "snn-classifier": score(232.26, 60.81),
    "dsqn": score(454.84, 81.29),
  },
  mountaincar: {
    "random": score(-500, 0),
    "dqn": score(-175.4, 100.92),
    "dqn-converted": score(-147.43, 57.51),
    "classifier": score(-186.51, 107.8),
    "classifier-converted": score(-199.75, 135.57),
    "snn-classifier": score(-176.72, 110.38),
    "dsqn": score(-130.92, 27.9),
  },
} as const satisfies Record<string, Record<string, Reported>>;

/** Tables 4.2 and 4.7: the normalisation, T = 100. */
export const normalisations = {
  cartpole: {
    "model": { dqn: score(120.85, 4.08, 59.97), classifier: score(203.23, 24.55, 96.63) },
    "data": { dqn: score(125.47, 3.7, 61.35), classifier: score(190.28, 22.68, 94.88) },
    "robust 0.99": { dqn: score(121.99, 3.6, 60.82), classifier: score(195.18, 18.36, 95.58) },
    "robust 0.95": { dqn: score(127.59, 3.89, 62.89), classifier: score(196.27, 23.53, 96.06) },
  },
  mountaincar: {
    "model": { dqn: score(-330.57, 164.63, 36.93), classifier: score(-256.74, 162.37, 92.61) },
    "data": { dqn: score(-184.18, 71.34, 67.14), classifier: score(-256.23, 158.52, 94.75) },
    "robust 0.99": { dqn: score(-180.32, 57.51, 64.38), classifier: score(-278.92, 168.65, 93.89) },
    "robust 0.95": { dqn: score(-271.05, 155.56, 36.85), classifier: score(-283.45, 172.68, 95.2) },
  },
} as const;

/** Tables 4.3 and 4.8: encoding and decoding, T = 100. null: negative values can't be decoded by spikes. */
export const codings = {
  cartpole: {
    "poisson spikes": { dqn: score(423.89, 76.96, 63.98), classifier: score(374.7, 87.92, 83.39) },
    "poisson potential": { dqn: score(128.77, 6.18, 63.71), classifier: score(384.47, 96.77, 83.27) },
    "equidistant spikes": { dqn: score(105.51, 61.76, 65.28), classifier: score(181.08, 49.03, 82.41) },
    "equidistant potential": { dqn: score(88.45, 21.87, 61.2), classifier: score(181.62, 45.08, 81.2) },
    "constant spikes": { dqn: score(390.94, 102.37, 64.81), classifier: score(190.03, 16.58, 95.23) },
    "constant potential": { dqn: score(121.99, 3.6, 60.82), classifier: score(195.18, 18.36, 95.58) },
  },
  mountaincar: {
    "poisson spikes": { dqn: null, classifier: score(-169.16, 20.63, 84.59) },
    "poisson potential": { dqn: score(-225.7, 49.18, 57.09), classifier: score(-166.33, 12.23, 86.3) },
    "equidistant spikes": { dqn: null, classifier: score(-334.14, 167.88, 84.67) },
    "equidistant potential": { dqn: score(-430.65, 121.75, 12.44), classifier: score(-314.6, 166.06, 84.83) },
    "constant spikes": { dqn: null, classifier: score(-316.83, 171.39, 94.38) },
    "constant potential": { dqn: score(-180.32, 57.51, 64.38), classifier: score(-278.92, 168.65, 93.89) },
  },
} as const;

/** Tables 4.4 and 4.9: simulation time. What the thesis gives as "> 99.9" is null there and said in the verdict. */
export const times = {
  cartpole: {
    10: { dqn: score(18.61, 14.5, 56), classifier: score(14.12, 1.57, 44.55) },
    50: { dqn: score(122.4, 3.93, 62.08), classifier: score(169.61, 17.24, 88.97) },
    100: { dqn: score(122.26, 3.6, 60.72), classifier: score(195.18, 18.36, 95.58) },
    500: { dqn: score(160.12, 9.17, 81.61), classifier: score(217.56, 32.99, 99.1) },
    1000: { dqn: score(175.57, 12.14, 89.39), classifier: score(229.72, 58.33, 99.43) },
    5000: { dqn: similarity(97.6), classifier: similarity(99.9) },
    10000: { dqn: similarity(99), classifier: similarity(99.9) },
  },
  mountaincar: {
    10: { dqn: score(-500, null, 0), classifier: score(-500, null, 0) },
    50: { dqn: score(-463.51, 72.71, 5.68), classifier: score(-417.34, 145.63, 81.21) },
    100: { dqn: score(-206.27, 102.24, 51.65), classifier: score(-278.92, 168.65, 93.89) },
    500: { dqn: score(-147.34, 31.61, 96.56), classifier: score(-199.75, 135.57, 99.49) },
    1000: { dqn: score(-169.5, 89.29, 98.36), classifier: score(-188.33, 107.7, 99.71) },
    5000: { dqn: similarity(99.56), classifier: similarity(99.9) },
    10000: { dqn: similarity(99.79), classifier: similarity(99.9) },
  },
} as const;

/** Tables 4.5 and 4.10: five training runs each. `solved` of 5; episodes and 100-episode means, averaged over the runs. */
export const training = {
  cartpole: {
    "dqn 0.001": { solved: 3, solvedAt: 646.33, best: 197.79, bestAt: 784.2 },
    "dsqn 0.001": { solved: 1, solvedAt: 749, best: 190.94, bestAt: 468.6 },
    "dqn 0.0005": { solved: 1, solvedAt: 823, best: 198, bestAt: 731.4 },
    "dsqn 0.0005": { solved: 1, solvedAt: 274, best: 195.54, bestAt: 506.8 },
  },
  mountaincar: {
    "dqn 0.001": { solved: 3, solvedAt: 713.67, best: -120.13, bestAt: 820.2 },
    "dsqn 0.001": { solved: 0, solvedAt: null, best: -137.52, bestAt: 710.8 },
    "dqn 0.0005": { solved: 3, solvedAt: 802.33, best: -123.85, bestAt: 709 },
    "dsqn 0.0005": { solved: 3, solvedAt: 864, best: -130.05, bestAt: 891.4 },
  },
} as const;

/** Table 4.11: policy gradient on CartPole, and its conversion at several T. */
export const policyGradient = {
  dense: score(434, 49.22),
  converted: {
    10: score(500, 0, 79.27),
    50: score(467.78, 43.53, 83.28),
    100: score(462.15, 39.27, 89.37),
    500: score(438.04, 47.01, 97.76),
    1000: similarity(98.98),
    5000: similarity(99.6),
    10000: similarity(99.86),
  },
} as const;

/** Tables 4.4 and 4.9 print these as "> 99.9". */
export const atLeast = 99.9;
