import { openWorker, type NdArray, type Worker } from "../../bridge/index.ts";
import type { OnProgress } from "../../progress.ts";
import { outputsOf } from "../../network/layer.ts";
import type { SpikingNetwork } from "../../network/network.ts";
import { fanOut } from "../../network/synapses.ts";
import { networkMessage } from "../message.ts";
import { layersOnMachine, populationsOf } from "../twins/cells.ts";
import { type Bound, layerBounds, ringBuffers, type Weighted } from "../twins/ring-buffers.ts";
import { boardSettings } from "./board.ts";
import { hasInputNeurons, type InputOptions, withInputNeurons } from "./input-layer.ts";

/** A core and what lives on it. */
export interface Placement {
  readonly population: string;
  /** First and last. */
  readonly neurons: readonly [number, number];
  readonly chip: readonly [number, number];
  readonly core: number;
  readonly sdramBytes: number;
}

/** How finely sPyNNaker resolves the weights that reach a layer. */
export interface LayerResolution {
  /** -1: the input neurons that the chip has in front of the network's own layers. */
  readonly layer: number;
  readonly shifts: { readonly excitatory: number; readonly inhibitory: number };
  /** The step between neighbouring weights. */
  readonly resolution: { readonly excitatory: number; readonly inhibitory: number };
  /** Nonzero weights on the machine. */
  readonly synapses: number;
  /** Weights whose 16-bit words differ from the twin's; null where the layer's weights stay on the host. */
  readonly twinDiffers: number | null;
}

/** What a network takes of a SpiNNaker board, as sPyNNaker places it on its virtual one. */
export interface BoardMap {
  readonly cores: number;
  readonly chips: number;
  readonly sdramBytes: number;
  readonly routingEntries: number;
  readonly board: { readonly version: number; readonly chips: number; readonly width: number; readonly height: number };
  readonly routingTables: readonly { readonly chip: readonly [number, number]; readonly entries: number }[];
  readonly placements: readonly Placement[];
  readonly layers: readonly LayerResolution[];
  /** The folder with sPyNNaker's own reports. */
  readonly reports: string;
  readonly version: string;
}

/** Onto which board, for how long, and where the input is made. */
export interface PlaceOptions extends InputOptions {
  /** 3 or 5; 5 unless given. */
  readonly boardVersion?: number;
  /** sPyNNaker's own IFCurDelta for all. */
  readonly hardReset?: boolean;
  /** Each network's own unless given. */
  readonly steps?: number;
  readonly python?: string;
  readonly onProgress?: OnProgress;
  readonly signal?: AbortSignal;
}

/** Maps `network` on the virtual board: partitioning, placement, routing, keys, tables and data, up to loading. */
export async function placeNetwork(network: SpikingNetwork, options: PlaceOptions = {}): Promise<BoardMap> {
  return (await placeNetworks([network], options))[0];
}

/** Each network alone on the board, one after the other in one process (sPyNNaker takes seconds to start). */
export async function placeNetworks(
  networks: readonly SpikingNetwork[],
  options: PlaceOptions = {},
): Promise<BoardMap[]> {
  const { boardVersion = 5, hardReset, signal } = options;
  const worker = await openWorker({
    name: "spinnaker",
    signal,
    python: options.python ?? (await managedPython(options)),
  });
  try {
    const board = { simulator: "spinnaker", ...boardSettings({ virtual: true, boardVersion, hardReset }) };
    const { result: info } = await worker.call("spinnaker.info", board);
    const maps: BoardMap[] = [];
    for (const network of networks)
      maps.push({ ...(await placeOne(worker, board, network, options)), version: info.version as string });
    return maps;
  } finally {
    await worker.close();
  }
}

