import type { Environments } from "../environments/worlds.ts";
import { DsqnError } from "../errors.ts";
import { sizeOf } from "../files/tensor.ts";
import type { Policy } from "./policy.ts";

type Takes = Pick<Policy, "observationSize" | "observationShape" | "actions">;
type Seen = Environments & { readonly height?: number; readonly width?: number; readonly stack?: number };

/**
 * `environments` as `policy` sees them: where they give images with the channels first and the policy takes them last, these are moved. Throws
 * MODEL_DOES_NOT_FIT where it takes other observations, or knows another number of actions.
 */
export function fitted(policy: Takes, environments: Environments): Environments {
  const [wanted, given] = [policy.observationShape, shapeOf(environments)];
  const moved = wanted && given && !alike(given, wanted) && alike(channelsLast(given), wanted);
  assertFits(policy, moved ? { ...environments, observationShape: wanted } : environments);
  if (!moved) return environments;
  const move = (observations: Float32Array): Float32Array => withChannelsLast(observations, given);
  return {
    ...environments,
    observationShape: wanted,
    reset: async (options) => move(await environments.reset(options)),
    async step(actions, meanwhile) {
      const step = await environments.step(actions, meanwhile);
      return { ...step, observations: move(step.observations) };
    },
  };
}

/** Throws MODEL_DOES_NOT_FIT unless `policy` takes this environment's observations, by their shape where both have one, and knows its actions. */
export function assertFits(policy: Takes, environments: Seen): void {
  const { id, actions, observationSize } = environments;
  const given = shapeOf(environments);
  const wanted = policy.observationShape;
  const sameShape = !given || !wanted || alike(given, wanted);
  if (sameShape && policy.observationSize === observationSize && policy.actions === actions) return;
  const taken = describe(wanted, policy.observationSize);
  throw new DsqnError(
    "MODEL_DOES_NOT_FIT",
    `The model takes ${taken} values and knows ${policy.actions} actions; ${id} gives ${describe(given, observationSize)} and has ${actions}.`,
    {
      hint: environments.height
        ? "Use a model that was trained in this game with this preprocessing; its card (the .json beside it) names both."
        : "Use a model that was trained in this environment, with the same kwargs and wrappers; its card (the .json beside it) names them.",
      facts: {
        environment: id,
        model: { observationSize: policy.observationSize, actions: policy.actions },
      },
    },
  );
}

function shapeOf({ height, width, stack, observationShape }: Seen): readonly number[] | undefined {
  return height && width && stack ? [height, width, stack] : observationShape;
}

/** A picture without channels has one. */
function alike(given: readonly number[], wanted: readonly number[]): boolean {
  const shape = given.length === 2 && wanted.length === 3 ? [...given, 1] : given;
  return shape.length === wanted.length && shape.every((size, k) => size === wanted[k]);
}

const channelsLast = ([channels, ...rest]: readonly number[]): readonly number[] =>
  rest.length === 2 ? [...rest, channels] : [];

/** [count, channels, height, width] to [count, height, width, channels]. */
function withChannelsLast(observations: Float32Array, [channels, height, width]: readonly number[]): Float32Array {
  const pixels = height * width;
  const size = sizeOf([channels, height, width]);
  const moved = new Float32Array(observations.length);
  for (let at = 0; at < observations.length; at += size)
    for (let c = 0; c < channels; c++)
      for (let p = 0; p < pixels; p++) moved[at + p * channels + c] = observations[at + c * pixels + p];
  return moved;
}

function describe(shape: readonly number[] | undefined, size: number): string {
  return shape && shape.length > 1 ? `${shape.join(" x ")} = ${size}` : String(size);
}
