import { cos, sin } from "../../numeric/elementary.ts";
import type { Physics } from "./physics.ts";

const GRAVITY = 9.8;
const POLE_MASS = 0.1;
const MASS = POLE_MASS + 1;
/** Half the pole's, in metres. */
const LENGTH = 0.5;
const POLE_MOMENT = POLE_MASS * LENGTH;
const FORCE = 10;
/** Seconds. */
const STEP = 0.02;
const FARTHEST = 2.4;
const STEEPEST = (12 * 2 * Math.PI) / 360;

/**
 * A pole on a cart (Barto, Sutton & Anderson 1983), as Gymnasium's CartPole-v1 computes it: Euler steps of 0.02 s in float64.
 *
 *   temp   = (F + m l w^2 sin(th)) / M
 *   a_th   = (g sin(th) - cos(th) temp) / (l (4/3 - m cos(th)^2 / M))
 *   a_x    = temp - m l a_th cos(th) / M
 *
 * State: [x in m, its rate, th in rad (0 is upright), its rate w].
 */
export const cartpole: Physics = {
  actions: 2,
  maxSteps: 500,
  highest: [2 * FARTHEST, Infinity, 2 * STEEPEST, Infinity],
  lowest: [-2 * FARTHEST, -Infinity, -2 * STEEPEST, -Infinity],
  begin(random, state) {
    for (let k = 0; k < 4; k++) state[k] = random.uniform(-0.05, 0.05);
  },
  step(state, action) {
    const [x, speed, angle, turning] = state;
    const force = action === 1 ? FORCE : -FORCE;
    const [cosine, sine] = [cos(angle), sin(angle)];
    const temp = (force + POLE_MOMENT * (turning * turning) * sine) / MASS;
    const turningRate = (GRAVITY * sine - cosine * temp) / (LENGTH * (4 / 3 - (POLE_MASS * (cosine * cosine)) / MASS));
    const speedRate = temp - (POLE_MOMENT * turningRate * cosine) / MASS;
    state[0] = x + STEP * speed;
    state[1] = speed + STEP * speedRate;
    state[2] = angle + STEP * turning;
    state[3] = turning + STEP * turningRate;
    return Math.abs(state[0]) > FARTHEST || Math.abs(state[2]) > STEEPEST;
  },
  reward: 1,
};
