import * as z from "zod/mini";
import type { MakeEnvironments } from "../environments/worlds.ts";
import { DsqnError, UsageError } from "../errors.ts";
import { columnsOf, type Layer } from "../network/layer.ts";
import { isSpiking, type Network } from "../network/network.ts";
import { Random } from "../numeric/random.ts";

/**
 * What a network sees while it learns: x' = (x - center) * scale, per element of the observation. The trained network gets it
 * folded into its first layer (`foldScaling`), so that a saved model always takes the environment's own observations.
 */
export const scalingSchema = z.strictObject({ center: z.array(z.number()), scale: z.array(z.number()) });

export type Scaling = z.infer<typeof scalingSchema>;

/** A scaling, none, or "observed": what random play shows decides, once, at the start of a run. */
export const scalingField = z.optional(z.union([z.literal("observed"), scalingSchema]));

/** Steps of random play that "observed" looks at, and environments that play them. */
const OBSERVED_STEPS = 5000;
const OBSERVERS = 20;
/** A wider range says nothing: float32's own, or infinity. */
const LARGEST_WIDTH = 1e6;
/**
 * A value is divided by at least so much of the range it was seen in, and of the one that the environment declares: what random play shows
 * rarely, as a leg that touches the ground, or never, as a pendulum that stands, stays small.
 */
const LEAST_OF_RANGE = 1 / 8;

/**
 * The scaling that brings what random play shows to mean 0 and deviation 1, element by element: 5000 steps in 20 environments from the run's
 * seed. Elements that never change keep their size.
 */
export async function observedScaling(makeEnvironments: MakeEnvironments, seed: number): Promise<Scaling> {
  const random = Random.stream(seed, "scaling");
  const environments = await makeEnvironments(OBSERVERS);
  const n = environments.observationSize;
  const [sum, squares] = [new Float64Array(n), new Float64Array(n)];
  const [least, most] = [new Float64Array(n).fill(Infinity), new Float64Array(n).fill(-Infinity)];
  let seen = 0;
  const note = (observations: Float32Array): void => {
    seen += OBSERVERS;
    observations.forEach((value, k) => {
      const j = k % n;
      sum[j] += value;
      squares[j] += value * value;
      least[j] = Math.min(least[j], value);
      most[j] = Math.max(most[j], value);
    });
  };
  try {
    const seeds = (): number[] => Array.from({ length: OBSERVERS }, () => random.integer(2 ** 31));
    note(await environments.reset({ seed: seeds() }));
    while (seen < OBSERVED_STEPS) {
      const actions = Int32Array.from({ length: OBSERVERS }, () => random.integer(environments.actions));
      const { observations, terminated, truncated } = await environments.step(actions);
      note(observations);
      const mask = terminated.map((ended, i) => ended | truncated[i]);
      if (mask.includes(1)) await environments.reset({ seed: seeds(), mask });
    }
  } finally {
    await environments.close();
  }
  // Four digits: a scaling is written down in configs and cards.
  const short = (value: number): number => Number(value.toPrecision(4));
  const center = Array.from(sum, (total) => short(total / seen));
  const scale = center.map((_, j) => {
    const deviation = Math.sqrt(Math.max(0, squares[j] / seen - (sum[j] / seen) * (sum[j] / seen)));
    const width = environments.widths?.[j] ?? 0;
    const range = Math.max(most[j] - least[j], width < LARGEST_WIDTH ? width : 0);
    return most[j] > least[j] ? short(1 / Math.max(deviation, LEAST_OF_RANGE * range)) : 1;
  });
  return { center, scale };
}

/** Throws CONFIG_INVALID unless `scaling`, where there is one, has a value for each element of the environment's observations. */
export function assertScalingFits(scaling: Scaling | undefined, observationSize: number, environment: string): void {
  for (const field of ["center", "scale"] as const)
    if (scaling && scaling[field].length !== observationSize)
      throw new UsageError(
        "CONFIG_INVALID",
        `"scaling.${field}" has ${scaling[field].length} value(s); observations of ${environment} have ${observationSize}.`,
        {
          hint: "Give one value per element of an observation (--set scaling=observed measures them), or leave scaling out (--set scaling=null).",
        },
      );
}

/** Scales `observations` [batch, n] into `out`. */
export function scaleObservations(
  { center, scale }: Scaling,
  observations: Float32Array,
  out = new Float32Array(observations.length),
): Float32Array {
  const n = scale.length;
  for (let i = 0; i < observations.length; i++) out[i] = (observations[i] - center[i % n]) * scale[i % n];
  return out;
}

/** The network that does on raw observations what `network`, whose first layer is dense, does on scaled ones (equal up to float32 rounding). */
export function foldScaling<N extends Network>(network: N, { center, scale }: Scaling): N {
  const [first, ...rest] = network.layers;
  const n = scale.length;
  const outputs = columnsOf(first);
  const weights = first.weights.slice();
  const shift = new Float64Array(outputs);
  for (let i = 0; i < n; i++)
    for (let j = 0; j < outputs; j++) {
      weights[i * outputs + j] *= scale[i];
      shift[j] -= center[i] * scale[i] * first.weights[i * outputs + j];
    }
  let { biases } = first;
  if (isSpiking(network) && network.coding.biasInput)
    for (let j = 0; j < outputs; j++) weights[n * outputs + j] += shift[j];
  else if (biases) biases = biases.map((bias, j) => bias + shift[j]);
  else if (center.some((c) => c !== 0))
    throw new DsqnError(
      "SCALING_IMPOSSIBLE",
      "Observations cannot be centred for a network without biases or bias input.",
      {
        hint: 'Set "scaling.center" to zeros, or "network.biasInput" to true.',
      },
    );
  return { ...network, layers: [{ ...first, weights, biases } satisfies Layer, ...rest] };
}
