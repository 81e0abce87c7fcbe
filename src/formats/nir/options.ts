import type { Coding } from "../../network/network.ts";
import type { Lif } from "../../network/neurons/index.ts";

/** Whose file it is, or "nir": as NIR's own equations say. dialects.ts has what each stands for. */
export type NirDialect = "snntorch" | "norse" | "spikingjelly" | "sinabs" | "nir";

/** All of them, in the order of the help text. */
export const nirDialects = [
  "snntorch",
  "norse",
  "spikingjelly",
  "sinabs",
  "nir",
] as const satisfies readonly NirDialect[];

/** What a file of NIR leaves open. */
export interface NirOptions {
  readonly dialect?: NirDialect;
  /** Of a step, in the unit of the file's time constants; a dialect's own unless given. */
  readonly dt?: number;
  /** What a spike does to the potential; the dialect's own unless given. "zero" (to v_reset) and "subtraction" as the dialect's framework does them. */
  readonly reset?: Lif["reset"] | "zero";
  /** Spikes of a neuron in one step, at most (sinabs: Infinity unless given, all others 1). */
  readonly maxSpikes?: number;
  /** sinabs: inputs are multiplied by 1 - exp(-dt / tau), as unless told otherwise. */
  readonly normInput?: boolean;
  /** How the network is read; by spikes where its last node has some, and 100 steps, unless given. */
  readonly coding?: Partial<Coding>;
}
