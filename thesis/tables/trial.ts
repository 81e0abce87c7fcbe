import type { ConversionOptions } from "../../src/conversion/convert.ts";
import type { Coding } from "../../src/network/network.ts";
import type { Reported } from "./figures.ts";

export type EnvironmentName = "cartpole" | "mountaincar" | "breakout";
/** Whose policy: of the networks that there are, or of none. */
export type PlayerName = "random" | "left" | "dqn" | "classifier" | "snn-classifier" | "dsqn" | "reinforce";

/** One row of a table: a network, what is done to it, and what the thesis reports of it. */
export interface Trial {
  readonly table: string;
  readonly name: string;
  readonly environment: EnvironmentName;
  readonly player: PlayerName;
  /** Converted, with `steps` time steps. */
  readonly conversion?: ConversionOptions;
  /** T, where it isn't the network's own. */
  readonly steps?: number;
  /** How the spiking network is written and read, where it isn't by constant current and final potential. */
  readonly coding?: Partial<Pick<Coding, "encoding" | "decoding" | "ties" | "signedInputs">>;
  /** Where the original's own conversion is stored, its folder. */
  readonly stored?: string;
  /** Probability of a random action; 0 unless given. */
  readonly epsilon?: number;
  /** Observations are divided, element by element, by the largest that was visited, and the first layer's weights multiplied. */
  readonly spanInputs?: boolean;
  /** Not the thesis's method: what replaces it here. Only ours is measured, against the thesis's figure. */
  readonly improved?: boolean;
  /** A set-up of the thesis in which the original's network runs. */
  readonly simulator?: string;
  readonly thesis: Reported;
  /** Episodes behind the thesis's figures; 100 unless given. */
  readonly thesisEpisodes?: number;
  /** "> 99.9" in the thesis. */
  readonly thesisIsBound?: boolean;
  /** Another figure that the thesis or the original's notebooks give for what is stored, and why there are two. */
  readonly alsoReported?: { readonly figures: Reported; readonly reason: string };
  /** In a simulator: what the thesis reports of this network without one, tables 4.1 to 4.11. */
  readonly own?: Reported;
  /** What else is known of a row that differs. */
  readonly reason?: string;
  /** The row of the same table from which the supposed cause of a bad result is removed, and the cause. */
  readonly remedy?: { readonly row: string; readonly cause: string };
}

/** T of a converted network, 0 for any other. */
export const timeSteps = ({ steps = 0 }: Trial): number => steps;

/** A player by name, in the words of the tables. */
export const label = (player: PlayerName): string =>
  ({
    "random": "random actions",
    "left": "go left and stay",
    "dqn": "DQN",
    "classifier": "classifier",
    "snn-classifier": "SNN classifier",
    "dsqn": "DSQN",
    "reinforce": "policy gradient",
  })[player];
