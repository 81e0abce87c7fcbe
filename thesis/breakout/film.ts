import type { AtariEnvironments } from "../../src/environments/atari-worlds.ts";
import { Random } from "../../src/numeric/random.ts";
import { encodeApng } from "../../src/report/images/apng.ts";
import { fastEngine } from "../../src/engines/fast/index.ts";
import { convolutionOf, outputsOf } from "../../src/network/layer.ts";
import { actionsOf, type SpikingNetwork } from "../../src/network/network.ts";

/** An animated PNG, and what is seen on it. */
export interface Film {
  readonly png: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly frames: number;
  /** The game's points at the end of the film. */
  readonly points: number;
}

const SCREEN = { width: 160, height: 210 };
const GAP = 6;
const PANEL = 176;
/** An action lasts four frames of a console that shows 60 a second. */
const MILLISECONDS = 67;

/**
 * A spiking network plays: on the left the console's screen, on the right every spiking neuron of the decision that was taken there, the
 * brighter the more often it spiked (convolutions channel by channel, layers from top to bottom), and below a bar for each action.
 */
export async function filmOf(
  network: SpikingNetwork,
  games: AtariEnvironments,
  { steps, seed, epsilon }: { readonly steps: number; readonly seed: number; readonly epsilon: number },
): Promise<Film> {
  const engine = fastEngine().load(network);
  const random = Random.stream(seed, "film");
  const panel = panelOf(network);
  const [width, height] = [SCREEN.width + GAP + PANEL, Math.max(SCREEN.height, panel.height)];
  const frames: Uint8Array[] = [];
  let points = 0;
  let observations = await games.reset({ seed: [seed] });
  for (let t = 0; t < steps; t++) {
    const { spikeCounts, outputs, actions } = engine.run(observations);
    const picture = new Uint8Array(width * height * 3).fill(18);
    const screen = await games.render(0);
    for (let y = 0; y < screen.height; y++)
      picture.set(screen.data.subarray(y * screen.width * 3, (y + 1) * screen.width * 3), y * width * 3);
    panel.draw(picture, width, SCREEN.width + GAP, { spikeCounts, outputs, action: actions[0] });
    frames.push(picture);
    const chosen = random.uniform() < epsilon ? Int32Array.of(random.integer(games.actions)) : actions;
    const step = await games.step(chosen);
    observations = step.observations;
    points += step.rewards[0];
    if (step.terminated[0] || step.truncated[0]) break;
  }
  engine.close();
  return { png: encodeApng(frames, width, height, MILLISECONDS), width, height, frames: frames.length, points };
}

interface Decision {
  readonly spikeCounts: readonly Float64Array[];
  readonly outputs: Float64Array;
  readonly action: number;
}

interface Panel {
  readonly height: number;
  draw(picture: Uint8Array, width: number, left: number, decision: Decision): void;
}

/** Where each neuron's pixels lie. */
interface Tiling {
  readonly top: number;
  readonly bottom: number;
  /** Pixels per neuron and side. */
  readonly cell: number;
  place(neuron: number): readonly [x: number, y: number];
}

function panelOf(network: SpikingNetwork): Panel {
  const tilings: Tiling[] = [];
  let top = 2;
  for (const layer of network.layers.slice(0, -1)) {
    const convolution = convolutionOf(layer);
    const tiling = convolution ? channels(convolution.output, top) : square(outputsOf(layer), top);
    tilings.push(tiling);
    top = tiling.bottom + GAP;
  }
  const actions = actionsOf(network);
  return {
    height: top + 8 * actions + 2,
    draw(picture, width, left, { spikeCounts, outputs, action }) {
      const paint = (x: number, y: number, w: number, h: number, [r, g, b]: readonly number[]): void => {
        for (let row = y; row < y + h; row++)
          for (let column = left + x; column < left + x + w; column++)
            picture.set([r, g, b], (row * width + column) * 3);
      };
      tilings.forEach(({ cell, place }, l) => {
        const counts = spikeCounts[l];
        for (let j = 0; j < counts.length; j++) {
          const [x, y] = place(j);
          paint(x, y, cell, cell, glow(counts[j] / network.coding.steps));
        }
      });
      const [least, most] = [Math.min(...outputs), Math.max(...outputs)];
      outputs.forEach((value, a) => {
        const length = 6 + Math.round(((PANEL - 8) * (value - least)) / Math.max(1e-9, most - least));
        paint(0, top + 8 * a, Math.min(PANEL, length), 6, a === action ? [255, 154, 92] : [90, 96, 106]);
      });
    },
  };
}

/** A convolution's channels beside each other, in rows that fill the panel. */
function channels([height, width, count]: readonly [number, number, number], top: number): Tiling {
  const across = Math.max(1, Math.floor((PANEL + 1) / (width + 1)));
  return {
    top,
    bottom: top + Math.ceil(count / across) * (height + 1),
    cell: 1,
    place(neuron) {
      const channel = neuron % count;
      const pixel = Math.floor(neuron / count);
      const [column, row] = [channel % across, Math.floor(channel / across)];
      return [column * (width + 1) + (pixel % width), top + row * (height + 1) + Math.floor(pixel / width)];
    },
  };
}

/** A dense layer as a block as wide as the panel. */
function square(neurons: number, top: number): Tiling {
  const cell = neurons <= 600 ? 4 : 2;
  const across = Math.floor(PANEL / cell);
  return {
    top,
    bottom: top + Math.ceil(neurons / across) * cell,
    cell,
    place: (neuron) => [(neuron % across) * cell, top + Math.floor(neuron / across) * cell],
  };
}

/** From dark grey to bright orange in a dozen levels, so that the film stays small. */
function glow(rate: number): readonly number[] {
  const level = Math.round(11 * Math.sqrt(Math.min(1, rate))) / 11;
  return [30 + 225 * level, 30 + 140 * level * level, 34 + 60 * level ** 4].map(Math.round);
}
