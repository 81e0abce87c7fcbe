import type { TypedArray } from "../bridge/index.ts";
import { DsqnError } from "../errors.ts";
import { type Action, actionEncoder } from "./action.ts";
import type { Info } from "./gymnasium.ts";
import type { Observation } from "./observation.ts";
import type { VectorEnvironment, VectorReset, VectorStep } from "./vector-environment.ts";

/** Vectors of one environment as one, copy by copy in their order. `close`: what is left to do when all are closed. */
export function joinParts<O extends Observation>(
  parts: readonly VectorEnvironment<O>[],
  close: () => Promise<void>,
): VectorEnvironment<O> {
  const counts = parts.map((part) => part.count);
  const count = counts.reduce((sum, n) => sum + n, 0);
  const ends = counts.map((_, i) => counts.slice(0, i + 1).reduce((sum, n) => sum + n, 0));
  const range = (i: number): readonly [from: number, to: number] => [ends[i] - counts[i], ends[i]];
  const check = actionEncoder(parts[0].actionSpace, count);
  const send = (actions: Action): void => {
    check(actions, { plain: {}, arrays: {} }); // of all, before the first steps
    parts.forEach((part, i) => part.send(slice(actions, count, ...range(i))));
  };
  const receive = async (meanwhile?: boolean): Promise<VectorStep<O>> =>
    joinSteps(await all(parts.map((part) => part.receive(meanwhile))), ends);
  const joined: VectorEnvironment<O> = {
    ...parts[0],
    count,
    parts,
    async reset({ seed, mask, options } = {}) {
      const seeds = seedsFor(count, seed, mask);
      const resets = parts.map((part, i) =>
        part.reset({ seed: seeds?.slice(...range(i)), mask: mask?.slice(...range(i)), options }),
      );
      const done = await all(resets);
      const infos = done.flatMap((one, i) => one.infos ?? Array<null>(counts[i]).fill(null));
      return {
        observations: join(done.map(({ observations }) => observations)),
        infos: done.some((one) => one.infos) ? infos : undefined,
      };
    },
    send,
    receive,
    step: async (actions, meanwhile) => {
      send(actions);
      return receive(meanwhile);
    },
    render(index = 0) {
      const i = Math.max(0, ends.findIndex((end) => index < end)); // prettier-ignore
      return parts[i].render(index - range(i)[0]);
    },
    async close() {
      await all(parts.map((part) => part.close()));
      await close();
    },
  };
  return joined;
}

/** Waits for all, also where one of them rejects: then none is left under way. */
async function all<T>(promises: readonly Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(promises);
  return Promise.all(promises);
}

function joinSteps<O extends Observation>(steps: readonly VectorStep<O>[], ends: readonly number[]): VectorStep<O> {
  const offset = (i: number): number => (i === 0 ? 0 : ends[i - 1]);
  const finals = steps.flatMap(({ finalObservations }, i) =>
    finalObservations ? [{ ...finalObservations, indices: finalObservations.indices.map((k) => k + offset(i)) }] : [],
  );
  return {
    observations: join(steps.map(({ observations }) => observations)),
    rewards: join(steps.map(({ rewards }) => rewards)),
    terminated: join(steps.map(({ terminated }) => terminated)),
    truncated: join(steps.map(({ truncated }) => truncated)),
    rawRewards: steps[0].rawRewards && join(steps.map(({ rawRewards }) => rawRewards!)),
    infos: joinInfos(steps.map(({ infos }) => infos), ends), // prettier-ignore
    finalObservations:
      finals.length === 0
        ? undefined
        : {
            indices: join(finals.map(({ indices }) => indices)),
            observations: join(finals.map(({ observations }) => observations)),
            infos: finals[0].infos && finals.flatMap(({ infos }) => infos!),
          },
  };
}

/** Infos come only where one of them says something. */
function joinInfos(
  all: readonly (readonly Info[] | undefined)[],
  ends: readonly number[],
): readonly Info[] | undefined {
  if (all.every((infos) => infos === undefined)) return undefined;
  return all.flatMap((infos, i) => infos ?? Array<Info>(ends[i] - (ends[i - 1] ?? 0)).fill({}));
}

/** Elements of one space, each [count, ...], one behind the other. */
function join<T extends Observation>(values: readonly T[]): T {
  const [first] = values;
  if (ArrayBuffer.isView(first)) {
    const arrays = values as unknown as readonly Float64Array[];
    const whole = new (first.constructor as Float64ArrayConstructor)(arrays.reduce((sum, a) => sum + a.length, 0));
    let at = 0;
    for (const array of arrays) {
      whole.set(array, at);
      at += array.length;
    }
    return whole as unknown as T;
  }
  const lists = values as unknown as readonly (readonly Observation[])[];
  if (Array.isArray(first))
    return (typeof first[0] === "string" ? lists.flat() : first.map((_, i) => join(lists.map((v) => v[i])))) as never;
  const records = values as unknown as readonly Readonly<Record<string, Observation>>[];
  return Object.fromEntries(
    Object.keys(first).map((key) => [key, join(records.map((record) => record[key]))]),
  ) as never;
}

/** The actions of copies `from` to `to`, of `count`. */
function slice(actions: Action, count: number, from: number, to: number): Action {
  if (typeof actions !== "object") return actions;
  if (ArrayBuffer.isView(actions)) {
    const array = actions as unknown as TypedArray;
    return array.subarray((array.length / count) * from, (array.length / count) * to) as Action;
  }
  if (!Array.isArray(actions)) {
    const record = actions as Readonly<Record<string, Action>>;
    return Object.fromEntries(Object.entries(record).map(([key, one]) => [key, slice(one, count, from, to)]));
  }
  if (typeof actions[0] === "object") return actions.map((one: Action) => slice(one, count, from, to));
  return actions.slice((actions.length / count) * from, (actions.length / count) * to);
}

/** One for each, where there are any. Throws where there are too few or too many of them, or of `mask`. */
export function seedsFor(count: number, seed: VectorReset["seed"], mask?: Uint8Array): readonly number[] | undefined {
  const seeds = typeof seed === "number" ? Array.from({ length: count }, (_, i) => seed + i) : seed;
  for (const [what, length] of [["seed", seeds?.length] as const, ["mask", mask?.length] as const])
    if (length !== undefined && length !== count)
      throw new DsqnError("ENV_OPTIONS_INVALID", `${what} has ${length} element(s) for ${count} environment(s).`, {
        hint: "Give one for each.",
      });
  return seeds;
}
