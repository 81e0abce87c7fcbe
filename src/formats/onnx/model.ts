import { DsqnError } from "../../errors.ts";
import { type Field, fieldsOf } from "../../files/protobuf.ts";
import {
  bytesPerElement,
  fromBfloat16,
  fromFloat16,
  sizeOf,
  type Tensor,
  tensor,
  type TensorDtype,
  viewData,
} from "../../files/tensor.ts";

/** What an operator is told besides its inputs. */
export interface Attribute {
  readonly int?: number;
  readonly float?: number;
  readonly text?: string;
  readonly ints?: readonly number[];
  readonly tensor?: Tensor;
}

/** An operator of the graph. */
export interface Node {
  readonly op: string;
  readonly name: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: ReadonlyMap<string, Attribute>;
}

/** The graph of an ONNX file, in the order of the file, which has every operator behind those that it needs. */
export interface Graph {
  readonly nodes: readonly Node[];
  readonly initializers: ReadonlyMap<string, Tensor>;
  /** What goes in and comes out: names, and sizes, null where open. */
  readonly inputs: readonly { readonly name: string; readonly shape: readonly (number | null)[] }[];
  readonly outputs: readonly string[];
}

const MOST_NODES = 10_000;
const MOST_DIMENSIONS = 16;

/** Whether bytes look like an ONNX file, which has no magic number: a message with a version first, and a graph. */
export function isOnnx(bytes: Uint8Array): boolean {
  if (bytes[0] !== 0x08) return false;
  try {
    const found = [...fieldsOf(bytes)];
    return found.some(({ field, wire }) => field === 7 && wire === 2) && found.every(({ field }) => field <= 26);
  } catch {
    return false;
  }
}

/** The graph in an ONNX file (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto); ONNX_INVALID where it is damaged. */
export function readGraph(bytes: Uint8Array, source: string): Graph {
  try {
    const graph = one(bytes, 7);
    if (!graph) throw new RangeError("it holds no graph");
    const fields = [...fieldsOf(graph)];
    const messages = (field: number): Uint8Array[] =>
      fields.flatMap((each) => (each.field === field && each.value instanceof Uint8Array ? [each.value] : []));
    if (messages(1).length > MOST_NODES) throw new RangeError(`it has more than ${MOST_NODES} operators`);
    if (messages(15).length > 0) throw new RangeError("it holds sparse tensors");
    const named = messages(5).map((each) => [text(one(each, 8)), tensorFrom(each)] as const);
    return {
      nodes: messages(1).map(nodeFrom),
      initializers: new Map(named),
      inputs: messages(11).map(valueFrom),
      outputs: messages(12).map((each) => text(one(each, 1))),
    };
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new DsqnError("ONNX_INVALID", `${source}: ${cause.message}.`, {
      cause,
      hint: "Export it again; weights must lie in the file itself, not in one beside it.",
      facts: { source },
    });
  }
}

function nodeFrom(bytes: Uint8Array): Node {
  const fields = [...fieldsOf(bytes)];
  const texts = (field: number): string[] => fields.flatMap((each) => (each.field === field ? [text(each.value)] : []));
  const attributes = fields.flatMap(({ field, value }) =>
    field === 5 && value instanceof Uint8Array ? [[text(one(value, 1)), attributeFrom(value)] as const] : [],
  );
  const domain = texts(7)[0] ?? "";
  const op = texts(4)[0] ?? "?";
  return {
    op: domain === "" || domain === "ai.onnx" ? op : `${domain}.${op}`,
    name: texts(3)[0] ?? "",
    inputs: texts(1),
    outputs: texts(2),
    attributes: new Map(attributes),
  };
}

function attributeFrom(bytes: Uint8Array): Attribute {
  const fields = [...fieldsOf(bytes)];
  const found = (field: number): Field["value"] | undefined => fields.find((each) => each.field === field)?.value;
  const [float, int, words, held] = [2, 3, 4, 5].map(found);
  return {
    ...(typeof float === "bigint" && { float: new Float32Array(Uint32Array.of(Number(float)).buffer)[0] }),
    ...(typeof int === "bigint" && { int: signed(int) }),
    ...(words instanceof Uint8Array && { text: text(words) }),
    ...(held instanceof Uint8Array && { tensor: tensorFrom(held) }),
    ints: integers(fields, 8),
  };
}

