import { escapeXml } from "../svg/dom.ts";
import { type Colour, ink } from "../theme.ts";

/** An episode as it was: the car's position before each step, and what was chosen there (0: push left, 1: nothing, 2: push right). */
export interface MountainCarEpisode {
  readonly name: string;
  readonly colour: Colour;
  readonly positions: Float32Array;
  readonly actions: readonly number[];
}

/** Where the track ends and the flag stands (Moore 1990, in Gymnasium's units), and how long a step is shown, in seconds. */
const LEFT = -1.2;
const RIGHT = 0.6;
const GOAL = 0.5;
const STEP_SECONDS = 1 / 30;

const WIDTH = 720;
const LANE = 230;
const SCALE = (WIDTH - 40) / (RIGHT - LEFT);

const height = (x: number): number => 0.45 * Math.sin(3 * x) + 0.55;
const screenX = (x: number): number => tenth(20 + (x - LEFT) * SCALE);
const screenY = (x: number): number => tenth(205 - 170 * height(x));
/** The slope as drawn, in degrees. */
const slope = (x: number): number => tenth((-Math.atan((170 * 1.35 * Math.cos(3 * x)) / SCALE) * 180) / Math.PI);
const tenth = (value: number): number => Math.round(value * 10) / 10;

/** The episodes one above the other, moving exactly as recorded, 30 steps a second (SMIL). The arrow is the push. */
export function mountainCarAnimation(episodes: readonly MountainCarEpisode[]): string {
  const longest = Math.max(...episodes.map((e) => e.positions.length));
  const alt = `MountainCar, ${episodes.map((e) => `${e.name}: ${e.positions.length} steps`).join(", ")}; animation.`;
  const lanes = episodes.map((episode, i) => `<g transform="translate(0 ${i * LANE})">${lane(episode, longest)}</g>`);
  return `<svg viewBox="0 0 ${WIDTH} ${episodes.length * LANE}" width="${WIDTH}" role="img" aria-label="${escapeXml(alt)}">${lanes.join("")}</svg>`;
}

function lane({ name, colour, positions, actions }: MountainCarEpisode, longest: number): string {
  const dur = `dur="${(longest * STEP_SECONDS).toFixed(2)}s" repeatCount="indefinite"`;
  const last = positions.length - 1;
  const at = Array.from({ length: longest }, (_, k) => positions[Math.min(k, last)]);
  const hill = Array.from({ length: 91 }, (_, k) => LEFT + (k * (RIGHT - LEFT)) / 90);
  const path = hill.map((x) => `${screenX(x)} ${screenY(x)}`).join("L");
  const slide = `<animateTransform attributeName="transform" type="translate" ${dur} values="${at.map((x) => `${screenX(x)} ${screenY(x)}`).join(";")}"/>`;
  const tilt = `<animateTransform attributeName="transform" type="rotate" ${dur} values="${at.map(slope).join(";")}"/>`;
  const pushes = at.map((_, k) => (k > last ? 0 : actions[k] - 1));
  const push = `<animateTransform attributeName="transform" type="scale" calcMode="discrete" ${dur} values="${pushes.map((p) => `${p || 0.001} 1`).join(";")}"/>`;
  return [
    `<path d="M${path}" fill="none" stroke="${ink("muted")}" stroke-width="2.5"/>`,
    `<path d="M${screenX(GOAL)} ${screenY(GOAL)}v-44l24 9-24 9" fill="${ink("nest")}" stroke="${ink("nest")}" stroke-width="2"/>`,
    `<text x="20" y="22" font-size="17" font-weight="600" fill="${ink(colour)}">${escapeXml(name)}</text>`,
    `<text x="${WIDTH - 20}" y="22" font-size="17" text-anchor="end" fill="${ink("muted")}">${positions.length} steps</text>`,
    `<g transform="translate(${screenX(positions[0])} ${screenY(positions[0])})">${slide}<g transform="rotate(${slope(positions[0])})">${tilt}`,
    `<rect x="-24" y="-24" width="48" height="16" rx="5" fill="${ink(colour)}"/>`,
    `<circle cx="-14" cy="-6" r="6" fill="${ink("ink")}"/><circle cx="14" cy="-6" r="6" fill="${ink("ink")}"/>`,
    `<g transform="translate(0 -36)"><path d="M0 0h26m-9-7 9 7-9 7" fill="none" stroke="${ink("ink")}" stroke-width="3">${push}</path></g>`,
    `</g></g>`,
  ].join("");
}
