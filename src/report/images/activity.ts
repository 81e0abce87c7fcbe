import { convolutionOf, outputsOf } from "../../network/layer.ts";
import { actionsOf, isSpiking, type Network } from "../../network/network.ts";

const GAP = 6;
const PANEL = 176;

/** What is drawn of a decision. */
export interface Activity {
  readonly spikeCounts: readonly Float64Array[];
  readonly outputs: Float64Array;
  readonly action: number;
}

/** A picture of a network at work: `draw` paints it into an RGB picture of `width` pixels, `left` from its edge. */
export interface ActivityPanel {
  readonly width: number;
  readonly height: number;
  draw(picture: Uint8Array, width: number, left: number, decision: Activity): void;
}

/** Where each neuron's pixels lie. */
interface Tiling {
  readonly top: number;
  readonly bottom: number;
  /** Pixels per neuron and side. */
  readonly cell: number;
  place(neuron: number): readonly [x: number, y: number];
}

/**
 * Every spiking neuron, the brighter the more often it spiked (convolutions channel by channel, layers from top to bottom), and below a bar for each
 * action, the chosen one in orange. Of a network without spikes the bars alone.
 */
export function activityPanel(network: Network, steps?: number): ActivityPanel {
  const tilings: Tiling[] = [];
  let top = 2;
  const T = steps ?? (isSpiking(network) ? network.coding.steps : 1);
  for (const layer of isSpiking(network) ? network.layers.slice(0, -1) : []) {
    const convolution = convolutionOf(layer);
    const tiling = convolution ? channels(convolution.output, top) : square(outputsOf(layer), top);
    tilings.push(tiling);
    top = tiling.bottom + GAP;
  }
  const actions = actionsOf(network);
  return {
    width: PANEL,
    height: top + 8 * actions + 2,
    draw(picture, width, left, { spikeCounts, outputs, action }) {
      const paint = (x: number, y: number, w: number, h: number, [r, g, b]: readonly number[]): void => {
        for (let row = y; row < y + h; row++)
          for (let column = left + x; column < left + x + w; column++)
            picture.set([r, g, b], (row * width + column) * 3);
      };
      tilings.forEach(({ cell, place }, l) => {
        const counts = spikeCounts[l] ?? [];
        for (let j = 0; j < counts.length; j++) {
          const [x, y] = place(j);
          paint(x, y, cell, cell, glow(counts[j] / T));
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
  const cell = neurons <= 150 ? 8 : neurons <= 600 ? 4 : 2;
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
