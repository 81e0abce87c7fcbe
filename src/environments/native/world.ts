import { nearest, UsageError } from "../../errors.ts";
import { Pcg64 } from "../../numeric/pcg64.ts";
import type { Environments, MakeEnvironments } from "../worlds.ts";
import { cartpole } from "./cartpole.ts";
import { mountaincar } from "./mountaincar.ts";
import type { Physics } from "./physics.ts";

const known: Readonly<Record<string, Physics>> = { "CartPole-v1": cartpole, "MountainCar-v0": mountaincar };

/** Gymnasium's ids of the environments that need no Python. */
export const nativeIds: readonly string[] = Object.keys(known);

/** What a step of a native world led to. */
export interface WorldStep {
  /** [observationSize], float32 as Gymnasium shows it. */
  readonly observation: Float32Array;
  readonly reward: number;
  /** The task ended. */
  readonly terminated: boolean;
  /** The time limit cut the episode. */
  readonly truncated: boolean;
}

/** One environment in this thread. */
export interface NativeWorld {
  readonly id: string;
  readonly observationSize: number;
  readonly actions: number;
  readonly maxSteps: number;
  /** [observationSize] in float64, as the next step finds it: writing into it pushes the pole or the car. */
  readonly state: Float64Array;
  /** Of the episode so far. */
  readonly steps: number;
  /** Starts the episode that Gymnasium starts from this seed (an integer from 0 to 2^53). */
  reset(seed: number): Float32Array;
  step(action: number): WorldStep;
  /** What is to be seen now. */
  observation(): Float32Array;
}

export interface WorldOptions {
  /** Time limit in steps instead of the environment's own. */
  readonly maxSteps?: number;
}

/**
 * CartPole-v1 or MountainCar-v0 in TypeScript: Gymnasium's episodes from the same seeds, each step equal to its in float32 from equal states
 * (docs/web.md says how far whole episodes drift).
 *
 * @throws UsageError WORLD_NOT_NATIVE, BAD_ARGUMENT
 */
export function createWorld(id: string, { maxSteps }: WorldOptions = {}): NativeWorld {
  const physics = physicsOf(id);
  const limit = maxSteps ?? physics.maxSteps;
  const state = new Float64Array(physics.lowest.length);
  let steps = 0;
  const world: NativeWorld = {
    id,
    observationSize: state.length,
    actions: physics.actions,
    maxSteps: limit,
    state,
    get steps() {
      return steps;
    },
    observation: () => Float32Array.from(state),
    reset(seed) {
      if (!Number.isSafeInteger(seed) || seed < 0)
        throw new UsageError("BAD_ARGUMENT", `A seed is an integer from 0 on, not ${seed}.`);
      physics.begin(new Pcg64(seed), state);
      steps = 0;
      return world.observation();
    },
    step(action) {
      if (!Number.isInteger(action) || action < 0 || action >= physics.actions)
        throw new UsageError("ACTION_INVALID", `${id} has ${physics.actions} actions, from 0 on; not ${action}.`);
      const terminated = physics.step(state, action);
      steps++;
      return { observation: world.observation(), reward: physics.reward, terminated, truncated: steps >= limit };
    },
  };
  return world;
}

/** Opens worlds of one id side by side, for training and evaluation. Errors: WORLD_NOT_NATIVE. */
export function nativeEnvironments(id: string, options: WorldOptions = {}): MakeEnvironments {
  const { lowest, highest } = physicsOf(id);
  return (count) => Promise.resolve(sideBySide(Array.from({ length: count }, () => createWorld(id, options))));

  function sideBySide(worlds: readonly NativeWorld[]): Environments {
    const [{ observationSize, actions }] = worlds;
    const count = worlds.length;
    const all = new Float32Array(count * observationSize);
    const show = (i: number): void => all.set(worlds[i].state, i * observationSize);
    return {
      id,
      count,
      observationSize,
      observationShape: [observationSize],
      // As float32, in which Gymnasium's spaces have their bounds.
      widths: Float64Array.from(lowest, (low, k) => Math.fround(highest[k]) - Math.fround(low)),
      actions,
      reset({ seed, mask }) {
        worlds.forEach((world, i) => {
          if (mask && !mask[i]) return;
          world.reset(seed[i]);
          show(i);
        });
        return Promise.resolve(all.slice());
      },
      step(chosen) {
        const rewards = new Float64Array(count);
        const [terminated, truncated] = [new Uint8Array(count), new Uint8Array(count)];
        worlds.forEach((world, i) => {
          const result = world.step(chosen[i]);
          rewards[i] = result.reward;
          terminated[i] = Number(result.terminated);
          truncated[i] = Number(result.truncated);
          show(i);
        });
        return Promise.resolve({ observations: all.slice(), rewards, terminated, truncated });
      },
      close: () => Promise.resolve(),
    };
  }
}

function physicsOf(id: string): Physics {
  if (Object.hasOwn(known, id)) return known[id];
  const meant = nearest(id, nativeIds);
  throw new UsageError("WORLD_NOT_NATIVE", `There is no ${id} in TypeScript.`, {
    hint: `${meant ? `Did you mean ${meant}? ` : ""}Native worlds: ${nativeIds.join(", ")}. Gymnasium has the others.`,
    facts: { environment: id },
  });
}
