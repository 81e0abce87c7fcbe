import type { SpikeEvents } from "../network/engine.ts";
import { fromBase64, toBase64 } from "../numeric/base64.ts";
import { sha256 } from "../platform/node.ts";

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
  return { shape, sha256: digest(bytes), values: inputs.length > MOST_VALUES ? null : toBase64(bytes) };
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
  return { layer, spikes, sha256: digest(bytes), ...(whole && { events: toBase64(bytes) }) };
}

/** The states of a certificate, or null where it does not hold them. */
export function statesIn({ values }: InputEvidence): Float32Array | null {
  if (values === null) return null;
  const view = viewOf(fromBase64(values));
  return Float32Array.from({ length: view.byteLength / 4 }, (_, k) => view.getFloat32(4 * k, true));
}

/** The spikes of a layer's evidence, or null where it has their hash alone. */
export function eventsIn({ events }: LayerEvidence): SpikeEvents | null {
  if (events === undefined) return null;
  const view = viewOf(fromBase64(events));
  const column = (c: number): Int32Array =>
    Int32Array.from({ length: view.byteLength / 12 }, (_, k) => view.getInt32(12 * k + 4 * c, true));
  return { state: column(0), step: column(1), neuron: column(2) };
}

/** SHA-256 in hex. */
export const digest = (bytes: Uint8Array): string => sha256().update(bytes).digest();

const viewOf = ({ buffer, byteOffset, byteLength }: Uint8Array): DataView =>
  new DataView(buffer, byteOffset, byteLength);

function littleEndian(values: Float32Array | Int32Array): Uint8Array {
  const view = new DataView(new ArrayBuffer(4 * values.length));
  if (values instanceof Float32Array) for (let k = 0; k < values.length; k++) view.setFloat32(4 * k, values[k], true);
  else for (let k = 0; k < values.length; k++) view.setInt32(4 * k, values[k], true);
  return new Uint8Array(view.buffer);
}
