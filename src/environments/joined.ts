import { DsqnError } from "../errors.ts";
import type { Environments, EnvironmentsStep, PixelEnvironments, PixelStep } from "./worlds.ts";

/**
 * Opens `count` copies in `parts` groups and makes them one: they step as they would together, and each group can step by itself (`parts`), so
 * that one is under way while somebody chooses for another. Throws ENV_OPTIONS_INVALID where there are more groups than copies.
 */
export async function makeInParts<E extends Environments>(
  count: number,
  parts: number,
  make: (count: number) => Promise<E>,
): Promise<E> {
  if (parts === 1) return make(count);
  if (!Number.isInteger(parts) || parts < 1)
    throw new DsqnError("ENV_OPTIONS_INVALID", `parts is ${parts}, not a whole number from 1 on.`);
  const groups = Math.min(parts, count);
  const made: E[] = [];
  try {
    for (let i = 0; i < groups; i++) made.push(await make(Math.floor((count + i) / groups)));
  } catch (error) {
    await Promise.all(made.map((part) => part.close()));
    throw error;
  }
  return join(made);
}

function join<E extends Environments>(parts: readonly E[]): E {
  const ends = parts.map((_, i) => parts.slice(0, i + 1).reduce((sum, { count }) => sum + count, 0));
  const start = (i: number): number => ends[i] - parts[i].count;
  const reset: Environments["reset"] = async ({ seed, mask }) =>
    concat(
      await Promise.all(
        parts.map((part, i) =>
          part.reset({ seed: seed.slice(start(i), ends[i]), mask: mask?.slice(start(i), ends[i]) }),
        ),
      ),
    );
  const step: Environments["step"] = async (actions, meanwhile) =>
    joinSteps(await Promise.all(parts.map((part, i) => part.step(actions.subarray(start(i), ends[i]), meanwhile))));
  const joined: Environments = {
    ...parts[0],
    count: ends.at(-1)!,
    parts,
    reset,
    step,
    close: async () => void (await Promise.all(parts.map((part) => part.close()))),
  };
  if ("newest" in parts[0])
    Object.defineProperty(joined, "newest", {
      get: () => newestOf((parts as unknown as readonly PixelEnvironments[]).map(({ newest }) => newest)),
    });
  return joined as E;
}

/** Frames, and whatever else is told with them (lives, the console's memory). */
function newestOf(all: readonly PixelEnvironments["newest"][]): PixelEnvironments["newest"] {
  const told = all as unknown as readonly Record<string, Uint8Array>[];
  return Object.fromEntries(
    Object.keys(told[0]).flatMap((key) =>
      told[0][key] instanceof Uint8Array ? [[key, concat(told.map((one) => one[key]))]] : [],
    ),
  ) as unknown as PixelEnvironments["newest"];
}

/** What steps of groups, in their order, led to, as one. */
export function joinSteps(steps: readonly EnvironmentsStep[]): EnvironmentsStep {
  if (steps.length === 1) return steps[0];
  const lives = steps.flatMap(({ lifeLost }) => lifeLost ?? []);
  const frames = (steps as readonly Partial<PixelStep>[]).flatMap(({ frames }) => frames ?? []);
  return {
    observations: concat(steps.map(({ observations }) => observations)),
    rewards: concat(steps.map(({ rewards }) => rewards)),
    terminated: concat(steps.map(({ terminated }) => terminated)),
    truncated: concat(steps.map(({ truncated }) => truncated)),
    ...(lives.length > 0 && { lifeLost: concat(lives) }),
    ...(frames.length > 0 && { frames: concat(frames) }),
  };
}

function concat<A extends Float32Array | Float64Array | Uint8Array>(arrays: readonly A[]): A {
  const all = new (arrays[0].constructor as new (length: number) => A)(
    arrays.reduce((sum, { length }) => sum + length, 0),
  );
  let at = 0;
  for (const array of arrays) {
    all.set(array, at);
    at += array.length;
  }
  return all;
}
