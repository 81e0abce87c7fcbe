import { z } from "zod";

/**
 * The one schema of the bridge: the TypeScript types are inferred from it, and `writeJsonSchema` makes from it the file that the
 * Python side validates with. docs/protocol.md says in words what the messages mean.
 */

/** Raised with every change that an older side would misunderstand. */
export const PROTOCOL = 2;

/** An array of at most this many bytes travels inside the header: a frame of its own costs more than the copy (bench/bridge.md). */
export const INLINE_BYTES = 2048;

export const DTYPES = [
  "float32",
  "float64",
  "int8",
  "uint8",
  "int16",
  "uint16",
  "int32",
  "uint32",
  "int64",
  "uint64",
] as const;

const id = z.int().min(0);
const text = z.string();
const anything = z.record(z.string(), z.unknown());

const binary = z.custom<Uint8Array>((value) => value instanceof Uint8Array).meta({ format: "binary" });

export const arrayDtype = z.enum(DTYPES);

/**
 * Name, dtype, shape (row-major, little-endian), and the bytes, or null where they are the next frame of the message, or where in shared
 * memory they are.
 */
const array = z.tuple([text, arrayDtype, z.array(z.int().min(0)), z.union([binary, z.null(), z.int().min(0)])]);

const greeting = { protocol: z.int(), version: text, mac: binary };

export const failure = z.strictObject({
  code: text,
  message: text,
  hint: text.optional(),
  /** The whole Python traceback, where there is one. */
  traceback: text.optional(),
  facts: anything.optional(),
});

export const messages = {
  // Both channels: the first message of each side.
  hello: z.strictObject({ type: z.literal("hello"), ...greeting, nonce: binary }),
  welcome: z.strictObject({
    type: z.literal("welcome"),
    ...greeting,
    python: text,
    pid: z.int().min(1),
    capabilities: z.array(text),
    /** Whether the worker shares the memory that it was offered. */
    data: z.enum(["shared-memory", "zeromq"]),
  }),
  // Work channel, to the worker.
  call: z.strictObject({ type: z.literal("call"), id, method: text.min(1), params: anything, arrays: z.array(array) }),
  /** Wakes a worker that sleeps although there are requests in shared memory. */
  bell: z.strictObject({ type: z.literal("bell") }),
  // Work channel, from the worker.
  /** The reply that the client wanted a message for is there. */
  wake: z.strictObject({ type: z.literal("wake") }),
  result: z.strictObject({ type: z.literal("result"), id, result: anything, arrays: z.array(array) }),
  error: z.strictObject({ type: z.literal("error"), id, error: failure }),
  progress: z.strictObject({
    type: z.literal("progress"),
    id,
    done: z.number(),
    total: z.number().optional(),
    note: text.optional(),
  }),
  // Control channel.
  ping: z.strictObject({ type: z.literal("ping"), seq: id }),
  pong: z.strictObject({ type: z.literal("pong"), seq: id, call: z.union([id, z.null()]) }),
  cancel: z.strictObject({ type: z.literal("cancel"), id }),
  shutdown: z.strictObject({ type: z.literal("shutdown"), graceMs: z.int().min(0) }),
} as const;

export type MessageType = keyof typeof messages;
export type Message<T extends MessageType = MessageType> = { [K in T]: z.infer<(typeof messages)[K]> }[T];
export type ArraySpec = z.infer<typeof array>;
export type Failure = z.infer<typeof failure>;
/** The element types that arrays may have on the wire, by NumPy's names. */
export type Dtype = (typeof DTYPES)[number];

/** The content of py-bridge/dsqn_bridge/protocol.schema.json. */
export function jsonSchema(): Record<string, unknown> {
  const schemas = Object.entries(messages).map(([type, schema]) => {
    const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { unrepresentable: "any" });
    return [type, rest];
  });
  return { protocol: PROTOCOL, inlineBytes: INLINE_BYTES, dtypes: DTYPES, messages: Object.fromEntries(schemas) };
}
