import { fastEngine } from "../engines/fast/index.ts";
import type { Frame } from "../environments/index.ts";
import type { Environments } from "../environments/worlds.ts";
import { DsqnError } from "../errors.ts";
import { createCarry } from "../learning/carry.ts";
import { fitted } from "../learning/fits.ts";
import { policyOf } from "../learning/policy.ts";
import { argmax } from "../network/decide.ts";
import type { Engine } from "../network/engine.ts";
import { actionsOf, isSpiking, type Network, observationSize, type TieRule } from "../network/network.ts";
import { Random } from "../numeric/random.ts";
import { activityPanel } from "../report/images/activity.ts";
import { encodeApng } from "../report/images/apng.ts";

/** An animated PNG, and what is seen on it. */
export interface Film {
  readonly png: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly frames: number;
  /** The episode's return up to the end of the film. */
  readonly points: number;
  /** Whether the episode ended, or the film only. */
  readonly ended: boolean;
}

/** From where, for how long, and how the network acts. */
export interface FilmOptions {
  /** At most so many decisions. */
  readonly steps: number;
  readonly seed: number;
  /** Probability of a random action. */
  readonly epsilon?: number;
  /** Who runs the network; the fast engine unless given. The caller's to close. */
  readonly engine?: Engine;
  /** Time steps per decision, instead of the network's own. */
  readonly timeSteps?: number;
  readonly ties?: TieRule;
  /** Neurons begin a decision with what the one before has left in them; on our own engines. */
  readonly carry?: boolean;
  readonly signal?: AbortSignal;
  readonly onFrame?: (done: number) => void;
}

const GAP = 6;
/** Larger pictures are thinned out: a film of a window's size takes hundreds of megabytes. */
const WIDEST = 320;
const BACKGROUND = 18;
/** Frames a second where the environment does not say: an Atari action lasts four frames of a console that shows 60. */
const FRAMES = 15;

/**
 * A network acts, in one copy of an environment that renders: on the left what the environment shows, on the right every spiking neuron of the
 * decision that was taken there, and a bar for each action (`activityPanel`). The film ends where the episode does.
 *
 * Errors: ENV_NO_FRAMES where the environment shows nothing, MODEL_DOES_NOT_FIT.
 */
export async function filmOf(network: Network, opened: Environments, options: FilmOptions): Promise<Film> {
  const { steps, seed, epsilon = 0, engine = fastEngine(), timeSteps, ties, signal, onFrame } = options;
  const environments = fitted(policyOf(network), opened);
  const [actions, size] = [actionsOf(network), observationSize(network)];
  const random = Random.stream(seed, "film");
  const panel = activityPanel(network, timeSteps);
  const carry = options.carry && isSpiking(network) ? createCarry(network) : undefined;
  const only = Int32Array.of(0);
  const loaded = await engine.load(
    isSpiking(network) && ties ? { ...network, coding: { ...network.coding, ties } } : network,
  );
  const frames: Uint8Array[] = [];
  let [width, height, points, ended] = [0, 0, 0, false];
  try {
    let observations = await environments.reset({ seed: [seed] });
    while (frames.length < steps && !ended) {
      signal?.throwIfAborted();
      const how = { steps: timeSteps, seed: frames.length, ...(carry && { state: carry.of(only) }) };
      const result = await loaded.run(observations.subarray(0, size), how);
      carry?.keep(only, result.state!);
      const { spikeCounts, outputs } = result;
      const greedy = isSpiking(network) || !ties ? result.actions : Int32Array.of(argmax(outputs, 0, actions, ties));
      const screen = thinned(await shown(environments));
      [width, height] = [screen.width + GAP + panel.width, Math.max(screen.height, panel.height)];
      const picture = new Uint8Array(width * height * 3).fill(BACKGROUND);
      for (let y = 0; y < screen.height; y++)
        picture.set(screen.data.subarray(y * screen.width * 3, (y + 1) * screen.width * 3), y * width * 3);
      panel.draw(picture, width, screen.width + GAP, { spikeCounts, outputs, action: greedy[0] });
      frames.push(picture);
      onFrame?.(frames.length);
      const step = await environments.step(
        random.uniform() < epsilon ? Int32Array.of(random.integer(actions)) : greedy,
      );
      observations = step.observations;
      points += step.rewards[0];
      ended = step.terminated[0] === 1 || step.truncated[0] === 1;
    }
  } finally {
    await loaded.close();
  }
  const png = encodeApng(frames, width, height, Math.round(1000 / (opened.renderFps ?? FRAMES)));
  return { png, width, height, frames: frames.length, points, ended };
}

async function shown(environments: Environments): Promise<Frame> {
  const frame = await environments.render?.(0);
  if (frame) return frame;
  throw new DsqnError("ENV_NO_FRAMES", `${environments.id} shows nothing that could be filmed.`, {
    hint: "Choose an environment that renders (rgb_array).",
    facts: { environment: environments.id },
  });
}

/** Every second, third, ... pixel of a picture that is too wide. */
function thinned({ width, height, data }: Frame): Frame {
  const every = Math.ceil(width / WIDEST);
  if (every === 1) return { width, height, data };
  const [across, down] = [Math.floor(width / every), Math.floor(height / every)];
  const out = new Uint8Array(across * down * 3);
  for (let y = 0; y < down; y++)
    for (let x = 0; x < across; x++) {
      const from = (y * every * width + x * every) * 3;
      out.set(data.subarray(from, from + 3), (y * across + x) * 3);
    }
  return { width: across, height: down, data: out };
}
