import { extname } from "node:path";
import { readBytes } from "../../files/atomic.ts";
import type { Tensor } from "../../files/tensor.ts";
import type { ImageShape } from "../../network/convolution.ts";
import { outputsOf, type SpikingLayer } from "../../network/layer.ts";
import { observationSize, type SpikingNetwork, spikingLayers } from "../../network/network.ts";
import { arranged } from "../input-file.ts";
import { inputIn, readNirData, spikesByLayer } from "../nir/data.ts";
import { decodeNpz } from "../npz.ts";
import { namesIn } from "../zip.ts";
import { reordered } from "../torch-layout.ts";
import { countsOf, numbersOf } from "./counts.ts";
import { invalid } from "./described.ts";
import { decodeRecorded, DESCRIPTION_ENTRY, isDescription } from "./reader.ts";
import type { Recording, RecordedNetwork } from "./recorded.ts";

/** A recording, and who made it. */
export interface RecordedFile {
  readonly by: string;
  readonly version: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly recording: Recording;
}

/** What NIRData does not say of itself. */
export interface RecordingOptions {
  /** Of NIRData: the nodes of the network's layers, and how long a step is where it has events. */
  readonly names?: readonly string[];
  readonly dt?: number;
}

/** Whether a file is a framework's whole network with its spikes. */
export function isRecordedNetwork(bytes: Uint8Array): boolean {
  return namesIn(bytes).includes(DESCRIPTION_ENTRY) || isDescription(bytes);
}

/**
 * The spikes that somebody's run of `network` made: from a file of `export_torch`, from an .npz with spikes0, spikes1...
 * [steps, states, neurons] (and x, its input), or from NIRData.
 */
export async function loadRecording(
  path: string,
  network: SpikingNetwork,
  options: RecordingOptions = {},
): Promise<RecordedFile> {
  const bytes = await readBytes(path);
  if (isRecordedNetwork(bytes)) return ofNetwork(await decodeRecorded(bytes, path));
  if (extname(path).toLowerCase() === ".nir") return fromNir(bytes, network, options, path);
  const arrays = decodeNpz(bytes, path);
  const count = spikingLayers(network);
  const layers = Object.keys(arrays).filter((name) => /^spikes\d+$/.test(name)).length;
  if (layers === 0)
    throw invalid(path, `it has no arrays spikes0, spikes1... (it has ${Object.keys(arrays).join(", ") || "none"})`, {
      hint: "Save one for each layer that spikes: np.savez(file, x=inputs, spikes0=..., spikes1=...), each [steps, states, neurons].",
    });
  const spikes = Array.from({ length: layers }, (_, l) => {
    const found = arrays[`spikes${l}`];
    if (!found) throw invalid(path, `it has ${layers} layers of spikes, and no "spikes${l}"`);
    if (found.shape.length !== 3)
      throw invalid(path, `"spikes${l}" is [${found.shape.join(", ")}] instead of [steps, states, neurons]`);
    return found;
  });
  const [steps, states] = spikes[0].shape;
  const odd = spikes.findIndex(({ shape }) => shape[0] !== steps || shape[1] !== states);
  if (odd >= 0)
    throw invalid(
      path,
      `"spikes${odd}" is [${spikes[odd].shape.join(", ")}], and "spikes0" [${spikes[0].shape.join(", ")}]`,
    );
  const x = arrays.x ?? arrays.inputs;
  const seen = x && arranged(x, network, path);
  if (seen && (seen.states !== states || (seen.changing && seen.steps !== steps)))
    throw invalid(path, `x is [${x.shape.join(", ")}], and "spikes0" has ${steps} steps of ${states} states`);
  const potentials = Array.from({ length: count }, (_, l) => potentialsIn(arrays, l, spikes[l]?.shape, path));
  return {
    by: "recording",
    version: "",
    versions: {},
    recording: {
      steps,
      states,
      inputs: seen?.values ?? null,
      changing: seen?.changing ?? false,
      spikes: spikes.map((found, l) => countsOf(found, `spikes${l}`, path)),
      potentials,
    },
  };
}

/** Those of layer l after each step, where the file has them. */
function potentialsIn(
  arrays: Readonly<Record<string, Tensor>>,
  l: number,
  wanted: readonly number[] | undefined,
  path: string,
): ArrayLike<number> | null {
  const found = arrays[`potentials${l}`];
  if (!found) return null;
  if (wanted && found.shape.join() !== wanted.join())
    throw invalid(path, `"potentials${l}" is [${found.shape.join(", ")}], and "spikes${l}" [${wanted.join(", ")}]`);
  return numbersOf(found.data);
}

export function ofNetwork({ framework, versions, recording }: RecordedNetwork): RecordedFile {
  return {
    by: FULL[framework] ?? framework,
    version: versions[FULL[framework] ?? framework] ?? "",
    versions,
    recording,
  };
}

const FULL: Readonly<Record<string, string>> = { sj: "spikingjelly" };

/** NIRData is [samples, steps, neurons], images channel by channel. */
function fromNir(
  bytes: Uint8Array,
  network: SpikingNetwork,
  { names, dt }: RecordingOptions,
  path: string,
): RecordedFile {
  const data = readNirData(bytes, path);
  const layers = network.layers.slice(0, spikingLayers(network));
  const grids = spikesByLayer(data, layers.map(outputsOf), path, { names, dt });
  const [{ samples: states, steps }] = grids;
  const spikes = grids.map((grid, l) => stepsFirst(grid.data, states, steps, imageOf(layers[l])));
  const found = inputIn(data, path, dt);
  const known = found && !names?.includes("input") && found.neurons === observationSize(network) ? found : undefined;
  const image = network.input.length === 3 ? network.input : undefined;
  const inputs = known ? stepsFirst(known.data, states, steps, image) : null;
  return {
    by: "NIRData",
    version: "",
    versions: {},
    recording: { steps, states, inputs, changing: inputs !== null, spikes, potentials: layers.map(() => null) },
  };
}

function imageOf({ synapses }: SpikingLayer): ImageShape | undefined {
  return synapses.kind === "convolution" ? synapses.output : undefined;
}

/** [samples, steps, neurons] as [steps, samples, neurons], images row by row. */
function stepsFirst(data: Float32Array, samples: number, steps: number, image: ImageShape | undefined): Float32Array {
  const n = data.length / samples / steps;
  const into = new Float32Array(data.length);
  for (let b = 0; b < samples; b++)
    for (let t = 0; t < steps; t++) {
      const own = data.subarray((b * steps + t) * n, (b * steps + t + 1) * n);
      into.set(image ? reordered(own, 1, image, "from torch") : own, (t * samples + b) * n);
    }
  return into;
}
