import { createWorld, type NativeWorld } from "../../index.ts";
import { colours, type Surface } from "../common/canvas.ts";

/** Where an agent acts, and how that looks. */
export interface Stage {
  readonly id: string;
  /** Decisions a second. */
  readonly rate: number;
  readonly actions: readonly string[];
  /** Height of the picture by its width. */
  height(width: number): number;
  reset(seed: number): Float32Array;
  /** What the agent sees now. */
  observation(): Float32Array;
  /** Acts; what came of it, in words, where the episode ends. */
  step(action: number): { readonly observation: Float32Array; readonly ended?: string };
  /** Decisions of this episode so far. */
  readonly steps: number;
  /** `action`: the last choice. */
  draw(surface: Surface, action: number): void;
  /** What is to be seen, in words. */
  describe(): string;
  /** Pushes what is balanced or driven, to the left (-1) or to the right (1); absent where nobody can. */
  push?(direction: -1 | 1): void;
  /** What was chosen when a recorded game was played; absent where nothing is recorded. */
  recorded?(): number;
}

/** How long a push is seen, in milliseconds. */
const SEEN = 350;

interface Push {
  readonly direction: -1 | 1;
  readonly at: number;
}

/** Where the pole's track ends, in m. */
const EDGE = 2.4;

export function cartpoleStage(): Stage {
  const world = createWorld("CartPole-v1");
  let push: Push | undefined;
  const stage: Stage = {
    id: world.id,
    rate: 50,
    actions: ["left", "right"],
    height: (width) => Math.min(360, Math.max(190, width * 0.54)),
    ...acting(world, (steps) =>
      steps >= world.maxSteps
        ? `${steps} steps: as long as an episode lasts.`
        : Math.abs(world.state[0]) > EDGE
          ? `The cart left its track after ${steps} steps.`
          : `The pole fell after ${steps} steps.`,
    ),
    get steps() {
      return world.steps;
    },
    push(direction) {
      // As a finger against the pole's upper half would: it turns, and the cart gives way a little.
      world.state[3] += 0.75 * direction;
      world.state[1] += 0.25 * direction;
      push = { direction, at: performance.now() };
    },
    describe() {
      const lean = (world.state[2] * 180) / Math.PI;
      const [x] = world.state;
      return `CartPole, step ${world.steps}: the pole leans ${Math.abs(lean).toFixed(1)}° to the ${lean < 0 ? "left" : "right"}, the cart is ${Math.abs(x).toFixed(1)} m ${x < 0 ? "left" : "right"} of the middle.`;
    },
    draw(surface, action) {
      drawCartPole(surface, world, action, push);
    },
  };
  return stage;
}

function drawCartPole(
  { context: c, width, height }: Surface,
  { state }: NativeWorld,
  action: number,
  push?: Push,
): void {
  const { ink, line, muted, snn, paper, dqn } = colours();
  const scale = width / (2 * EDGE + 0.7);
  const [x, y] = [width / 2 + state[0] * scale, height * 0.8];
  const pole = Math.min(height * 0.62, scale * 1.15);
  c.clearRect(0, 0, width, height);
  c.lineCap = "round";
  stroke(c, line, 2, [
    [width / 2 - EDGE * scale, y],
    [width / 2 + EDGE * scale, y],
  ]);
  for (const edge of [-EDGE, 0, EDGE]) {
    const at = width / 2 + edge * scale;
    stroke(c, muted, edge === 0 ? 1 : 2, [
      [at, y + (edge === 0 ? 3 : -8)],
      [at, y + 8],
    ]);
  }
  const [w, h] = [scale * 0.42, scale * 0.25];
  c.fillStyle = snn;
  c.beginPath();
  c.roundRect(x - w / 2, y - h / 2, w, h, 6);
  c.fill();
  const force = action === 0 ? -1 : 1;
  arrow(c, muted, [x + (force * w) / 2 + force * 8, y], [x + (force * w) / 2 + force * 30, y]);
  const tip: Point = [x + Math.sin(state[2]) * pole, y - Math.cos(state[2]) * pole];
  stroke(c, ink, Math.max(6, scale * 0.07), [[x, y], tip]);
  c.fillStyle = paper;
  c.beginPath();
  c.arc(x, y, 4, 0, 7);
  c.fill();
  if (!push) return;
  const age = (performance.now() - push.at) / SEEN;
  if (age > 1) return;
  c.globalAlpha = 1 - age;
  const from = tip[0] - push.direction * (64 - 30 * age);
  arrow(c, dqn, [from, tip[1] + 14], [tip[0] - push.direction * (16 - 10 * age), tip[1] + 14], 4);
  c.globalAlpha = 1;
}

/** Ends of the valley, and where the flag stands. */
const [WEST, EAST, GOAL] = [-1.2, 0.6, 0.5];
const hill = (x: number): number => Math.sin(3 * x) * 0.45 + 0.55;

