/** Pickles written opcode by opcode, as Python 3's pickle (protocol 2) and torch.save write them. */
const text = (value: string): number[] => [...new TextEncoder().encode(value)];
const int32 = (value: number): number[] => [...new Uint8Array(Int32Array.of(value).buffer)];
const int64 = (value: number): number[] => [...new Uint8Array(BigInt64Array.of(BigInt(value)).buffer)];

export const op = {
  proto: [0x80, 2],
  mark: [0x28],
  stop: [0x2e],
  none: [0x4e],
  reduce: [0x52],
  persistent: [0x51],
  build: [0x62],
  dict: [0x7d],
  list: [0x5d],
  appends: [0x65],
  setItems: [0x75],
  tuple: [0x74],
  emptyTuple: [0x29],
  put: (n: number) => [0x71, n],
  get: (n: number) => [0x68, n],
  unicode: (value: string) => [0x58, ...int32(text(value).length), ...text(value)],
  int: (value: number) => [0x4a, ...int32(value)],
  global: (module: string, name: string) => [0x63, ...text(`${module}\n${name}\n`)],
};

export const pickle = (...parts: number[][]): Uint8Array => Uint8Array.from([op.proto, ...parts, op.stop].flat());

/** The opcodes of a float tensor that views a storage. */
export function torchTensor(
  key: string,
  storageSize: number,
  shape: number[],
  strides: number[],
  offset = 0,
  storageType = "FloatStorage",
): number[] {
  const storage = [
    op.mark,
    op.unicode("storage"),
    op.global("torch", storageType),
    op.unicode(key),
    op.unicode("cpu"),
    op.int(storageSize),
    op.none,
    op.tuple,
    op.persistent,
  ];
  const numbers = (values: number[]): number[] => [op.mark, ...values.map(op.int), op.tuple].flat();
  const hooks = [op.global("collections", "OrderedDict"), op.emptyTuple, op.reduce];
  return [
    op.global("torch._utils", "_rebuild_tensor_v2"),
    op.mark,
    ...storage,
    op.int(offset),
    numbers(shape),
    numbers(strides),
    [0x89],
    ...hooks,
    op.tuple,
    op.reduce,
  ].flat();
}

/** A dictionary without a class. */
export const plainDict = (entries: Record<string, number[]>): number[] =>
  [
    op.dict,
    op.mark,
    ...Object.entries(entries).flatMap(([name, value]) => [op.unicode(name), value]),
    op.setItems,
  ].flat();

/** An OrderedDict; with `metadata` as a state_dict has it, of modules of those names. */
export const dictOf = (entries: Record<string, number[]>, metadata: boolean | readonly string[] = false): number[] => {
  const items = Object.entries(entries).flatMap(([name, value]) => [op.unicode(name), value]);
  const version = plainDict({ version: op.int(1) });
  const names = Array.isArray(metadata) ? (metadata as readonly string[]) : [];
  const modules = plainDict(Object.fromEntries(names.map((name) => [name, version])));
  const state = [plainDict({ _metadata: modules }), op.build];
  return [
    op.global("collections", "OrderedDict"),
    op.emptyTuple,
    op.reduce,
    op.mark,
    ...items,
    op.setItems,
    ...(metadata ? state : []),
  ].flat();
};

export const listOf = (items: number[][]): number[] => [op.list, op.mark, ...items, op.appends].flat();
export const tupleOf = (items: number[][]): number[] => [op.mark, ...items, op.tuple].flat();

/** A file of torch.save before 1.6: magic number, protocol, system, object, keys, storages. */
export function legacyFile(object: number[], storages: Record<string, Float32Array>): Uint8Array {
  const magic = pickle([0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19]);
  const system = pickle(
    op.dict,
    op.mark,
    op.unicode("protocol_version"),
    op.int(1001),
    op.unicode("little_endian"),
    [0x88],
    op.setItems,
  );
  const keys = pickle(listOf(Object.keys(storages).map(op.unicode)));
  const data = Object.values(storages).flatMap((values) => [...int64(values.length), ...new Uint8Array(values.buffer)]);
  return Uint8Array.from([...magic, ...pickle([0x4d, 0xe9, 0x03]), ...system, ...pickle(object), ...keys, ...data]);
}
