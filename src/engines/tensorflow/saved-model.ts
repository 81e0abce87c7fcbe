import { integer, message, text, varint } from "../../files/protobuf.ts";

/**
 * TensorFlow's files of recorded operations (SavedModel), as far as a graph without variables needs them. Messages and
 * field numbers: tensorflow/core/protobuf/{saved_model,meta_graph}.proto,
 * tensorflow/core/framework/{graph,node_def,attr_value,tensor,tensor_shape,types}.proto.
 */

/** An operation of a graph; its inputs are the names of operations with one output. */
export interface Node {
  readonly name: string;
  readonly operation: string;
  readonly inputs: readonly string[];
  readonly attributes: Readonly<Record<string, NodeAttribute>>;
}

export type DataType = "float" | "uint8" | "int32";

/** A number or a list of them is an integer; -1 in a shape: any length. */
export type NodeAttribute =
  | boolean
  | string
  | number
  | readonly number[]
  | { readonly type: DataType }
  | { readonly shape: readonly number[] }
  | { readonly data: Float32Array | Uint8Array | Int32Array; readonly shape: readonly number[] };

/** The tag under which the graph is found. */
export const TAG = "serve";

/** The bytes of saved_model.pb. */
export function savedModel(nodes: readonly Node[]): Uint8Array {
  // Of TensorFlow 2.9, which tfjs-node brings: attributes that came later are unknown to it.
  const versions = [integer(1, 1087), integer(2, 12)];
  const graph = [...nodes.map((node) => message(1, ...nodeDef(node))), message(4, ...versions)];
  return Buffer.concat([integer(1, 1), message(2, message(1, text(4, TAG)), message(2, ...graph))]);
}

const types: Record<DataType, number> = { float: 1, int32: 3, uint8: 4 };

/** The type of an array's elements. */
export const typeOf = (values: Float32Array | Uint8Array | Int32Array): DataType =>
  values instanceof Float32Array ? "float" : values instanceof Uint8Array ? "uint8" : "int32";

function nodeDef({ name, operation, inputs, attributes }: Node): Uint8Array[] {
  return [
    text(1, name),
    text(2, operation),
    ...inputs.map((input) => text(3, input)),
    ...Object.entries(attributes).map(([key, value]) => message(5, text(1, key), message(2, attrValue(value)))),
  ];
}

function attrValue(value: NodeAttribute): Uint8Array {
  if (typeof value === "boolean") return integer(5, value ? 1 : 0);
  if (typeof value === "string") return text(2, value);
  if (typeof value === "number") return integer(3, value);
  if ("type" in value) return integer(6, types[value.type]);
  if ("data" in value) return message(8, ...tensor(value.data, value.shape));
  if ("shape" in value) return message(7, ...dimensions(value.shape));
  return message(1, message(3, ...value.map(varint)));
}

function tensor(data: Float32Array | Uint8Array | Int32Array, shape: readonly number[]): Uint8Array[] {
  const content = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return [integer(1, types[typeOf(data)]), message(2, ...dimensions(shape)), message(4, content)];
}

const dimensions = (shape: readonly number[]): Uint8Array[] => shape.map((length) => message(2, integer(1, length)));
