import { createHash } from "node:crypto";
import type { SpikeEvents } from "../network/engine.ts";

/** The states that networks were shown. */
export interface InputEvidence {
  /** [states, observation], or where they change [steps, states, observation]. */
  readonly shape: readonly number[];
  /** Of the values as float32, little-endian. */
  readonly sha256: string;
  /** They in base64; null where they are more than a certificate should hold (`MOST_VALUES`). */
  readonly values: string | null;
}

/** What one layer did in the simulator. */
export interface LayerEvidence {
  readonly layer: number;
  readonly spikes: number;
  /** Of state, step and neuron of every spike as int32, little-endian, spike by spike in ascending order. */
  readonly sha256: string;
  /** These numbers in base64, where they were asked for. */
  readonly events?: string;
}

/** 4 MB of numbers. */
export const MOST_VALUES = 2 ** 20;

export function inputEvidence(inputs: Float32Array, shape: readonly number[]): InputEvidence {
  const bytes = littleEndian(inputs);
  return { shape, sha256: digest(bytes), values: inputs.length > MOST_VALUES ? null : bytes.toString("base64") };
}

/** `parts`: the spikes of one layer, part by part of the states, sorted. */
export function layerEvidence(layer: number, parts: readonly SpikeEvents[], whole: boolean): LayerEvidence {
  const spikes = parts.reduce((sum, { state }) => sum + state.length, 0);
  const rows = new Int32Array(3 * spikes);
  let at = 0;
  for (const { state, step, neuron } of parts)
    for (let k = 0; k < state.length; k++) {
      rows[at++] = state[k];
      rows[at++] = step[k];
      rows[at++] = neuron[k];
    }
  const bytes = littleEndian(rows);
  return { layer, spikes, sha256: digest(bytes), ...(whole && { events: bytes.toString("base64") }) };
}

/** The states of a certificate, or null where it does not hold them. */
export function statesIn({ values }: InputEvidence): Float32Array | null {
  if (values === null) return null;
  const bytes = Buffer.from(values, "base64");
  return Float32Array.from({ length: bytes.length / 4 }, (_, k) => bytes.readFloatLE(4 * k));
}

/** The spikes of a layer's evidence, or null where it has their hash alone. */
export function eventsIn({ events }: LayerEvidence): SpikeEvents | null {
  if (events === undefined) return null;
  const bytes = Buffer.from(events, "base64");
  const column = (c: number): Int32Array =>
    Int32Array.from({ length: bytes.length / 12 }, (_, k) => bytes.readInt32LE(12 * k + 4 * c));
  return { state: column(0), step: column(1), neuron: column(2) };
}

export function digest(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

function littleEndian(values: Float32Array | Int32Array): Buffer {
  const bytes = Buffer.alloc(4 * values.length);
  if (values instanceof Float32Array) for (let k = 0; k < values.length; k++) bytes.writeFloatLE(values[k], 4 * k);
  else for (let k = 0; k < values.length; k++) bytes.writeInt32LE(values[k], 4 * k);
  return bytes;
}
