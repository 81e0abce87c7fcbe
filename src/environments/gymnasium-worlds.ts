import { currentPlace, openWorker, type Worker } from "../bridge/index.ts";
import { DsqnError } from "../errors.ts";
import { sizeOf } from "../files/tensor.ts";
import { extrasOf, type Wrapper } from "./gymnasium.ts";
import { makeInParts } from "./joined.ts";
import { watchNumbers } from "./finite.ts";
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
  /** "rgb_array": then the copies `render`. */
  readonly renderMode?: "rgb_array";
  /** Folders to find a module of the user's in, for an id like "module:Id-v0"; installed packages need none. */
  readonly path?: readonly string[];
  /** Each line that the environment prints, or that Python warns of. */
  readonly onLog?: (line: string) => void;
}

/** Opens one Python worker (on other machines as many as the place says), lends it to `use` as a maker of environments, and closes it whatever happens. */
export async function withGymnasium<T>(
  spec: GymnasiumSpec,
  use: (makeEnvironments: MakeEnvironments) => Promise<T>,
): Promise<T> {
  const { id, path, onLog, parts = 1, ...options } = spec;
  const workers: Worker[] = [];
  try {
    for (let i = 0; i < (currentPlace()?.workers ?? 1); i++)
      workers.push(await openWorker({ name: i === 0 ? id : `${id} ${i}`, path, onLog, extras: extrasOf(id) }));
    const openIn = async (worker: Worker, count: number): Promise<Environments> => {
      const vector = await makeVectorEnvironment<Values>(id, {
        ...options,
        count,
        autoreset: "disabled",
        worker,
        flat: true,
      });
      try {
        const spaces = [discreteActions(vector.actionSpace, id), boxOfNumbers(vector.observationSpace, id)] as const;
        return adapt(vector, ...spaces, spec.renderMode !== undefined);
      } catch (error) {
        await vector.close();
        throw error;
      }
    };
    const open = (count: number): Promise<Environments> => spread(count, workers, openIn);
    return await use((count) => makeInParts(count, parts, open));
  } finally {
    await Promise.all(workers.map((worker) => worker.close()));
  }
}

/** Copies over several workers, which step at the same time and are one group to those who ask. */
async function spread(
  count: number,
  workers: readonly Worker[],
  open: (worker: Worker, count: number) => Promise<Environments>,
): Promise<Environments> {
  if (workers.length === 1) return open(workers[0], count);
  let next = 0;
  const { parts: _, ...joined } = await makeInParts(count, Math.min(count, workers.length), (some) =>
    open(workers[next++], some),
  );
  return joined;
}

/** What a Box comes as: Float32Array mostly. */
type Values = Float32Array | Float64Array | Int32Array | Uint8Array;

const floats = (values: Values): Float32Array => (values instanceof Float32Array ? values : new Float32Array(values));

function adapt(
  vector: VectorEnvironment<Values>,
  actions: { n: number; start: number },
  { shape, low, high }: BoxSpace,
  renders: boolean,
): Environments {
  const observationSize = sizeOf(shape);
  const watched = watchNumbers(vector.id, vector.count, observationSize);
  const at = (bound: BoxSpace["low"], k: number): number => (typeof bound === "number" ? bound : bound[k]);
  return {
    id: vector.id,
    count: vector.count,
    observationSize,
    observationShape: shape,
    widths: Float64Array.from({ length: observationSize }, (_, k) => at(high, k) - at(low, k)),
    actions: actions.n,
    async reset(options) {
      const observations = floats((await vector.reset(options)).observations);
      watched.begun(options.seed, observations, options.mask);
      return observations;
    },
    async step(chosen, meanwhile) {
      const named = actions.start === 0 ? chosen : chosen.map((action) => action + actions.start);
      const step = await vector.step(named, meanwhile);
      const observations = floats(step.observations);
      watched.stepped(observations, step.rewards);
      return { ...step, observations };
    },
    ...(renders && { render: (index?: number) => vector.render(index), renderFps: vector.renderFps }),
    close: () => vector.close(),
  };
}

/** What to do with actions that are none of a few. */
const CONTINUOUS: Readonly<Record<string, string>> = {
  box: "Continuous actions are not learned here (a later release may): let a few stand for them, as the wrapper DiscretizeAction does (--wrapper 'DiscretizeAction={\"bins\":5}', in a config environment.wrappers)",
};

function discreteActions(space: Space, id: string): { n: number; start: number } {
  if (space.type === "discrete") return space;
  throw new DsqnError(
    "ACTIONS_NOT_DISCRETE",
    `${id} has the action space ${describeSpace(space)}; agents here need a Discrete one.`,
    {
      hint: `${CONTINUOUS[space.type] ?? "Wrap this one so that each choice is one of a few numbered actions"}, or choose an environment with discrete actions.`,
      facts: { environment: id, actionSpace: space },
    },
  );
}

function boxOfNumbers(space: Space, id: string): BoxSpace {
  if (space.type === "box" && !/int64/.test(space.dtype)) return space;
  throw new DsqnError(
    "OBSERVATIONS_UNSUPPORTED",
    `${id} has the observation space ${describeSpace(space)}, which can't be flattened to a list of numbers.`,
    {
      hint: "Networks here take as many numbers each time: wrap the environment so that it gives a Box, Discrete, MultiBinary, MultiDiscrete, Tuple or Dict.",
      facts: { environment: id, observationSpace: space },
    },
  );
}
