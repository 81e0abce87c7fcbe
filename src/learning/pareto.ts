import { bitsOf, quantise } from "../conversion/quantise.ts";
import type { MakeEnvironments } from "../environments/worlds.ts";
import type { Cost } from "../network/cost.ts";
import { isSpiking, type Network } from "../network/network.ts";
import { unheard } from "../network/reach.ts";
import type { OnProgress } from "../progress.ts";
import { evaluate, type EvaluateOptions } from "./evaluate.ts";
import { policyOf } from "./policy.ts";

/** A model to be held against others. */
export interface Contender {
  readonly name: string;
  readonly network: Network;
}

/** A model at one T and one number of bits: what it scores, and what a decision costs. */
export interface ParetoRow {
  readonly model: string;
  readonly spiking: boolean;
  /** T; 1 for a network that does not spike. */
  readonly steps: number;
  /** Of a weight; 32 where those of the file take more than 16. */
  readonly bits: number;
  readonly score: number;
  readonly std: number;
  readonly ci95: readonly [number, number];
  readonly spikes: number;
  readonly acs: number;
  readonly macs: number;
  /** Picojoules by both models (network/cost.ts). */
  readonly energy: Cost["energy"];
  readonly cost: Cost;
  /** No other row scores at least as much with less energy, by arithmetic alone or with memory. */
  readonly efficient: { readonly compute: boolean; readonly withMemory: boolean };
}

/** Where to play, at which T and with how many bits. */
export interface ParetoOptions extends Pick<EvaluateOptions, "episodes" | "firstSeed" | "signal"> {
  readonly makeEnvironments: MakeEnvironments;
  /** Values of T for networks that spike, besides their own. */
  readonly steps?: readonly number[];
  /** Bits of weights, besides the file's; only fewer. */
  readonly bits?: readonly number[];
  /** Only this one of `paretoRuns`, by its place there. */
  readonly only?: number;
  readonly onProgress?: OnProgress;
}

/** A row that is to be measured. */
export interface ParetoRun extends Contender {
  readonly t: number;
  readonly width: number;
}

/** Every contender at every T and every number of bits. A T at which its outputs can't depend on its input is left out. */
export function paretoRuns(
  contenders: readonly Contender[],
  { steps = [], bits = [] }: Pick<ParetoOptions, "steps" | "bits">,
): ParetoRun[] {
  return contenders.flatMap(({ name, network }) => {
    const own = isSpiking(network) ? network.coding.steps : 1;
    const times = isSpiking(network) ? [...new Set([own, ...steps])].sort((a, b) => a - b) : [1];
    const heard = isSpiking(network) ? times.filter((t) => !unheard(network, t)) : times;
    const whole = bitsOf(network);
    const fewer = bits.filter((width) => width < whole);
    return heard.flatMap((t) => [whole, ...fewer].map((width) => ({ name, network, t, width })));
  });
}

/** Measures every one of `paretoRuns` on the same seeds. */
export async function pareto(contenders: readonly Contender[], options: ParetoOptions): Promise<ParetoRow[]> {
  const { makeEnvironments, steps, bits, only, onProgress, ...common } = options;
  const runs = paretoRuns(contenders, { steps, bits }).filter((_, k) => only === undefined || k === only);
  const rows: Omit<ParetoRow, "efficient">[] = [];
  for (const [done, { name, network, t, width }] of runs.entries()) {
    onProgress?.({ stage: "pareto", done, total: runs.length, unit: "rows", note: `${name}  T = ${t}  ${width} bits` });
    const policy = policyOf(
      width < bitsOf(network) ? quantise(network, width) : network,
      isSpiking(network) ? { steps: t } : {},
    );
    const { mean, std, ci95, spikesPerDecision, cost } = await evaluate(policy, makeEnvironments, common);
    await policy.close?.();
    rows.push({
      ...{ model: name, spiking: isSpiking(network), steps: t, bits: width, score: mean, std, ci95 },
      ...{ spikes: spikesPerDecision!, acs: cost!.acs, macs: cost!.macs, energy: cost!.energy, cost: cost! },
    });
  }
  onProgress?.({ stage: "pareto", done: runs.length, total: runs.length, unit: "rows" });
  return withFronts(rows);
}

/** The rows with what each is among all of them. */
export function withFronts(rows: readonly Omit<ParetoRow, "efficient">[]): ParetoRow[] {
  const efficient = (by: keyof Cost["energy"]) => front(rows, ({ energy }) => energy[by]);
  const [compute, withMemory] = [efficient("compute"), efficient("withMemory")];
  return rows.map((row) => ({
    ...row,
    efficient: { compute: compute.has(row), withMemory: withMemory.has(row) },
  }));
}

/** Those that nothing beats: no other scores at least as much at a lower price, or more at the same. */
export function front<R extends { readonly score: number }>(rows: readonly R[], price: (row: R) => number): Set<R> {
  const beaten = (row: R): boolean =>
    rows.some(
      (other) =>
        (other.score >= row.score && price(other) < price(row)) ||
        (other.score > row.score && price(other) <= price(row)),
    );
  return new Set(rows.filter((row) => !beaten(row)));
}
