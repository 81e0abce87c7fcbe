import { openWorker } from "../bridge/index.ts";
import { describeSpace, makeVectorEnvironment, type Space, type VectorEnvironment } from "./index.ts";
import { DsqnError } from "../errors.ts";
import type { Environments, MakeEnvironments } from "./worlds.ts";

/** An environment of Gymnasium as training and evaluation open it. */
export interface GymnasiumSpec {
  readonly id: string;
  readonly kwargs?: Readonly<Record<string, unknown>>;
  /** Time limit in steps, instead of the environment's own. */
  readonly maxSteps?: number;
  /** Folders to find a module of the user's in, for an id like "module:Id-v0"; installed packages need none. */
  readonly path?: readonly string[];
}

/** Opens one Python worker, lends it to `use` as a maker of environments, and closes it whatever happens. */
export async function withGymnasium<T>(
  spec: GymnasiumSpec,
  use: (makeEnvironments: MakeEnvironments) => Promise<T>,
): Promise<T> {
  const worker = await openWorker({ name: spec.id, path: spec.path });
  try {
    return await use(async (count) => {
      const { id, kwargs, maxSteps } = spec;
      const vector = await makeVectorEnvironment<Float32Array>(id, {
        count,
        autoreset: "disabled",
        worker,
        kwargs,
        maxSteps,
      });
      const close = (): Promise<void> => vector.close();
      try {
        return adapt(
          vector.id,
          vector,
          discreteActions(vector.actionSpace, id),
          flatObservations(vector.observationSpace, id),
        );
      } catch (error) {
        await close();
        throw error;
      }
    });
  } finally {
    await worker.close();
  }
}

function adapt(
  id: string,
  vector: VectorEnvironment,
  actions: { n: number; start: number },
  observationSize: number,
): Environments {
  return {
    id,
    count: vector.count,
    observationSize,
    actions: actions.n,
    reset: async (options) => (await vector.reset(options)).observations,
    step: (chosen) => vector.step(actions.start === 0 ? chosen : chosen.map((action) => action + actions.start)),
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

function flatObservations(space: Space, id: string): number {
  if (space.type === "box" && space.dtype === "float32") return space.shape.reduce((product, n) => product * n, 1);
  throw new DsqnError(
    "OBSERVATIONS_UNSUPPORTED",
    `${id} has the observation space ${describeSpace(space)}; networks here take a Box of float32.`,
    {
      hint: "Wrap the environment so that it gives a Box of float32.",
      facts: { environment: id, observationSpace: space },
    },
  );
}
