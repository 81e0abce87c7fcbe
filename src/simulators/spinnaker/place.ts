import { openWorker, type NdArray, type Worker } from "../../bridge/index.ts";
import type { OnProgress } from "../../progress.ts";
import type { SpikingNetwork } from "../../snn/network.ts";
import { networkMessage } from "../message.ts";
import { layersOnMachine } from "../twins/fixed-point.ts";
import { ringBuffers } from "../twins/ring-buffers.ts";
import { boardSettings } from "./board.ts";

export interface Placement {
  readonly population: string;
  /** First and last. */
  readonly neurons: readonly [number, number];
  readonly chip: readonly [number, number];
  readonly core: number;
  readonly sdramBytes: number;
}

export interface LayerResolution {
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

export interface PlaceOptions {
  /** 3 or 5; 5 unless given. */
  readonly boardVersion?: number;
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
  const { boardVersion = 5, signal } = options;
  const worker = await openWorker({
    name: "spinnaker",
    signal,
    python: options.python ?? (await managedPython(options)),
  });
  try {
    const board = { simulator: "spinnaker", ...boardSettings({ virtual: true, boardVersion }) };
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
  { steps = network.steps, onProgress, signal }: PlaceOptions,
): Promise<Omit<BoardMap, "version">> {
  const { network: description, arrays } = networkMessage(network);
  const { result: loaded } = await worker.call("spinnaker.load", { ...board, network: description }, arrays);
  const { handle } = loaded;
  const { result, arrays: written } = await worker.call(
    "spinnaker.place",
    { handle, steps },
    {},
    { onProgress, signal },
  );
  await worker.call("core.release", { handle });
  const map = result as unknown as Omit<BoardMap, "version">;
  const layers = map.layers.map((layer) => ({
    ...layer,
    twinDiffers: twinDifference(network, layer, written[`weights${layer.layer}`]),
  }));
  return { ...map, layers };
}

async function managedPython({
  onProgress,
  signal,
}: {
  onProgress?: OnProgress;
  signal?: AbortSignal;
}): Promise<string> {
  const { ensurePython } = await import("../../python/environment.ts");
  return (await ensurePython(["spinnaker"], { onProgress, signal })).python;
}

/** Words [inputs, outputs, 2] that sPyNNaker wrote and that differ from the twin's; all of them where the shifts differ. */
function twinDifference(
  network: SpikingNetwork,
  { layer, shifts }: Omit<LayerResolution, "twinDiffers">,
  words: NdArray | undefined,
): number | null {
  if (!words) return null;
  const twin = ringBuffers(layersOnMachine(network)[layer]);
  if (twin.shifts[0] !== shifts.excitatory || twin.shifts[1] !== shifts.inhibitory) return words.data.length;
  let different = 0;
  for (let k = 0; k < words.data.length; k++) if (Number(words.data[k]) !== twin.weights[k % 2][k >> 1]) different++;
  return different;
}
