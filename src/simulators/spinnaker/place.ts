import { openWorker, type NdArray } from "../../bridge/index.ts";
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

/** Maps `network` on the virtual board: partitioning, placement, routing, keys, tables and data, up to loading. */
export async function placeNetwork(
  network: SpikingNetwork,
  options: {
    boardVersion?: number;
    steps?: number;
    python?: string;
    onProgress?: OnProgress;
    signal?: AbortSignal;
  } = {},
): Promise<BoardMap> {
  const { boardVersion = 5, steps = network.steps, onProgress, signal } = options;
  const worker = await openWorker({
    name: "spinnaker",
    signal,
    python: options.python ?? (await managedPython(options)),
  });
  try {
    const board = { simulator: "spinnaker", ...boardSettings({ virtual: true, boardVersion }) };
    const { result: info } = await worker.call("spinnaker.info", board);
    const { network: description, arrays } = networkMessage(network);
    const { result: loaded } = await worker.call("spinnaker.load", { ...board, network: description }, arrays);
    const { result, arrays: written } = await worker.call(
      "spinnaker.place",
      { handle: loaded.handle, steps },
      {},
      { onProgress, signal },
    );
    const map = result as unknown as Omit<BoardMap, "version">;
    const layers = map.layers.map((layer) => ({
      ...layer,
      twinDiffers: twinDifference(network, layer, written[`weights${layer.layer}`]),
    }));
    return { ...map, layers, version: info.version as string };
  } finally {
    await worker.close();
  }
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
