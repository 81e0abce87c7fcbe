import { type Layer, outputsOf, type SpikingNetwork } from "../../index.ts";
import { colours, type Surface } from "../common/canvas.ts";

/** Where the neurons of one layer stand in a picture. */
interface Tiling {
  readonly width: number;
  readonly height: number;
  place(neuron: number): number;
}

/** Every hidden neuron of a network of convolutions as a pixel: channels beside each other, dense layers as a block. */
export class Maps {
  readonly #tilings: readonly Tiling[];
  readonly #pictures: readonly OffscreenCanvas[];

  constructor({ layers }: SpikingNetwork) {
    this.#tilings = layers.slice(0, -1).map(tilingOf);
    this.#pictures = this.#tilings.map(({ width, height }) => new OffscreenCanvas(width, height));
  }

  /** Height of the picture at a width. */
  height(width: number): number {
    return this.#tilings.reduce((sum, { width: w, height }) => sum + (height * width) / w + 8, -8);
  }

  /** `counts`: how often each neuron spiked in a decision of `steps`. */
  draw({ context: c, width }: Surface, counts: readonly Float64Array[], steps: number): void {
    const [low, high] = [rgb(colours().paper), rgb(colours().snn)];
    c.clearRect(0, 0, width, 4000);
    c.imageSmoothingEnabled = false;
    let top = 0;
    this.#tilings.forEach((tiling, l) => {
      const data = new ImageData(tiling.width, tiling.height);
      for (let j = 0; j < counts[l].length; j++) {
        const share = counts[l][j] === 0 ? 0 : 0.25 + (0.75 * counts[l][j]) / steps;
        const at = 4 * tiling.place(j);
        for (let k = 0; k < 3; k++) data.data[at + k] = low[k] + share * (high[k] - low[k]);
        data.data[at + 3] = 255;
      }
      this.#pictures[l].getContext("2d")!.putImageData(data, 0, 0);
      const height = (tiling.height * width) / tiling.width;
      c.drawImage(this.#pictures[l], 0, top, width, height);
      top += height + 8;
    });
  }
}

function tilingOf(layer: Layer): Tiling {
  const neurons = outputsOf(layer);
  const { synapses } = layer;
  if (synapses.kind === "convolution") {
    const [height, width, channels] = synapses.output;
    const across = Math.ceil(Math.sqrt((channels * height * 2.2) / width));
    const rows = Math.ceil(channels / across);
    const picture = { width: across * (width + 1) - 1, height: rows * (height + 1) - 1 };
    return {
      ...picture,
      place(neuron) {
        const [channel, pixel] = [neuron % channels, Math.floor(neuron / channels)];
        const x = (channel % across) * (width + 1) + (pixel % width);
        return x + picture.width * (Math.floor(channel / across) * (height + 1) + Math.floor(pixel / width));
      },
    };
  }
  const width = Math.min(neurons, 64);
  return { width, height: Math.ceil(neurons / width), place: (neuron) => neuron };
}

function rgb(colour: string): readonly [number, number, number] {
  const value = Number.parseInt(colour.slice(1), 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}