function valueFrom(bytes: Uint8Array): Graph["inputs"][number] {
  const type = one(bytes, 2);
  const array = type && one(type, 1);
  const shape = array && one(array, 2);
  const sizes = shape
    ? [...fieldsOf(shape)].flatMap(({ field, value }) => (field === 1 && value instanceof Uint8Array ? [value] : []))
    : [];
  return {
    name: text(one(bytes, 1)),
    shape: sizes.map((size) => integers([...fieldsOf(size)], 1)[0] ?? null),
  };
}

interface ElementType {
  readonly dtype: TensorDtype;
  readonly widened?: (bits: number) => number;
}

/** TensorProto.DataType, as far as networks have them. */
const types: Readonly<Record<number, ElementType>> = {
  1: { dtype: "float32" },
  2: { dtype: "uint8" },
  3: { dtype: "int8" },
  6: { dtype: "int32" },
  7: { dtype: "int64" },
  9: { dtype: "bool" },
  10: { dtype: "uint16", widened: fromFloat16 },
  11: { dtype: "float64" },
  16: { dtype: "uint16", widened: fromBfloat16 },
};

function tensorFrom(bytes: Uint8Array): Tensor {
  const fields = [...fieldsOf(bytes)];
  const name = text(fields.find(({ field }) => field === 8)?.value);
  const shape = integers(fields, 1);
  const [code = 0] = integers(fields, 2);
  if (fields.some(({ field, value }) => field === 13 || (field === 14 && value !== 0n)))
    throw new RangeError(`tensor "${name}" lies in a file beside it`);
  if (!Object.hasOwn(types, code))
    throw new RangeError(`tensor "${name}" is of the type ${code}, which is not supported`);
  const { dtype, widened } = types[code];
  const size = sizeOf(shape);
  if (shape.length > MOST_DIMENSIONS || shape.some((n) => n < 0))
    throw new RangeError(`tensor "${name}" has the shape [${shape.join(", ")}]`);
  const raw = fields.find(({ field }) => field === 9)?.value;
  if (raw instanceof Uint8Array) {
    if (raw.length !== size * bytesPerElement(dtype))
      throw new RangeError(`tensor "${name}" of shape [${shape.join(", ")}] has ${raw.length} bytes`);
    const data = viewData(dtype, raw, 0, size);
    return widened ? tensor(Float32Array.from(data as Uint16Array, widened), shape) : { dtype, shape, data };
  }
  const values = valuesOf(fields, code);
  if (values.length !== size)
    throw new RangeError(`tensor "${name}" of shape [${shape.join(", ")}] has ${values.length} values`);
  const numbers = widened ? Float32Array.from(values, widened) : Float64Array.from(values);
  return code === 1 ? tensor(Float32Array.from(values), shape) : tensor(numbers, shape);
}

/** Values that are no raw bytes: floats, doubles, or integers, packed or one by one. */
function valuesOf(fields: readonly Field[], code: number): number[] {
  const of = code === 1 ? 4 : code === 11 ? 10 : code === 7 ? 7 : 5;
  if (of === 5 || of === 7) return integers(fields, of);
  const width = of === 4 ? 4 : 8;
  const number = new DataView(new ArrayBuffer(8));
  return fields.flatMap(({ field, value, wire }) => {
    if (field !== of) return [];
    if (value instanceof Uint8Array) {
      const dtype = of === 4 ? "float32" : "float64";
      return [...(viewData(dtype, value, 0, Math.floor(value.length / width)) as Float32Array)];
    }
    number.setBigUint64(0, value, true);
    return [wire === 5 ? number.getFloat32(0, true) : number.getFloat64(0, true)];
  });
}

/** Repeated integers, packed into bytes or one by one. */
function integers(fields: readonly Field[], of: number): number[] {
  return fields.flatMap(({ field, value }) => {
    if (field !== of) return [];
    return value instanceof Uint8Array ? packed(value) : [signed(value)];
  });
}

function packed(bytes: Uint8Array): number[] {
  const found: number[] = [];
  let value = 0n;
  let shift = 0n;
  for (const byte of bytes) {
    value |= BigInt(byte & 0x7f) << shift;
    shift += 7n;
    if (shift > 70n) throw new RangeError("it holds a number of more than 64 bits");
    if (byte >= 0x80) continue;
    found.push(signed(value));
    [value, shift] = [0n, 0n];
  }
  return found;
}

const signed = (value: bigint): number => Number(BigInt.asIntN(64, value));

/** The first message or text of a field. */
function one(bytes: Uint8Array, of: number): Uint8Array | undefined {
  for (const { field, value } of fieldsOf(bytes)) if (field === of && value instanceof Uint8Array) return value;
  return undefined;
}

const text = (value: Field["value"] | undefined): string =>
  value instanceof Uint8Array ? new TextDecoder().decode(value) : "";
