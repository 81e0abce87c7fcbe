import { cos } from "../../numeric/elementary.ts";
import type { Physics } from "./physics.ts";

const LEFT = -1.2;
const RIGHT = 0.6;
const FASTEST = 0.07;
const GOAL = 0.5;
const FORCE = 0.001;
const GRAVITY = 0.0025;

/**
 * A car between two hills (Moore 1990), as Gymnasium's MountainCar-v0 computes it in float64.
 *
 *   v += (action - 1) 0.001 - 0.0025 cos(3 x),  x += v,  both clipped; the left end stops the car
 *
 * State: [x, v per step].
 */
export const mountaincar: Physics = {
  actions: 3,
  maxSteps: 200,
  lowest: [LEFT, -FASTEST],
  highest: [RIGHT, FASTEST],
  begin(random, state) {
    state[0] = random.uniform(-0.6, -0.4);
    state[1] = 0;
  },
  step(state, action) {
    const speed = clipped(state[1] + ((action - 1) * FORCE + cos(3 * state[0]) * -GRAVITY), -FASTEST, FASTEST);
    const place = clipped(state[0] + speed, LEFT, RIGHT);
    state[0] = place;
    state[1] = place === LEFT && speed < 0 ? 0 : speed;
    return place >= GOAL && state[1] >= 0;
  },
  reward: -1,
};

const clipped = (x: number, low: number, high: number): number => Math.min(Math.max(x, low), high);
