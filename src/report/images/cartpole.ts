import { escapeXml } from "../svg/dom.ts";
import { type Colour, ink } from "../theme.ts";

/** An episode as it was: the cart's position in m and the pole's angle in rad, [steps, 2], a row per step of the environment. */
export interface CartPoleEpisode {
  readonly name: string;
  readonly colour: Colour;
  readonly poses: Float32Array;
  readonly steps: number;
}

/** Seconds per step of the environment, and where the track ends, in m (Barto, Sutton & Anderson 1983). */
const STEP_SECONDS = 0.02;
const EDGE = 2.4;

const WIDTH = 720;
const LANE = 208;
const SCALE = (WIDTH - 4) / (2 * EDGE); // pixels per m
const POLE = SCALE; // 1 m, as in the environment
const RAIL = 178; // pixels from the top of a lane

const screenX = (metres: number): number => Math.round((WIDTH / 2 + metres * SCALE) * 10) / 10;
const degrees = (radians: number): number => Math.round(radians * (180 / Math.PI) * 10) / 10;

/**
 * The episodes one above the other, moving in real time (SMIL) exactly as recorded. `maxSteps` cuts long ones. Browsers show it in
 * a page as well as in an `<img>`.
 */
export function cartPoleAnimation(episodes: readonly CartPoleEpisode[], maxSteps = 500): string {
  const longest = Math.min(maxSteps, Math.max(...episodes.map((e) => e.steps)));
  const lanes = episodes.map((episode, i) => lane(episode, i * LANE, longest));
  return svg(episodes, `${describe(episodes)}; animation in real time.`, lanes);
}

/** The same without motion: where the cart and pole were, every so many steps, newest darkest. For paper, and for readers who prefer it. */
export function cartPoleStill(episodes: readonly CartPoleEpisode[], maxSteps = 500, shots = 9): string {
  const lanes = episodes.map(({ name, colour, poses, steps }, i) => {
    const last = Math.min(maxSteps, steps) - 1;
    const ghosts = Array.from({ length: shots }, (_, k) => {
      const step = Math.round((last * k) / (shots - 1));
      const pose = `<g transform="translate(${screenX(poses[2 * step])} ${RAIL})" opacity="${(0.15 + (0.85 * k) / (shots - 1)).toFixed(2)}">`;
      return `${pose}${cart(colour)}<g transform="rotate(${degrees(poses[2 * step + 1])})">${pole()}</g></g>`;
    });
    return `<g transform="translate(0 ${i * LANE})">${track(name, colour, steps)}${ghosts.join("")}</g>`;
  });
  return svg(episodes, `${describe(episodes)}; ${shots} moments laid over each other.`, lanes);
}

function lane({ name, colour, poses, steps }: CartPoleEpisode, top: number, longest: number): string {
  const shown = Math.min(steps, longest);
  const duration = (longest * STEP_SECONDS).toFixed(2);
  // Every second pose is enough for the eye at 50 poses a second, and halves the file.
  const sampled = Array.from({ length: Math.ceil(longest / 2) }, (_, k) => Math.min(2 * k, shown - 1));
  const animate = (type: string, values: readonly (number | string)[]): string =>
    `<animateTransform attributeName="transform" type="${type}" dur="${duration}s" repeatCount="indefinite" values="${values.join(";")}"/>`;
  const slide = animate(
    "translate",
    sampled.map((step) => `${screenX(poses[2 * step])} ${RAIL}`),
  );
  const swing = animate(
    "rotate",
    sampled.map((step) => degrees(poses[2 * step + 1])),
  );
  const progress = `<rect x="0" y="${LANE - 8}" height="3" width="0" fill="${ink(colour)}"><animate attributeName="width" dur="${duration}s" repeatCount="indefinite" values="0;${WIDTH}"/></rect>`;
  const body = `<g transform="translate(${screenX(poses[0])} ${RAIL})">${slide}${cart(colour)}<g transform="rotate(${degrees(poses[1])})">${swing}${pole()}</g></g>`;
  return `<g transform="translate(0 ${top})">${track(name, colour, steps)}${progress}${body}</g>`;
}

function track(name: string, colour: Colour, steps: number): string {
  const edge = (x: number): string =>
    `<path d="M${screenX(x)} ${RAIL - 7}v14" stroke="${ink("muted")}" stroke-width="2"/>`;
  return [
    `<path d="M${screenX(-EDGE)} ${RAIL}H${screenX(EDGE)}" stroke="${ink("line")}" stroke-width="2"/>`,
    edge(-EDGE),
    edge(EDGE),
    `<text x="${screenX(-EDGE)}" y="20" font-size="17" font-weight="600" fill="${ink(colour)}">${escapeXml(name)}</text>`,
    `<text x="${screenX(EDGE)}" y="20" font-size="17" text-anchor="end" fill="${ink("muted")}">${steps} steps</text>`,
  ].join("");
}

const cart = (colour: Colour): string => `<rect x="-30" y="-18" width="60" height="36" rx="6" fill="${ink(colour)}"/>`;

const pole = (): string =>
  `<path d="M0 0V-${Math.round(POLE)}" stroke="${ink("ink")}" stroke-width="9" stroke-linecap="round"/><circle r="5" fill="${ink("paper")}"/>`;

function describe(episodes: readonly CartPoleEpisode[]): string {
  return `CartPole, ${episodes.map((e) => `${e.name} for ${e.steps} steps`).join(", ")}`;
}

function svg(episodes: readonly CartPoleEpisode[], alt: string, lanes: readonly string[]): string {
  return `<svg viewBox="0 0 ${WIDTH} ${episodes.length * LANE}" width="${WIDTH}" role="img" aria-label="${escapeXml(alt)}">${lanes.join("")}</svg>`;
}
