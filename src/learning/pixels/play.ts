import { Random } from "../../numeric/random.ts";
import { argmax } from "../../network/decide.ts";
import type { PixelEnvironments } from "../../environments/worlds.ts";
import { FrameMemory } from "./memory.ts";

/** Values [batch, actions] of observations, bytes [batch, height * width, stack]. */
export type PixelValues = (observations: Uint8Array, batch: number) => Float32Array;

/**
 * Plays one episode in each environment side by side, greedily but for a share `epsilon` of random actions, and returns each
 * one's undiscounted return and length in agent steps.
 */
export async function playEpisodes(
  environments: PixelEnvironments,
  values: PixelValues,
  options: { seeds: readonly number[]; epsilon: number; signal?: AbortSignal; onStep?: (running: number) => void },
): Promise<{ returns: number[]; lengths: number[] }> {
  const { count, height, width, stack, actions: known } = environments;
  const frameSize = height * width;
  const explorers = options.seeds.map((seed) => Random.stream(seed, "evaluation exploration"));
  // Just long enough for the newest stack of each.
  const stacks = new FrameMemory({
    environments: count,
    capacity: count * stack,
    frameSize,
    stack,
    nStep: 1,
    gamma: 1,
  });
  const see = (frames: Uint8Array, first: boolean): void => {
    for (let i = 0; i < count; i++) stacks.observe(i, frames.subarray(i * frameSize, (i + 1) * frameSize), first);
  };
  const returns = new Array<number>(count).fill(0);
  const lengths = new Array<number>(count).fill(0);
  let running = Array.from({ length: count }, (_, i) => i);
  await environments.reset({ seed: options.seeds });
  see(environments.newest.frames, true);
  const actions = new Int32Array(count);
  while (running.length > 0) {
    options.signal?.throwIfAborted();
    const observations = new Uint8Array(running.length * frameSize * stack);
    running.forEach((i, row) => stacks.newest(i, observations, row * frameSize * stack));
    const decided = values(observations, running.length);
    running.forEach((i, row) => {
      const random = options.epsilon > 0 && explorers[i].uniform() < options.epsilon;
      actions[i] = random ? explorers[i].integer(known) : argmax(decided, row * known, known);
    });
    const step = await environments.step(actions);
    see(step.frames, false);
    running = running.filter((i) => {
      returns[i] += step.rewards[i];
      lengths[i]++;
      return !step.terminated[i] && !step.truncated[i];
    });
    options.onStep?.(running.length);
  }
  return { returns, lengths };
}
