import { Packr } from "msgpackr";
import { type Message, messages, type MessageType } from "./schema.ts";

// Plain msgpack that any library reads: maps with string keys, no record extension, absent instead of undefined.
const packr = new Packr({ useRecords: false, mapsAsObjects: true, skipValues: [undefined] } as ConstructorParameters<
  typeof Packr
>[0]);

/** The bytes of a header. */
export function pack(message: Message): Buffer {
  return packr.pack(message);
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
