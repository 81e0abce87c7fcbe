import { DsqnError } from "../errors.ts";
import type { AtariFrames, AtariGames } from "./atari.ts";

/** Games of several workers as one: all step at the same time, copy by copy in the order of `parts`. */
export function spreadGames(parts: readonly AtariGames[]): AtariGames {
  if (parts.length === 1) return parts[0];
  const counts = parts.map(({ count }) => count);
  const count = counts.reduce((sum, n) => sum + n, 0);
  const starts = counts.map((_, i) => counts.slice(0, i).reduce((sum, n) => sum + n, 0));
  const fits = (what: string, length: number): void => {
    if (length !== count)
      throw new DsqnError("ENV_OPTIONS_INVALID", `${what} has ${length} element(s) for ${count} game(s).`);
  };
  return {
    ...parts[0],
    count,
    async reset({ seed, mask }) {
      fits("seed", seed.length);
      if (mask) fits("mask", mask.length);
      const frames = await Promise.all(
        parts.map((games, i) => {
          const end = starts[i] + counts[i];
          return games.reset({ seed: seed.slice(starts[i], end), mask: mask?.slice(starts[i], end) });
        }),
      );
      return newestOf(frames);
    },
    async step(actions) {
      if (actions.length !== count) fits("actions", actions.length);
      const steps = await Promise.all(
        parts.map((games, i) => games.step(actions.slice(starts[i], starts[i] + counts[i]))),
      );
      return {
        ...newestOf(steps),
        rewards: Float64Array.from(steps.flatMap(({ rewards }) => [...rewards])),
        terminated: joined(steps.map(({ terminated }) => terminated)),
        truncated: joined(steps.map(({ truncated }) => truncated)),
        lifeLost: joined(steps.map(({ lifeLost }) => lifeLost)),
      };
    },
    render(index = 0) {
      const i = starts.findLastIndex((start) => start <= index);
      return parts[Math.max(0, i)].render(index - starts[Math.max(0, i)]);
    },
    close: async () => void (await Promise.all(parts.map((games) => games.close()))),
  };
}

function newestOf(all: readonly AtariFrames[]): AtariFrames {
  const ram = all.flatMap((one) => one.ram ?? []);
  return {
    frames: joined(all.map(({ frames }) => frames)),
    lives: joined(all.map(({ lives }) => lives)),
    ...(ram.length > 0 && { ram: joined(ram) }),
  };
}

function joined(arrays: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(arrays.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const array of arrays) {
    all.set(array, at);
    at += array.length;
  }
  return all;
}
