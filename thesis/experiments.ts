import type { Reported } from "./tables/figures.ts";
import { breakoutTrials } from "./tables/in-breakout.ts";
import { gymnasiumTrials, policyGradientTrials } from "./tables/in-gymnasium.ts";
import { EPISODES_ON_BOARD, simulatorTrials } from "./tables/in-simulators.ts";
import type { Trial } from "./tables/trial.ts";
import { judge, judgeInSimulator, judgeOriginal, type Measured, type Opinion } from "./verdict.ts";

/** What is measured for a row: ours; the original's own network in our engine; in a simulator's row, the same network under the exact mapping. */
export type Side = "ours" | "original" | "exact";

/** A row of a reproduced table: the thesis's figures, ours, and what to make of them. */
export interface Row extends Opinion {
  readonly table: string;
  readonly name: string;
  readonly thesis: Reported;
  /** Of a simulator's row: the original's network in the thesis's set-up. */
  readonly ours: Measured | null;
  readonly simulator?: string;
  /** Of a simulator's row: the same network under the exact mapping, which is what our engine computes (dsqn certify shows that). */
  readonly exact?: Measured | null;
  /** The original's own network run by our engine; null without it. */
  readonly original?: Measured | null;
  readonly originalVerdict?: Opinion["verdict"];
  readonly originalReason?: string | null;
}

/** How the rows of a kind of experiment are measured and judged. */
interface Family {
  readonly name: "gymnasium" | "simulator" | "breakout";
  /** Of a row, and with --quick. */
  readonly episodes: readonly [all: number, quick: number];
  /** With --quick, rows of at most so many time steps. */
  readonly quickSteps: number;
  /** Whether it rests on the original's own networks. */
  readonly original: "needed" | "if there" | "not at all";
  /** Processes that measure side by side; as many as there are cores unless given. */
  readonly processes?: number;
  sides(trial: Trial, original: string | undefined): readonly Side[];
  row(trial: Trial, measured: Readonly<Partial<Record<Side, Measured | null>>>): Row;
}

/** A set of tables of the thesis. */
export interface Experiment {
  readonly title: string;
  readonly family: Family;
  /** What its rows are played in, where it is one. */
  readonly environment?: string;
  /** Whose trainings are repeated too (tables 4.5 and 4.10). */
  readonly training?: "cartpole" | "mountaincar";
  trials(): readonly Trial[];
}

const rowOf = ({ table, name, thesis }: Trial, ours: Measured | null = null, { verdict, reason }: Opinion): Row => ({
  table,
  name,
  thesis,
  ours,
  verdict,
  reason,
});

const inGymnasium: Family = {
  name: "gymnasium",
  episodes: [100, 20],
  quickSteps: 1000,
  original: "if there",
  sides: ({ improved }, original) => (original !== undefined && !improved ? ["ours", "original"] : ["ours"]),
  row(trial, { ours = null, original = null }) {
    const theirs = original && judgeOriginal(trial, original);
    return {
      ...rowOf(trial, ours, judge(trial, ours)),
      original,
      originalVerdict: theirs?.verdict ?? null,
      originalReason: theirs?.reason ?? null,
    };
  },
};

const inSimulators: Family = {
  name: "simulator",
  episodes: [100, 20],
  quickSteps: 100,
  original: "needed",
  sides: () => ["ours", "exact"],
  row: (trial, { ours = null, exact = null }) => ({
    ...rowOf(trial, ours, judgeInSimulator(trial, ours, exact)),
    simulator: trial.simulator,
    exact,
  }),
};

/** As many episodes as the thesis has: a decision takes from half a second to many. */
const onBoard: Family = { ...inSimulators, episodes: [EPISODES_ON_BOARD, EPISODES_ON_BOARD] };

const inBreakout: Family = {
  name: "breakout",
  episodes: [30, 5],
  quickSteps: 100,
  original: "not at all",
  // Its games already run in as many workers as there are cores.
  processes: 1,
  sides: () => ["ours"],
  row: (trial, { ours = null }) => rowOf(trial, ours, judge(trial, ours)),
};

/** Everything that `dsqn reproduce` reproduces, by name. */
export const experiments = {
  "cartpole": {
    title: "CartPole",
    family: inGymnasium,
    environment: "CartPole-v1",
    training: "cartpole",
    trials: () => gymnasiumTrials("cartpole"),
  },
  "mountaincar": {
    title: "MountainCar",
    family: inGymnasium,
    environment: "MountainCar-v0",
    training: "mountaincar",
    trials: () => gymnasiumTrials("mountaincar"),
  },
  "policy-gradient": {
    title: "Policy gradient",
    family: inGymnasium,
    environment: "CartPole-v1",
    trials: policyGradientTrials,
  },
  "breakout": {
    title: "Breakout",
    family: inBreakout,
    environment: "BreakoutDeterministic-v4",
    trials: () => breakoutTrials,
  },
  "nest": { title: "NEST in the thesis's set-ups", family: inSimulators, trials: () => simulatorTrials("nest") },
  "pynn": { title: "PyNN in the original's set-up", family: inSimulators, trials: () => simulatorTrials("pynn") },
  "spinnaker": {
    title: "SpiNNaker as two twins predict it",
    family: inSimulators,
    trials: () => simulatorTrials("spinnaker"),
  },
  "board": {
    title: "SpiNNaker on an emulated board",
    family: onBoard,
    trials: () => simulatorTrials("board"),
  },
} as const satisfies Record<string, Experiment>;

/** The names of the experiments. */
export type ExperimentName = keyof typeof experiments;

/** By name, with the type that all have. */
export const experimentOf = (name: ExperimentName): Experiment => experiments[name];
