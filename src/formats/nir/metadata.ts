import { z } from "zod";
import { bytesOf, type Tensor, tensor } from "../../files/tensor.ts";
import { decodeNetwork } from "../../network/file/codec.ts";
import { networkSchema } from "../../network/file/schema.ts";
import { outputsOf, weightShape } from "../../network/layer.ts";
import { isSpiking, type SpikingNetwork } from "../../network/network.ts";
import { nirDialect, nirInvalid } from "./errors.ts";
import type { NirGraph, NirNode } from "./graph.ts";
import type { NirOptions } from "./options.ts";
import { type GraphToWrite, graphOf, type NodeToWrite } from "./write.ts";

const schema = z.strictObject({
  format: z.literal(1),
  dt: z.number().positive(),
  withoutBiases: z.array(z.number().int().nonnegative()),
  network: z.unknown(),
});

/** What our own export wrote beside the graph: metadata.`dsqn`. */
export interface OwnMetadata {
  readonly dt: number;
  readonly withoutBiases: readonly number[];
  readonly network: string;
  readonly options: NirOptions;
}

/** Our own metadata; undefined where there is none, or where a dialect is named: then the nodes alone count. */
export function ownMetadata({ metadata }: NirGraph, options: NirOptions, source: string): OwnMetadata | undefined {
  if (options.dialect !== undefined || typeof metadata.dsqn !== "string") return undefined;
  const asked = (["dt", "reset", "maxSpikes", "normInput"] as const).find((name) => options[name] !== undefined);
  if (asked !== undefined)
    throw nirDialect(
      source,
      `dsqn wrote it, and it says all there is to know; "${asked}" would be against it`,
      "Leave it out, or add --dialect nir to read the nodes alone.",
    );
  let found: z.infer<typeof schema>;
  let network: z.infer<typeof networkSchema>;
  try {
    found = schema.parse(JSON.parse(metadata.dsqn));
    network = networkSchema.parse(found.network);
  } catch (cause) {
    throw nirInvalid(source, `its metadata "dsqn" can't be read (${(cause as Error).message.slice(0, 200)})`);
  }
  // Read without neurons' names: how a node is taken depends on whether the output fires alone.
  const coding = network.coding && { decoding: network.coding.decoding, steps: network.coding.steps };
  return { ...found, network: JSON.stringify(found.network), options: { dialect: "nir", dt: found.dt, coding } };
}

/**
 * The network that our own export wrote, bit for bit: weights from the nodes, all else from the metadata. NIR_DIALECT where somebody changed the nodes since: they
 * are compared with those that this network is written as.
 */
export function ownNetwork(own: OwnMetadata, read: SpikingNetwork, graph: NirGraph, source: string): SpikingNetwork {
  const tensors: Record<string, Tensor> = {};
  for (const [name, value] of Object.entries(graph.metadata)) if (typeof value !== "string") tensors[name] = value;
  for (const [l, layer] of read.layers.entries()) {
    const { weights, biases, recurrent } = layer;
    tensors[`layers.${l}.weight`] = tensor(weights, weightShape(layer));
    if (biases && !own.withoutBiases.includes(l)) tensors[`layers.${l}.bias`] = tensor(biases);
    if (recurrent) tensors[`layers.${l}.recurrent`] = tensor(recurrent, [outputsOf(layer), outputsOf(layer)]);
  }
  const network = decodeNetwork({ tensors, metadata: { network: own.network } }, source);
  if (!isSpiking(network)) throw nirInvalid(source, 'its metadata "dsqn" describes a network that does not spike');
  const changed = difference(
    graphOf(network, () => {}),
    graph,
    "",
  );
  if (changed !== undefined)
    throw nirDialect(
      source,
      `${changed} is not as dsqn wrote it, so its metadata describes another network`,
      "--dialect nir --dt SECONDS reads the nodes alone.",
    );
  return network;
}

/** The first node that differs from what is written. */
function difference(written: GraphToWrite, graph: NirGraph, before: string): string | undefined {
  for (const [name, node] of written.nodes) {
    const there = graph.nodes.get(name);
    if (!there) return `the node "${before}${name}", which is missing,`;
    const inner = "nodes" in node;
    const found = inner
      ? there.graph
        ? difference(node, there.graph, `${before}${name}/`)
        : `the node "${before}${name}"`
      : changedField(node, there, before + name);
    if (found !== undefined) return found;
  }
  return graph.nodes.size === written.nodes.size ? undefined : "the number of nodes";
}

function changedField(node: Exclude<NodeToWrite, GraphToWrite>, there: NirNode, name: string): string | undefined {
  if (there.type !== node.type) return `the type of node "${name}"`;
  const field = Object.keys(node.fields).find((key) => !equal(node.fields[key], there.fields[key]));
  return field === undefined ? undefined : `"${field}" of node "${name}"`;
}

function equal(a: Tensor | string, b: Tensor | string | undefined): boolean {
  if (typeof a === "string" || typeof b !== "object") return a === b;
  const [x, y] = [bytesOf(a.data), bytesOf(b.data)];
  return a.dtype === b.dtype && x.length === y.length && x.every((byte, k) => byte === y[k]);
}
