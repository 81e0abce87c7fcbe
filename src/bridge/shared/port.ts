import { z } from "zod";
import { bytesPerElement, sizeOf, type TensorData, viewData } from "../../files/tensor.ts";
import type { NdArray } from "../arrays.ts";
import { unpack } from "../codec.ts";
import { failureOf } from "../errors.ts";
import { arrayDtype, failure } from "../schema.ts";
import { type Exchange, turn } from "./exchange.ts";
import { TURNS } from "./handover.ts";
import { Patience } from "./patience.ts";
import { type Area, AREAS, PAGE, type Region } from "./region.ts";
import { aligned } from "./slots.ts";

const arrays = z.array(z.tuple([z.string(), arrayDtype, z.array(z.int().min(0))]));

/**
 * What a port carries: arrays that the client writes, that the worker writes, and of which the worker fills as many rows as there are
 * (often none).
 */
export const portSpec = z.object({ inputs: arrays, outputs: arrays, rows: arrays });
export type PortSpec = z.infer<typeof portSpec>;

/** Name, dtype, shape, and where it lies within the block. */
export type Placed = readonly [...PortSpec["inputs"][number], at: number];

export interface Layout {
  readonly inputs: readonly Placed[];
  readonly outputs: readonly Placed[];
  readonly rows: readonly Placed[];
  readonly bytes: number;
}

/** Words of a block's beginning, which the worker writes: the length of the rest, how many rows there are, and the microseconds that it took. */
const REST_LENGTH = 0;
const ROWS = 1;
const TOOK = 2;
/** What fits no array (a failure, infos, text) is here as msgpack; where it has no room, a call fetches it. */
const REST = 64;
const REST_BYTES = PAGE - REST;

/** The arrays of `spec` one behind the other, each from a cache line on. */
export function layoutOf(spec: PortSpec): Layout {
  let bytes = REST + REST_BYTES;
  const place = ([name, dtype, shape]: PortSpec["inputs"][number]): Placed => {
    const at = bytes;
    bytes += aligned(sizeOf(shape) * bytesPerElement(dtype));
    return [name, dtype, shape, at];
  };
  const [inputs, outputs, rows] = [spec.inputs.map(place), spec.outputs.map(place), spec.rows.map(place)];
  return { inputs, outputs, rows, bytes: Math.ceil(bytes / PAGE) * PAGE };
}

/** What a port's turn came to, besides what stands in `outputs`. */
export interface PortReply {
  readonly result: Readonly<Record<string, unknown>>;
  /** How many rows the worker has filled of those arrays that have rows. */
  readonly rows: number;
}

const NOTHING = {};
const NEXT = Promise.resolve();
const NO_MORE: PortReply = { result: NOTHING, rows: 0 };

const restSchema = z.object({ error: failure.optional(), result: z.record(z.string(), z.unknown()).optional() });

/** What a port needs of its worker. */
export interface PortSurroundings {
  readonly exchange: Exchange;
  /** The rest that had no room in the block. */
  rest(): Promise<unknown>;
  close(): Promise<void>;
  /** The worker wrote what no worker writes: ends it. Never resolves. */
  nonsense(what: string, cause?: unknown): Promise<never>;
}

/** A fixed place for one kind of call that is made very often: written, counted, answered, without a message. One request at a time. */
export class Port {
  /** Written before `post`. */
  readonly inputs: Readonly<Record<string, TensorData>>;
  /** The worker's: views, good from an answer until the next `post`. What is kept for longer has to be copied. */
  readonly outputs: Readonly<Record<string, NdArray>>;
  readonly index: number;
  readonly #layout: Layout;
  readonly #header: Int32Array;
  readonly #block: Uint8Array;
  readonly #around: PortSurroundings;
  readonly #patience = new Patience();
  #number = 0;

