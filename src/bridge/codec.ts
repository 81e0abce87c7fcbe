import { Packr } from "msgpackr";
import { type Message, messages, type MessageType } from "./schema.ts";

// Plain msgpack that any library reads: maps with string keys, no record extension, absent instead of undefined.
// Whole numbers come back as numbers as far as these are exact, beyond 2^53 as bigint.
const packr = new Packr({
  useRecords: false,
  mapsAsObjects: true,
  skipValues: [undefined],
  int64AsType: "auto",
} as unknown as ConstructorParameters<typeof Packr>[0]);

/** The bytes of a header. */
export function pack(message: Message): Buffer {
  return packr.pack(message.type === "call" ? { ...message, params: exact(message.params) } : message);
}

/**
 * `value` with whole numbers beyond 32 bits as bigint, which arrive as integers: as numbers they would be written as floats, and a seed that is a
 * float is none in Python. Itself where there are none.
 */
function exact(value: unknown): unknown {
  if (typeof value === "number")
    return (value > 0xffffffff || value < -0x80000000) && Number.isSafeInteger(value) ? BigInt(value) : value;
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.some((one) => exact(one) !== one) ? value.map(exact) : value;
  if (Object.getPrototypeOf(value) !== Object.prototype) return value;
  const entries = Object.entries(value).map(([name, one]) => [name, exact(one)] as const);
  return entries.some(([name, one]) => one !== (value as Record<string, unknown>)[name])
    ? Object.fromEntries(entries)
    : value;
}

/** Plain values from msgpack that is no message: what a port's rest is. */
export function unpack(bytes: Uint8Array): unknown {
  return packr.unpack(bytes);
}

/** The validated header of a message. Throws an Error that says what is wrong with anything else. */
export function parse(header: Uint8Array): Message {
  const message = packr.unpack(header) as Record<string, unknown> | undefined;
  const type = message?.["type"] as MessageType;
  if (typeof message !== "object" || !Object.hasOwn(messages, type)) throw new Error("not a message of this protocol");
  const { success, error } = messages[type].safeParse(message);
  if (!success) throw new Error(error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`).join("; "));
  return message as Message;
}
