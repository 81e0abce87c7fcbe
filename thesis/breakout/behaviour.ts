import type { AtariEnvironments } from "../../src/environments/atari-worlds.ts";
import { log } from "../../src/numeric/elementary.ts";

/** Where Breakout keeps the paddle's place: byte 72 of the console's memory, 55 at the left wall, 191 at the right one. */
const PADDLE = 72;
const [LEFT_WALL, RIGHT_WALL] = [55, 191];
/** Bins of the distribution of paddle positions. */
const BINS = 16;

/** How a policy plays, in all its steps. */
export interface Behaviour {
  /** Of the actions by name: shares, which sum to 1. */
  readonly actions: Readonly<Record<string, number>>;
  /** Of the actions, in bits: 0 is always the same one, log2(4) = 2 all as often. */
  readonly actionEntropy: number;
  /** Shares of the paddle's positions, in 16 bins from the left wall to the right. */
  readonly paddle: readonly number[];
  /** Of the positions, in bits: at most log2(16) = 4. */
  readonly paddleEntropy: number;
  /** Share of steps in the leftmost bin. */
  readonly atLeftWall: number;
  readonly steps: number;
}

/** Counts what the copies of running games do. The games must be opened with `ram`. */
export class BehaviourRecorder {
  readonly #actions: Float64Array;
  readonly #paddle = new Float64Array(BINS);
  readonly #names: readonly string[];

  constructor(names: readonly string[]) {
    this.#names = names;
    this.#actions = new Float64Array(names.length);
  }

  /** The games, watched: every step of a game that isn't over counts. */
  watch(games: AtariEnvironments): AtariEnvironments {
    const over = new Uint8Array(games.count);
    return {
      ...games,
      get newest() {
        return games.newest;
      },
      reset: (options) => {
        over.forEach((_, k) => options.mask?.[k] !== 0 && (over[k] = 0));
        return games.reset(options);
      },
      step: async (actions) => {
        const step = await games.step(actions);
        for (let k = 0; k < games.count; k++) {
          if (over[k] === 1) continue;
          this.#actions[actions[k]]++;
          this.#paddle[binOf(step.ram![128 * k + PADDLE])]++;
          over[k] = step.terminated[k] | step.truncated[k];
        }
        return step;
      },
    };
  }

  /** All that was counted. */
  behaviour(): Behaviour {
    const steps = this.#actions.reduce((sum, n) => sum + n, 0);
    const actions = [...this.#actions].map((n) => n / Math.max(1, steps));
    const paddle = [...this.#paddle].map((n) => n / Math.max(1, steps));
    return {
      actions: Object.fromEntries(actions.map((share, k) => [this.#names[k], share])),
      actionEntropy: entropy(actions),
      paddle,
      paddleEntropy: entropy(paddle),
      atLeftWall: paddle[0],
      steps,
    };
  }
}

/** In bits. */
export function entropy(shares: readonly number[]): number {
  return shares.reduce((sum, p) => (p > 0 ? sum - (p * log(p)) / Math.LN2 : sum), 0);
}

function binOf(position: number): number {
  const place = (position - LEFT_WALL) / (RIGHT_WALL - LEFT_WALL);
  return Math.max(0, Math.min(BINS - 1, Math.floor(place * BINS)));
}