export function mountaincarStage(): Stage {
  const world = createWorld("MountainCar-v0");
  let push: Push | undefined;
  return {
    id: world.id,
    rate: 50,
    actions: ["left", "coast", "right"],
    height: (width) => Math.min(360, Math.max(190, width * 0.54)),
    ...acting(world, (steps) =>
      steps >= world.maxSteps ? `Not up after ${steps} steps.` : `Up after ${steps} steps.`,
    ),
    get steps() {
      return world.steps;
    },
    push(direction) {
      world.state[1] = Math.max(-0.07, Math.min(0.07, world.state[1] + 0.02 * direction));
      push = { direction, at: performance.now() };
    },
    describe() {
      const [x, v] = world.state;
      return `MountainCar, step ${world.steps}: the car is at ${x.toFixed(2)} and rolls to the ${v < 0 ? "left" : "right"}; the flag is at 0.5.`;
    },
    draw(surface, action) {
      drawMountainCar(surface, world, action, push);
    },
  };
}

function drawMountainCar(
  { context: c, width, height }: Surface,
  { state }: NativeWorld,
  action: number,
  push?: Push,
): void {
  const { ink, line, muted, snn, nest, panel, dqn } = colours();
  const px = (x: number): number => 16 + ((x - WEST) / (EAST - WEST)) * (width - 32);
  const py = (x: number): number => height - 18 - hill(x) * (height - 76);
  c.clearRect(0, 0, width, height);
  [c.lineCap, c.lineJoin] = ["round", "round"];
  const path = Array.from({ length: 121 }, (_, k): Point => {
    const x = WEST + (k * (EAST - WEST)) / 120;
    return [px(x), py(x)];
  });
  c.fillStyle = line;
  c.beginPath();
  c.moveTo(px(WEST), height);
  for (const [x, y] of path) c.lineTo(x, y);
  c.lineTo(px(EAST), height);
  c.globalAlpha = 0.35;
  c.fill();
  c.globalAlpha = 1;
  stroke(c, muted, 2.5, path);
  const [fx, fy] = [px(GOAL), py(GOAL)];
  stroke(c, nest, 2.5, [
    [fx, fy],
    [fx, fy - 38],
  ]);
  c.fillStyle = nest;
  c.beginPath();
  c.moveTo(fx, fy - 38);
  c.lineTo(fx + 20, fy - 30);
  c.lineTo(fx, fy - 22);
  c.fill();
  const [x] = state;
  c.save();
  c.translate(px(x), py(x));
  c.rotate(-Math.atan((Math.cos(3 * x) * 1.35 * (height - 76)) / ((width - 32) / (EAST - WEST))));
  c.fillStyle = snn;
  c.beginPath();
  c.roundRect(-21, -24, 42, 15, 5);
  c.roundRect(-12, -34, 23, 12, 5);
  c.fill();
  c.fillStyle = ink;
  for (const wheel of [-12, 12]) {
    c.beginPath();
    c.arc(wheel, -7, 6.5, 0, 7);
    c.fill();
  }
  c.fillStyle = panel;
  const force = action - 1;
  if (force !== 0) arrow(c, muted, [force * 27, -17], [force * 48, -17]);
  const age = push ? (performance.now() - push.at) / SEEN : 2;
  if (push && age < 1) {
    c.globalAlpha = 1 - age;
    arrow(c, dqn, [-push.direction * (70 - 26 * age), -17], [-push.direction * (30 - 6 * age), -17], 4);
  }
  c.restore();
  c.globalAlpha = 1;
}

/** What both worlds of a few numbers have in common. */
function acting(world: NativeWorld, ending: (steps: number) => string): Pick<Stage, "reset" | "step" | "observation"> {
  return {
    reset: (seed) => world.reset(seed),
    observation: () => world.observation(),
    step(action) {
      const { observation, terminated, truncated } = world.step(action);
      return { observation, ended: terminated || truncated ? ending(world.steps) : undefined };
    },
  };
}

type Point = readonly [x: number, y: number];

function stroke(c: CanvasRenderingContext2D, colour: string, width: number, points: readonly Point[]): void {
  [c.strokeStyle, c.lineWidth] = [colour, width];
  c.beginPath();
  points.forEach(([x, y], k) => (k === 0 ? c.moveTo(x, y) : c.lineTo(x, y)));
  c.stroke();
}

function arrow(c: CanvasRenderingContext2D, colour: string, from: Point, to: Point, width = 3): void {
  const head = Math.sign(to[0] - from[0]) * 8;
  stroke(c, colour, width, [from, to]);
  stroke(c, colour, width, [[to[0] - head, to[1] - 7], to, [to[0] - head, to[1] + 7]]);
}
