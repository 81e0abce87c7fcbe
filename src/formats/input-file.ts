import { extname } from "node:path";
import { UsageError } from "../errors.ts";
import { readBytes } from "../files/atomic.ts";
import { type Tensor, toFloat32 } from "../files/tensor.ts";
import { type ImageShape, sizeOf } from "../network/convolution.ts";
import { type Network, observationSize } from "../network/network.ts";
import { inputIn, readNirData } from "./nir/data.ts";
import { decodeNpz } from "./npz.ts";
import { reordered } from "./torch-layout.ts";

/** What networks are shown: states that stay, or that change from step to step. */
export interface InputFile {
  /** [states, observation], or where they change [steps, states, observation]. */
  readonly inputs: Float32Array;
  readonly changing: boolean;
  /** Of input that changes. */
  readonly steps: number | null;
  readonly states: number;
  /** [states], which output is right; null where the file has none. */
  readonly labels: Int32Array | null;
}

const INPUTS = ["x", "inputs", "data", "arr_0"];
const LABELS = ["y", "labels", "targets", "arr_1"];

/**
 * States for `network` from an .npz, x (or inputs, data, arr_0) [states, ...] or [steps, states, ...] with labels y (or labels, targets,
 * arr_1) [states], or from NIRData. Images are torch's [channels, height, width] or ours [height, width, channels], by their sizes.
 */
export async function loadInput(path: string, network: Network, dt?: number): Promise<InputFile> {
  const bytes = await readBytes(path);
  if (extname(path).toLowerCase() === ".nir") return fromNir(bytes, path, network, dt);
  const arrays = decodeNpz(bytes, path);
  const there = Object.keys(arrays).join(", ");
  const name = INPUTS.find((one) => one in arrays);
  if (name === undefined)
    throw wrong(
      path,
      `it has no array ${INPUTS.join(", ")} (it has ${there || "none"})`,
      "np.savez(file, x=inputs, y=labels)",
    );
  const x = arrays[name];
  const label = LABELS.find((one) => one in arrays && one !== name);
  const { values, changing, steps, states } = arranged(x, network, path);
  const labels = label === undefined ? null : labelsOf(arrays[label], label, states, path);
  return { inputs: values, changing, steps: changing ? steps : null, states, labels };
}

/** What a network is shown, in its own order, and whether it changes from step to step. */
export function arranged(
  x: Tensor,
  network: Network,
  path: string,
): { values: Float32Array; changing: boolean; steps: number; states: number } {
  const size = observationSize(network);
  const image = network.input.length === 3 ? network.input : undefined;
  const { shape } = x;
  const own = image && shape.length >= 4 ? 3 : 1;
  const leading = shape.length - own;
  const last = shape.slice(leading);
  if (x.shape.includes(0)) throw wrong(path, `its input is [${shape.join(", ")}]: empty`);
  if (leading < 1 || leading > 2 || product(last) !== size)
    throw wrong(
      path,
      `its input is [${shape.join(", ")}], and the network takes states of ${network.input.join(" x ")}`,
      "It is [states, ...], or where it changes [steps, states, ...].",
    );
  const raw = x.dtype.startsWith("float")
    ? toFloat32(x)
    : Float32Array.from(x.data as ArrayLike<number | bigint>, Number);
  const values = image && own === 3 ? rowByRow(raw, last, image, path) : raw.slice();
  const changing = leading === 2;
  return { values, changing, steps: changing ? shape[0] : 1, states: changing ? shape[1] : shape[0] };
}

function rowByRow(values: Float32Array, last: readonly number[], image: ImageShape, path: string): Float32Array {
  const [height, width, channels] = image;
  const ours = last.join() === image.join();
  const torch = last.join() === [channels, height, width].join();
  if (ours && torch && channels > 1)
    throw wrong(
      path,
      `images of ${last.join(" x ")} may have their channels first or last`,
      "Flatten them, row by row with the channels innermost.",
    );
  if (ours) return values.slice();
  if (!torch) throw wrong(path, `its images are ${last.join(" x ")}, and the network takes ${image.join(" x ")}`);
  const into = new Float32Array(values.length);
  const size = sizeOf(image);
  for (let from = 0; from < values.length; from += size)
    into.set(reordered(values.subarray(from, from + size), 1, image, "from torch"), from);
  return into;
}

function labelsOf({ shape, data }: Tensor, name: string, states: number, path: string): Int32Array {
  const labels = Int32Array.from(data as ArrayLike<number | bigint>, Number);
  if (labels.length !== states || shape.length > 2)
    throw wrong(
      path,
      `${name} is [${shape.join(", ")}], and its input has ${states} states`,
      "Input that changes is [steps, states, ...]: are the first two axes the other way round?",
    );
  const odd = labels.findIndex((label, k) => label !== Number(data[k]));
  if (odd >= 0)
    throw wrong(path, `${name} of state ${odd} is ${data[odd]}`, "Labels are the numbers of outputs, from 0.");
  return labels;
}

function fromNir(bytes: Uint8Array, path: string, network: Network, dt?: number): InputFile {
  const grid = inputIn(readNirData(bytes, path), path, dt);
  if (!grid) throw wrong(path, "it has no node called input");
  const { samples, steps, neurons, data } = grid;
  if (neurons !== observationSize(network))
    throw wrong(path, `its input has ${neurons} values, and the network takes ${observationSize(network)}`);
  const image = network.input.length === 3 ? network.input : undefined;
  const inputs = new Float32Array(data.length);
  for (let b = 0; b < samples; b++)
    for (let t = 0; t < steps; t++) {
      const own = data.subarray((b * steps + t) * neurons, (b * steps + t + 1) * neurons);
      inputs.set(image ? reordered(own, 1, image, "from torch") : own, (t * samples + b) * neurons);
    }
  return { inputs, changing: true, steps, states: samples, labels: null };
}

function wrong(path: string, problem: string, hint?: string): UsageError {
  return new UsageError("SEQUENCE_MISMATCH", `${path}: ${problem}.`, { hint, facts: { path } });
}

const product = (sizes: readonly number[]): number => sizes.reduce((a, b) => a * b, 1);
