import { type Tensor, tensor, transposed } from "../files/tensor.ts";
import type { ImageShape } from "../network/convolution.ts";
import { decodeNetwork, encodeNetwork, networkTensors } from "../network/file/codec.ts";
import { type LayerDescription, networkSchema, parseMetadata } from "../network/file/schema.ts";
import { weightShape } from "../network/layer.ts";
import { isSpiking, type Network } from "../network/network.ts";
import { wrongForm } from "./modules.ts";
import { fromTorchKernel, reordered, torchTensors } from "./torch-layout.ts";

/** What `dsqn export` writes beside tensors that others know: the metadata's format, and a file in an archive. */
export const PORTABLE = "dsqn-tensors";
export const PORTABLE_FILE = "dsqn.json";

/** A network's tensors as others know them: in torch's layouts, those of a spiking network in the original's. */
export function portableTensors(network: Network): Record<string, Tensor> {
  return isSpiking(network) ? networkTensors(network) : torchTensors(network);
}

/** What the tensors don't say, as JSON: what `fromPortable` needs besides. */
export function portableDescription(network: Network): string {
  const { layers, ...rest } = JSON.parse(encodeNetwork(network).description) as { layers: Record<string, unknown>[] };
  return JSON.stringify({ ...rest, layers: layers.map((layer) => ({ ...layer, populations: undefined })) });
}

/** The network that was taken apart into `portableTensors` and `portableDescription`. */
export function fromPortable(tensors: Readonly<Record<string, Tensor>>, description: string, source: string): Network {
  const { input, coding, layers } = parseMetadata(description, networkSchema, "the network", source);
  const own = coding ? tensors : ownLayout(tensors, layers, input.length === 3 ? input : undefined, source);
  return decodeNetwork({ tensors: own, metadata: { network: description } }, source);
}

const letters: Readonly<Record<string, string>> = { weight: "W", bias: "b", initial_potential: "v" };
const parts = Object.fromEntries(Object.entries(letters).map(([part, letter]) => [letter, part]));

/** W0, b0, v0 (initial potentials), W1, ..., and a neuron's parameters under their own names. */
export function numbered(tensors: Readonly<Record<string, Tensor>>): Record<string, Tensor> {
  return Object.fromEntries(
    Object.entries(tensors).map(([name, value]) => {
      const [, layer, part] = name.split(".");
      return [`${letters[part] ?? part}${layer}`, value];
    }),
  );
}

/** The other way round. */
export function unnumbered(tensors: Readonly<Record<string, Tensor>>): Record<string, Tensor> {
  return Object.fromEntries(
    Object.entries(tensors).map(([name, value]) => {
      const [, part, layer] = /^(.*?)(\d+)$/.exec(name) ?? [name, name, "?"];
      return [`layers.${layer}.${Object.hasOwn(parts, part) ? parts[part] : part}`, value];
    }),
  );
}

/** From torch's layouts to ours. */
function ownLayout(
  tensors: Readonly<Record<string, Tensor>>,
  layers: readonly LayerDescription[],
  input: ImageShape | undefined,
  source: string,
): Record<string, Tensor> {
  const own: Record<string, Tensor> = { ...tensors };
  let before = input;
  for (const [l, { synapses, pooling }] of layers.entries()) {
    const [weight, bias] = [`layers.${l}.weight`, `layers.${l}.bias`];
    const shape = weightShape({ synapses });
    const stored = tensors[weight];
    const size = shape.reduce((a, b) => a * b);
    if (!(stored?.data instanceof Float32Array) || stored.data.length !== size)
      throw wrongForm(source, `${weight} does not hold the ${size} values of its layer`);
    const image = pooling?.window.output ?? before;
    if (synapses.kind === "convolution") {
      own[weight] = tensor(fromTorchKernel(stored.data, synapses), shape);
      const biases = tensors[bias];
      if (biases?.shape.length === 3 && biases.data instanceof Float32Array)
        own[bias] = tensor(reordered(biases.data, 1, synapses.output, "from torch"));
      before = synapses.output;
    } else {
      const rows = transposed(stored.data, synapses.outputs, synapses.inputs);
      own[weight] = tensor(image ? reordered(rows, synapses.outputs, image, "from torch") : rows, shape);
      before = undefined;
    }
  }
  return own;
}
