import type { Mapping } from "../../network/mapping.ts";
import type { SpikeEvents } from "../../network/engine.ts";
import type { CartPoleEpisode } from "../images/cartpole.ts";
import type { Trace } from "../plots/membranes.ts";
import type { SweepPoint } from "../plots/sweep.ts";
import type { Stepper } from "../stepper.ts";

/** A mean over episodes with its 95 % interval. */
export interface Estimate {
  readonly mean: number;
  readonly std: number;
  readonly ci95: readonly [number, number];
  readonly episodes: number;
}

/** What `summary.json` of a run holds. */
export interface CartPoleSummary {
  readonly environment: string;
  readonly seed: number;
  /** ISO 8601. */
  readonly finished: string;
  readonly passed: boolean;
  /** What a run that did not pass missed, in words. */
  readonly missed: readonly string[];
  readonly dqn: Estimate;
  readonly snn: Estimate & {
    /** Share of the spiking network's decisions that the DQN would have made too. */
    readonly similarity: number;
    /** T */
    readonly steps: number;
    readonly spikesPerDecision: number;
    readonly synOpsPerDecision: number;
  };
  readonly certificate: {
    readonly simulator: string;
    readonly version: string;
    readonly states: number;
    readonly steps: number;
    /** Spiking neurons x steps x states. */
    readonly bins: number;
    readonly spikes: number;
    readonly mismatchedBins: number;
    readonly maxPotentialError: number;
    /** Share of states in which both choose the same action. */
    readonly actionsEqual: number;
  };
  readonly seconds: Readonly<Record<"setup" | "train" | "convert" | "evaluate" | "certify" | "total", number>>;
  readonly versions: Readonly<Record<string, string>>;
}

/** Everything that the report of a CartPole run shows. */
export interface CartPoleReport {
  readonly summary: CartPoleSummary;
  readonly training: {
    readonly returns: readonly number[];
    readonly threshold: number;
    readonly evaluations?: readonly { readonly episode: number; readonly mean: number }[];
    readonly environmentSteps: number;
  };
  /** [inputs, hidden..., outputs] */
  readonly shape: readonly number[];
  readonly episodes: readonly CartPoleEpisode[];
  readonly frames: readonly {
    readonly png: Uint8Array;
    readonly alt: string;
    readonly width: number;
    readonly height: number;
  }[];
  /** [states, 2] each, less the mean over the actions; the spiking network's in the DQN's unit. */
  readonly qValues: { readonly dqn: ArrayLike<number>; readonly snn: ArrayLike<number> };
  readonly sweep: readonly SweepPoint[];
  readonly decision: {
    /** The state, in words. */
    readonly words: string;
    readonly ours: readonly SpikeEvents[];
    readonly theirs: readonly SpikeEvents[];
    readonly steps: number;
    readonly output: readonly Trace[];
    readonly hidden: readonly Trace[];
    /** With it the reader can step through the decision; left out where the script can't be had. */
    readonly stepper?: Stepper;
  };
  readonly mapping: Mapping;
  /** Where the networks are, for the commands at the end. */
  readonly files: { readonly dqn: string; readonly snn: string; readonly replay: string };
  /** How this user starts the CLI: "dsqn", or in a clone "npm run -s dsqn --". */
  readonly cli: string;
}

/** How things call themselves. */
export const NAMES: Readonly<Record<string, string>> = { nest: "NEST", node: "Node.js" };
export const judgeOf = ({
  simulator,
  version,
}: Pick<CartPoleSummary["certificate"], "simulator" | "version">): string =>
  `${NAMES[simulator] ?? simulator} ${version}`;

export const fixed = (value: number, digits = 1): string => value.toFixed(digits);
export const count = (value: number): string => value.toLocaleString("en-US");
