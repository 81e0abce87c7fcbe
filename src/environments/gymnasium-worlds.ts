import { openWorker } from "../bridge/index.ts";
import { DsqnError } from "../errors.ts";
import { sizeOf } from "../files/tensor.ts";
import { extrasOf, type Wrapper } from "./gymnasium.ts";
import { makeInParts } from "./joined.ts";
import { type BoxSpace, describeSpace, type Space } from "./space.ts";
import { makeVectorEnvironment, type VectorEnvironment } from "./vector-environment.ts";
import type { Environments, MakeEnvironments } from "./worlds.ts";

/** An environment of Gymnasium as training and evaluation open it. */
export interface GymnasiumSpec {
  readonly id: string;
  readonly kwargs?: Readonly<Record<string, unknown>>;
  /** Time limit in steps, instead of the environment's own. */
  readonly maxSteps?: number;
  /** Wrappers by name, innermost first. */
  readonly wrappers?: readonly Wrapper[];
  /** Groups that step in turns while somebody chooses for another; 1 unless given. */
  readonly parts?: number;
  /** Folders to find a module of the user's in, for an id like "module:Id-v0"; installed packages need none. */
  readonly path?: readonly string[];
}

/** Opens one Python worker, lends it to `use` as a maker of environments, and closes it whatever happens. */
export async function withGymnasium<T>(
  spec: GymnasiumSpec,
  use: (makeEnvironments: MakeEnvironments) => Promise<T>,
): Promise<T> {
  const { id, path, parts = 1, ...options } = spec;
  const worker = await openWorker({ name: id, path, extras: extrasOf(id) });
  try {
    const open = async (count: number): Promise<Environments> => {
      const vector = await makeVectorEnvironment<Values>(id, { ...options, count, autoreset: "disabled", worker });
      try {
        return adapt(vector, discreteActions(vector.actionSpace, id), boxOfNumbers(vector.observationSpace, id));
      } catch (error) {
        await vector.close();
        throw error;
      }
    };
    return await use((count) => makeInParts(count, parts, open));
  } finally {
    await worker.close();
  }
}

/** What a Box comes as: Float32Array mostly. */
type Values = Float32Array | Float64Array | Int32Array | Uint8Array;

const floats = (values: Values): Float32Array => (values instanceof Float32Array ? values : new Float32Array(values));

function adapt(
  vector: VectorEnvironment<Values>,
  actions: { n: number; start: number },
  { shape, low, high }: BoxSpace,
): Environments {
  const observationSize = sizeOf(shape);
  const at = (bound: BoxSpace["low"], k: number): number => (typeof bound === "number" ? bound : bound[k]);
  return {
    id: vector.id,
    count: vector.count,
    observationSize,
    widths: Float64Array.from({ length: observationSize }, (_, k) => at(high, k) - at(low, k)),
    actions: actions.n,
    reset: async (options) => floats((await vector.reset(options)).observations),
    async step(chosen) {
      const step = await vector.step(actions.start === 0 ? chosen : chosen.map((action) => action + actions.start));
      return { ...step, observations: floats(step.observations) };
    },
    close: () => vector.close(),
  };
}

function discreteActions(space: Space, id: string): { n: number; start: number } {
  if (space.type === "discrete") return space;
  throw new DsqnError(
    "ACTIONS_NOT_DISCRETE",
    `${id} has the action space ${describeSpace(space)}; agents here need a Discrete one.`,
    {
      hint: "Choose an environment with discrete actions, or wrap this one so that a few actions stand for the rest.",
      facts: { environment: id, actionSpace: space },
    },
  );
}

function boxOfNumbers(space: Space, id: string): BoxSpace {
  if (space.type === "box" && !/int64/.test(space.dtype)) return space;
  throw new DsqnError(
    "OBSERVATIONS_UNSUPPORTED",
    `${id} has the observation space ${describeSpace(space)}; networks here take a Box of numbers.`,
    {
      hint: 'Wrap the environment so that it gives a Box, as gymnasium.wrappers\' "FlattenObservation" does.',
      facts: { environment: id, observationSpace: space },
    },
  );
}
