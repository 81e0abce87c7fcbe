import { policyGradient, type Reported, scores, times } from "./figures.ts";
import { label, type Trial } from "./trial.ts";

type Environment = "cartpole" | "mountaincar";
type Key = "dqn" | "classifier" | "reinforce" | "dsqn" | "stored-classifier";
type Figures = readonly [mean: number, std: number, similarity: number];

/** Where the original's own conversions are stored; others are made anew. */
const stored: Partial<Record<`${Environment} ${Key}`, string>> = {
  "cartpole dqn": "CartPole-A/DQN-Converted",
  "cartpole stored-classifier": "CartPole-A/Classifier-Converted",
  "cartpole reinforce": "CartPole-PolicyGradient/converted",
};
/** What else is known of a row, besides what a run tests (verdict.ts). */
const reasons: Partial<Record<`${Environment} ${Key} ${number}`, string>> = {
  "mountaincar dqn 100":
    "the thesis contradicts itself on this conversion: 64.4 % in tables 4.7 and 4.8, 51.7 % in table 4.9, before any simulator",
};

/** Tables 4.1 to 4.11 on the same network. */
function ownFigure(environment: Environment, key: Key, steps: number): Reported | undefined {
  if (key === "dsqn") return scores[environment].dsqn;
  if (key === "reinforce") return policyGradient.converted[steps as 100];
  return key === "stored-classifier" ? undefined : times[environment][steps as 100]?.[key];
}

/** Table 4.14 rests on five episodes per row, all others on a hundred. */
export const EPISODES_ON_BOARD = 5;

/** network, T, figures: a table's rows for one environment in one set-up. */
type Block = readonly (readonly [Key, number, Figures])[];

const nest: readonly (readonly [Environment, string, Block])[] = [
  ["cartpole", "nest-original-iaf", [
    ["dqn", 100, [102.75, 3.1, 58.88]], ["dqn", 500, [109.58, 3.34, 60.53]],
    ["classifier", 100, [201.97, 21.5, 94.73]], ["classifier", 500, [224.34, 39.02, 98.69]],
    ["reinforce", 100, [462.59, 42.3, 88.7]], ["reinforce", 500, [440.63, 45.57, 92.76]],
    ["stored-classifier", 100, [299.9, 77.75, 88.63]],
    ["dsqn", 20, [500, 0, 67.59]],
  ]],
  ["cartpole", "nest-original-pp", [
    ["dqn", 100, [318.18, 28.44, 78.1]], ["dqn", 500, [453.2, 80.72, 78.76]],
    ["classifier", 100, [273.35, 79.49, 93.16]], ["classifier", 500, [232.84, 56.26, 98.99]],
    ["reinforce", 100, [414.32, 42.6, 84.37]], ["reinforce", 500, [436.82, 47.1, 96.85]],
    ["dsqn", 20, [500, 0, 66.25]],
  ]],
  ["mountaincar", "nest-original-iaf", [
    ["dqn", 100, [-150.08, 31.18, 89.46]], ["dqn", 500, [-137.9, 33.76, 92.86]],
    ["classifier", 100, [-254.88, 163.28, 95.7]], ["classifier", 500, [-203.78, 127.52, 99.28]],
    ["dsqn", 20, [-159.83, 69.07, 61.83]],
  ]],
  ["mountaincar", "nest-original-pp", [
    ["dqn", 100, [-500, 0, 7.86]], ["dqn", 500, [-157.5, 92.27, 95.31]],
    ["classifier", 100, [-450.48, 117.94, 80.92]], ["classifier", 500, [-221.84, 151.19, 97.84]],
    ["dsqn", 20, [-165.71, 51.89, 60.44]],
  ]],
]; // prettier-ignore

const pynn: typeof nest = [["cartpole", "pynn-original", [["stored-classifier", 100, [136.76, 15.12, 77.94]]]]];

const onBoard: readonly (readonly [Environment, Block])[] = [
  ["cartpole", [
    ["dqn", 100, [42.2, 54.43, 61.61]], ["dqn", 500, [33.8, 37.38, 58.58]],
    ["classifier", 100, [174.4, 5.13, 90.71]], ["classifier", 500, [188.2, 9.63, 93.41]],
    ["reinforce", 100, [500, 0, 87.24]], ["reinforce", 500, [489, 22.43, 83.8]],
    ["stored-classifier", 100, [247.8, 18.21, 84.5]],
    ["dsqn", 20, [288.2, 152.77, 74.25]],
  ]],
  // The thesis prints these without the minus sign.
  ["mountaincar", [
    ["dqn", 100, [-500, 0, 19.36]], ["dqn", 500, [-227.8, 154.65, 16.42]],
    ["classifier", 100, [-399, 148.5, 78.9]], ["classifier", 500, [-230.8, 150.54, 96.53]],
    ["dsqn", 20, [-220.4, 157.29, 36.66]],
  ]],
]; // prettier-ignore

const rowsOnBoard = (...simulators: readonly string[]): typeof nest =>
  simulators.flatMap((simulator) => onBoard.map(([environment, block]) => [environment, simulator, block] as const));

const spinnaker = rowsOnBoard("spinnaker-leaky-twin", "spinnaker-twin");
const board = rowsOnBoard("spinnaker");

/** All rows of tables 4.12 and 4.13 (nest), of the PyNN notebook (pynn), or of table 4.14 by twins (spinnaker) and on a board. */
export function simulatorTrials(experiment: "nest" | "pynn" | "spinnaker" | "board"): Trial[] {
  const hardware = experiment === "spinnaker" || experiment === "board";
  return { nest, pynn, spinnaker, board }[experiment].flatMap(([environment, simulator, block]) =>
    block.map(([key, steps, [mean, std, similarity]]): Trial => {
      const player = key === "stored-classifier" ? "classifier" : key;
      const what = key === "stored-classifier" ? "classifier, stored conversion (notebook)" : label(player);
      return {
        table: hardware ? "4.14" : tableOf(experiment, key),
        name: `${environment === "cartpole" ? "CartPole" : "MountainCar"} ${what}, T = ${steps}, ${shown(simulator)}`,
        environment,
        player,
        simulator,
        steps,
        ...(key !== "dsqn" && { conversion: { percentile: 0.99 }, stored: stored[`${environment} ${key}`] }),
        thesis: { mean, std, similarity },
        ...(hardware && { thesisEpisodes: EPISODES_ON_BOARD }),
        reason: reasons[`${environment} ${key} ${steps}`],
        own: ownFigure(environment, key, steps),
      };
    }),
  );
}

const shown = (simulator: string): string => (simulator === "spinnaker" ? "emulated board" : simulator);

function tableOf(experiment: "nest" | "pynn", key: Key): string {
  if (experiment === "pynn" || key === "stored-classifier") return "notebook";
  return key === "dsqn" ? "4.13" : "4.12";
}