  constructor(index: number, layout: Layout, block: ArrayBuffer, around: PortSurroundings) {
    this.index = index;
    this.#layout = layout;
    this.#header = new Int32Array(block, 0, 3);
    this.#block = new Uint8Array(block);
    this.#around = around;
    this.inputs = Object.fromEntries(layout.inputs.map((placed) => [placed[0], this.#view(placed).data]));
    this.outputs = Object.fromEntries(layout.outputs.map((placed) => [placed[0], this.#view(placed)]));
  }

  /** Asks for an answer to what `inputs` hold now. */
  post(): void {
    this.#number = this.#around.exchange.ask(this.index);
  }

  /**
   * The answer; with `meanwhile` a turn of the event loop later, which the caller works in. Rejects with what the worker raised, and like
   * `Worker.call` where it is lost.
   */
  async receive(meanwhile = false): Promise<PortReply> {
    const { exchange } = this.#around;
    if (meanwhile) for (let turns = 0; turns < 2; turns++) await turn(); // the caller's work begins with the first
    else if (exchange.several) await NEXT; // the others post first, so that the worker is at work while we look
    if (!exchange.spin(this.#number, this.#patience)) await exchange.wait(this.#number, this.#patience);
    // Read once: what is checked is what is used, whatever the worker writes meanwhile.
    const [length, rows] = [this.#header[REST_LENGTH], this.#header[ROWS]];
    this.#patience.took(this.#header[TOOK]);
    if (length === 0 && rows === 0) return NO_MORE;
    const most = this.#layout.rows[0]?.[2][0] ?? 0;
    if (rows < 0 || rows > most) return this.#around.nonsense(`wrote ${rows} rows of at most ${most}`);
    return { result: length === 0 ? NOTHING : await this.#rest(length), rows };
  }

  /** Copies of the arrays that have rows: the first `rows` of each. */
  rows(rows: number): Record<string, NdArray> {
    const filled = this.#layout.rows.map(([name, dtype, shape, at]) => {
      const some = this.#view([name, dtype, [rows, ...shape.slice(1)], at]);
      return [name, { ...some, data: some.data.slice() }];
    });
    return Object.fromEntries(filled) as Record<string, NdArray>;
  }

  /** Gives its place back. */
  close(): Promise<void> {
    return this.#around.close();
  }

  async #rest(length: number): Promise<PortReply["result"]> {
    if (length < 0) return this.#around.nonsense(`wrote a rest of ${length} bytes`);
    let rest: z.infer<typeof restSchema>;
    if (length > REST_BYTES) rest = restSchema.parse(await this.#around.rest());
    else {
      try {
        rest = restSchema.parse(unpack(new Uint8Array(this.#block.subarray(REST, REST + length))));
      } catch (error) {
        return this.#around.nonsense(`wrote a rest that is none (${String(error)})`, error);
      }
    }
    if (rest.error) throw failureOf(rest.error);
    return rest.result ?? NOTHING;
  }

  #view([, dtype, shape, at]: Placed): NdArray {
    return { dtype, shape, data: viewData(dtype, this.#block, at, sizeOf(shape)) };
  }
}

/** Which blocks and which numbers of ports are free. */
export class PortPlaces {
  readonly #region: Region;
  readonly #taken = new Map<number, Area>();

  constructor(region: Region) {
    this.#region = region;
  }

  /** A number and a block, or undefined where there is no room: then calls go as messages. */
  take(bytes: number): { index: number; area: Area; block: ArrayBuffer } | undefined {
    const index = Array.from({ length: TURNS }, (_, i) => i).find((i) => !this.#taken.has(i));
    const blocks = [...this.#taken.values()].sort((a, b) => a.offset - b.offset);
    let offset: number = AREAS.ports.offset;
    for (const block of blocks) {
      if (block.offset - offset >= bytes) break;
      offset = block.offset + block.bytes;
    }
    const area = { offset, bytes };
    if (index === undefined || !this.#region.reserve(AREAS.ports, offset + bytes - AREAS.ports.offset)) return undefined;
    try {
      const block = this.#region.map(area);
      this.#taken.set(index, area);
      return { index, area, block };
    } catch {
      return undefined;
    }
  }

  free(index: number): void {
    this.#taken.delete(index);
  }
}
