import { neuronModels } from "../network/neurons/index.ts";
import type { Stage } from "./stages.ts";

/**
 * Where the membranes begin:
 * - zero: the thesis's. A neuron loses half a spike on average, and biases count for longer than inputs.
 * - half: at half the threshold, so that the spike count is rounded instead of cut off (Bu et al. 2022)
 * - balanced: half, and the time is made up for in which a layer hears its bias but not yet its inputs
 */
export type Start = "zero" | "half" | "balanced";

/** Steps of a neuron's lag: from a spike until it can make the next layer spike. */
const LAG: number = neuronModels["lagged-lif"].lag;

/**
 * How many steps of input reach the readout after `steps`: each layer of `layers` costs the neuron's lag, the last half of it, since
 * its potential is read and need not spike. Of lagged-lif T - 1 - 2 (layers - 1), of a neuron without lag T.
 */
export function effectiveSteps(layers: number, steps: number, lag: number = LAG): number {
  return Math.max(0, steps - Math.ceil(lag / 2) - lag * (layers - 1));
}

/** Where and when a network starts. */
export interface StartOptions {
  readonly start: Start;
  /** Neurons of one population, which stand side by side. */
  readonly population: number;
  readonly steps: number;
  readonly holdBack: number;
  readonly lag?: number;
}

/**
 * Membrane potentials before the first step, per stage [outputs] or null, in units of the threshold, and the biases, which "balanced" may change.
 * This is where they are rounded.
 *
 * The neurons of a population start at (i + 1/2) / size (at 1/2 alone). Layer l hears its bias b from step 0 and its inputs from step
 * lag l (2 l): of what arrives in time for the readout, N = `effectiveSteps` steps are input and N + 2 l bias. "balanced" starts 2 l b
 * lower, which makes both N whatever T is. For b < 0 that could begin above the threshold, and spikes that should never have been can't be
 * taken back: such a neuron begins at the threshold, and b is changed so that the total is the same,
 *
 *   v0 + (N + 2 l) b' = (i + 1/2) / size + N b.
 *
 * Hidden layers l > 0 are held back: they start D = holdBack l (l + 1) lower still, and their bias is D / (N + 2 l) higher, which makes up for
 * it by the end. Spikes come unevenly, and what an early volley fires can't be taken back: a membrane that has further to climb hears
 * more of its input before it first fires. It costs what a neuron can express, since the spikes have to fit into what time is left.
 *
 * `stages` are in units of one spike per step (`normalise`).
 */
export function startingPoint(
  stages: readonly Stage[],
  { start, population, steps, holdBack, lag = LAG }: StartOptions,
): { biases: Float32Array; potentials: Float32Array | null }[] {
  const last = stages.length - 1;
  const n = effectiveSteps(stages.length, steps, lag);
  return stages.map((stage, l) => {
    const biases = new Float32Array(stage.biases);
    if (start === "zero" || (start === "half" && l === last)) return { biases, potentials: null };
    const potentials = new Float32Array(biases.length);
    const early = start === "balanced" ? lag * l : 0;
    const held = n > 0 && l < last ? holdBack * l * (l + 1) : 0;
    for (const [j, bias] of stage.biases.entries()) {
      const aim = l < last ? ((j % population) + 0.5) / population : 0;
      const wanted = aim - early * bias;
      potentials[j] = l < last ? Math.min(1, wanted) : wanted; // the output layer never spikes
      if (wanted > potentials[j]) biases[j] = (aim + n * bias - potentials[j]) / (n + early);
      potentials[j] -= held;
      biases[j] += held / (n + early || 1);
    }
    return { biases, potentials };
  });
}
