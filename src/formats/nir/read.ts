import { type Coding, codingDefaults, type SpikingNetwork } from "../../network/network.ts";
import { neuron } from "../../network/neurons/index.ts";
import { Builder } from "./build.ts";
import { chainOf, type Link } from "./chain.ts";
import { assumptions } from "./dialects.ts";
import { nirDialect, nirInvalid, nirUnsupported } from "./errors.ts";
import { type NirGraph, readGraph } from "./graph.ts";
import { ownMetadata, ownNetwork } from "./metadata.ts";
import { nodes } from "./nodes.ts";
import type { NirOptions } from "./options.ts";

export { isNir } from "./graph.ts";

/** A network, the numbers in its file, and what was taken for granted. */
export interface NirNetwork {
  readonly form: "nir";
  readonly network: SpikingNetwork;
  readonly tensors: readonly { name: string; shape: readonly number[] }[];
  readonly assumed: readonly string[];
  /** Of each layer the node that its neurons come from, as NIRData names it. */
  readonly names: readonly string[];
}

/**
 * The network in a file of NIR (https://neuroir.org, versions 0 and 1). What the file leaves open the options say: NIR_DIALECT where they don't. What
 * is taken for granted stands in `assumed`. NIR_UNSUPPORTED names the node that has no counterpart; docs/nir.md has all of them.
 *
 * @example
 * const bytes = writeNir((await loadModel("models/cartpole-dsqn.safetensors")).network).bytes;
 * const { network, assumed } = readNir(bytes, "cartpole.nir");
 * console.log(network.layers.length, assumed.length);
 */
export function readNir(bytes: Uint8Array, source: string, options: NirOptions = {}): NirNetwork {
  const { graph, version } = readGraph(bytes, source);
  const own = ownMetadata(graph, options, source);
  if (!own) {
    const found = networkFrom(graph, options, source);
    if (version !== undefined) return found;
    return { ...found, assumed: [...found.assumed, "version 1 of NIR: the file has none"] };
  }
  const { network, ...found } = networkFrom(graph, own.options, source);
  const same = ownNetwork(own, network, graph, source);
  return { ...found, network: { ...same, coding: { ...same.coding, ...given(options) } }, assumed: [] };
}

export function networkFrom(graph: NirGraph, options: NirOptions, source: string): NirNetwork {
  const taken = assumptions(options, source);
  const chain = chainOf(graph, source);
  const builder = new Builder(source);
  for (const link of chain) {
    const take = Object.hasOwn(nodes, link.node.type) ? nodes[link.node.type] : undefined;
    if (!take)
      throw nirUnsupported(source, `NIR has no node of type "${link.node.type}" that is known here`, link.node.name);
    take(builder, link, options);
    // As soon as it is an image for someone it is from the input on.
    if (link.node.type === "Input") asImage(builder, chain);
  }
  const network = finished(builder, options, source);
  return {
    form: "nir",
    network,
    tensors: chain.flatMap(({ node }) =>
      Object.entries(node.fields).flatMap(([name, value]) =>
        typeof value === "string" ? [] : [{ name: `${node.name}.${name}`, shape: value.shape }],
      ),
    ),
    assumed: [...taken, ...builder.assumed],
    names: builder.names,
  };
}

/** The input is an image, in our order, where windows slide before it is flattened. */
function asImage(b: Builder, chain: readonly Link[]): void {
  const first = chain.find(({ node }) =>
    ["Flatten", "Affine", "Linear", "Conv1d", "Conv2d", "SumPool2d", "AvgPool2d"].includes(node.type),
  )?.node;
  const { shape } = b.signal!;
  const sequence = first?.type === "Conv1d";
  if (!first || !(sequence || first.type.endsWith("2d"))) return;
  const rank = sequence ? 2 : 3;
  const own = shape.length === rank + 1 && shape[0] === 1 ? shape.slice(1) : shape;
  // Of another rank: the node itself says what is wrong.
  if (own.length === rank) b.begin({ shape: own, image: sequence ? [1, own[1], own[0]] : [own[1], own[2], own[0]] });
}

function finished(b: Builder, options: NirOptions, source: string): SpikingNetwork {
  const { open } = b;
  const last = { name: open?.name ?? "", type: "LI", fields: {} };
  if (open && !b.weighted) throw nirUnsupported(source, "nothing with weights or neurons follows it", open.name);
  if (open) {
    b.fire(last, (scale) =>
      neuron("lif", { beta: 0, ...(scale && { gain: scale.length > 1 ? Float32Array.from(scale) : scale[0] }) }),
    );
    b.note(
      `node "${open.name}" is the last and has no neurons: its sums are potentials that forget all from step to step`,
    );
  }
  if (b.layers.length === 0) throw nirInvalid(source, "it has no layer: neither weights nor neurons");
  const silent = open !== undefined || b.silent !== undefined;
  const told = given(options);
  const coding: Coding = { ...codingDefaults, decoding: silent ? "potential" : "spikes", ...told };
  if (silent && ["spikes", "first-spike"].includes(coding.decoding))
    throw nirDialect(
      source,
      `its last layer never fires, so it can't be read by ${coding.decoding}`,
      "Read it by potential.",
      open?.name ?? b.silent!.name,
    );
  if (!("steps" in told)) b.note(`${coding.steps} time steps, as many as anything here has unless told otherwise`);
  if (!("decoding" in told))
    b.note(`the output is read by ${coding.decoding === "spikes" ? "the number of spikes" : "the last potential"}`);
  return { input: b.input!, inputScale: 1, layers: b.layers, coding };
}

/** What the options say of how the network is read. */
function given({ coding = {} }: NirOptions): Partial<Coding> {
  return Object.fromEntries(Object.entries(coding).filter(([, value]) => value !== undefined));
}
