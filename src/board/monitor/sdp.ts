/** SpiNNaker datagrams, and the commands that they carry (SDP and SCP). */

export const FLAG_REPLY = 0x80;
/** A datagram that leaves by the Ethernet. */
export const PORT_ETHERNET = 255;
export const NO_TAG = 255;
export const HEADER_BYTES = 8;
/** A command's four words, and 256 bytes. */
export const MOST_DATA = 16 + 256;
/** The root of a machine, for those who don't know its address. */
export const ROOT = 0xffff;

export interface Datagram {
  flags: number;
  tag: number;
  /** Port in bits 7:5, core in bits 4:0. */
  destinationPort: number;
  sourcePort: number;
  /** Chips: x in bits 15:8, y in bits 7:0. */
  destination: number;
  source: number;
  /** Command, sequence, arguments and bytes, if it carries a command; else whatever the two sides agree on. */
  data: Uint8Array;
}

/** From the bytes behind a packet's padding, or a buffer in memory; null: too short or too long. */
export function parseDatagram(bytes: Uint8Array): Datagram | null {
  if (bytes.length < HEADER_BYTES || bytes.length > HEADER_BYTES + MOST_DATA) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    flags: bytes[0],
    tag: bytes[1],
    destinationPort: bytes[2],
    sourcePort: bytes[3],
    destination: view.getUint16(4, true),
    source: view.getUint16(6, true),
    data: bytes.slice(HEADER_BYTES),
  };
}

export function formatDatagram(message: Datagram): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES + message.data.length);
  const view = new DataView(bytes.buffer);
  bytes.set([message.flags, message.tag, message.destinationPort, message.sourcePort]);
  view.setUint16(4, message.destination, true);
  view.setUint16(6, message.source, true);
  bytes.set(message.data, HEADER_BYTES);
  return bytes;
}

export interface Command {
  readonly code: number;
  readonly sequence: number;
  readonly arguments: readonly [number, number, number];
  readonly data: Uint8Array;
}

/** Null: too short to be a command. */
export function parseCommand(data: Uint8Array): Command | null {
  if (data.length < 16) return null;
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  return {
    code: view.getUint16(0, true),
    sequence: view.getUint16(2, true),
    arguments: [view.getUint32(4, true), view.getUint32(8, true), view.getUint32(12, true)],
    data: data.subarray(16),
  };
}

/** The answer to a datagram: its way back, a result, and what was asked for. */
export function answerTo(message: Datagram, sequence: number, result: number, payload: Uint8Array): Datagram {
  const data = new Uint8Array(4 + payload.length);
  const view = new DataView(data.buffer);
  view.setUint16(0, result, true);
  view.setUint16(2, sequence, true);
  data.set(payload, 4);
  return {
    flags: message.flags & ~FLAG_REPLY,
    tag: message.tag,
    destinationPort: message.sourcePort,
    sourcePort: message.destinationPort,
    destination: message.source,
    source: message.destination,
    data,
  };
}

/** Result codes of SCP. */
export const RESULT = {
  ok: 0x80,
  length: 0x81,
  sum: 0x82,
  command: 0x83,
  argument: 0x84,
  port: 0x85,
  timeout: 0x86,
  route: 0x87,
  cpu: 0x88,
  noReply: 0x8b,
} as const;

/** Words as they lie in memory. */
export function words(...values: number[]): Uint8Array {
  return new Uint8Array(Uint32Array.from(values).buffer);
}