async function placeOne(
  worker: Worker,
  board: Record<string, unknown>,
  network: SpikingNetwork,
  { steps = network.coding.steps, input, inputRange, hardReset, onProgress, signal }: PlaceOptions,
): Promise<Omit<BoardMap, "version">> {
  const inFront = hasInputNeurons(network, input);
  const onMachine = inFront ? withInputNeurons(network, inputRange) : network;
  const { network: description, arrays } = networkMessage(onMachine);
  const { result: loaded } = await worker.call("spinnaker.load", { ...board, input, network: description }, arrays);
  const handle = { handle: loaded.handle };
  const place = { ...handle, steps };
  const { result, arrays: written } = await worker.call("spinnaker.place", place, {}, { onProgress, signal });
  await worker.call("core.release", handle);
  const map = result as unknown as Omit<BoardMap, "version">;
  const machineLayers = layersOnMachine(onMachine, populationsOf(onMachine, { hardReset }));
  const bounds = layerBounds(onMachine, { poissonOnChip: input === "chip" });
  const layers = map.layers.map((layer, l) => {
    const words = writtenWords(written, l);
    const twinDiffers = words && twinDifference(machineLayers[l], bounds[l], layer.shifts, words);
    return { ...layer, layer: layer.layer - Number(inFront), twinDiffers };
  });
  return inFront ? { ...map, layers, placements: map.placements.map(withInputName) } : { ...map, layers };
}

/** The population in front is the input; the network's own layers keep their numbers. */
function withInputName(placement: Placement): Placement {
  const number = Number(placement.population.slice("layer".length));
  return { ...placement, population: number === 0 ? "input" : `layer${number - 1}` };
}

async function managedPython(options: Pick<PlaceOptions, "onProgress" | "signal">): Promise<string> {
  const { ensurePython } = await import("../../setup/python-environment.ts");
  return (await ensurePython(["spinnaker"], options)).python;
}

/** What sPyNNaker wrote for a layer: a 16-bit word for each synapse, those of inhibitory ones negated. */
interface WrittenWords {
  readonly source: Int32Array;
  readonly target: Int32Array;
  readonly word: Int32Array;
}

function writtenWords(arrays: Record<string, NdArray>, layer: number): WrittenWords | null {
  const column = (name: string): Int32Array => arrays[`${name}${layer}`].data as Int32Array;
  if (!arrays[`word${layer}`]) return null;
  return { source: column("source"), target: column("target"), word: column("word") };
}

/** Synapses whose words differ from the twin's, are missing or too many; all of them where the shifts differ. */
function twinDifference(
  layer: Weighted,
  bound: Bound,
  { excitatory, inhibitory }: LayerResolution["shifts"],
  { source, target, word }: WrittenWords,
): number {
  const twin = ringBuffers(layer, bound);
  if (twin.shifts[0] !== excitatory || twin.shifts[1] !== inhibitory) return Math.max(1, word.length);
  const indexOf = weightIndex(layer);
  const expected = fanOut(layer).reduce((sum, synapses) => sum + synapses, 0);
  let different = Math.abs(expected - word.length);
  for (let k = 0; k < word.length; k++) {
    const twice = k > 0 && source[k] === source[k - 1] && target[k] === target[k - 1];
    const index = indexOf(source[k], target[k]);
    if (twice || index < 0 || layer.weights[index] === 0 || word[k] !== twin.words[index]) different++;
  }
  return different;
}

/** Where the weight of a synapse lies in the layer's weights; -1 where there is no synapse. */
function weightIndex({ synapses }: Weighted): (source: number, target: number) => number {
  if (synapses.kind === "dense") return (source, target) => source * outputsOf({ synapses }) + target;
  const { input, output, kernel, strides, padding } = synapses;
  return (source, target) => {
    const [from, to] = [Math.floor(source / input[2]), Math.floor(target / output[2])];
    const i = Math.floor(from / input[1]) - Math.floor(to / output[1]) * strides[0] + padding[0];
    const j = (from % input[1]) - (to % output[1]) * strides[1] + padding[1];
    if (i < 0 || i >= kernel[0] || j < 0 || j >= kernel[1]) return -1;
    return ((i * kernel[1] + j) * input[2] + (source % input[2])) * output[2] + (target % output[2]);
  };
}
