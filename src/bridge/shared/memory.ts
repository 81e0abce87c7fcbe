import type { CallResult, DataPath, WorkerOptions } from "../options.ts";
import { DsqnError } from "../../errors.ts";
import { Exchange, type Surroundings } from "./exchange.ts";
import { layoutOf, Port, PortPlaces, portSpec } from "./port.ts";
import { openRegion, type Region, unfitness } from "./region.ts";
import { Slots } from "./slots.ts";

const WAYS = ["auto", "shared-memory", "zeromq"] as const;

/**
 * Memory for a worker, as `data` wants it; undefined where everything goes by ZeroMQ. Warns where it was asked for, or should have been
 * there, and is not.
 */
export async function regionFor(
  data: WorkerOptions["data"],
  warn: (message: string) => void,
): Promise<Region | undefined> {
  const wanted = data ?? ((process.env["DSQN_BRIDGE_DATA"] || "auto") as "auto" | DataPath);
  if (!WAYS.includes(wanted))
    throw new DsqnError("WORKER_OPTIONS_INVALID", `data is "${String(wanted)}".`, { hint: `Ways: ${WAYS.join(", ")}.` });
  if (wanted === "zeromq" || (wanted === "auto" && unfitness() !== undefined)) return undefined;
  const region = await openRegion();
  if (typeof region !== "string") return region;
  warn(`There is no shared memory (${region}): data goes by ZeroMQ.`);
  return undefined;
}

type Call = (method: string, params: Record<string, unknown>) => Promise<CallResult>;

/** What a worker's client does with the memory that both see. */
export class SharedMemory {
  readonly slots: Slots;
  readonly exchange: Exchange;
  readonly #region: Region;
  readonly #places: PortPlaces;
  readonly #around: Surroundings;

  constructor(region: Region, around: Surroundings) {
    this.#region = region;
    this.#around = around;
    this.slots = new Slots(region);
    this.exchange = new Exchange(region.board, around);
    this.#places = new PortPlaces(region);
  }

  /** A port to the object `handle`, which has said what it carries; undefined where there is no room for one. */
  async openPort(handle: string, said: unknown, call: Call): Promise<Port | undefined> {
    const spec = portSpec.safeParse(said);
    if (!spec.success) return this.#around.nonsense(`described a port that is none (${spec.error.message})`);
    const layout = layoutOf(spec.data);
    const place = this.#places.take(layout.bytes);
    if (!place) return undefined;
    const { index, area, block } = place;
    const { inputs, outputs, rows } = layout;
    try {
      await call("core.open_port", { handle, port: index, offset: area.offset, inputs, outputs, rows });
    } catch (error) {
      this.#places.free(index);
      throw error;
    }
    const close = async (): Promise<void> => {
      await call("core.close_port", { port: index });
      this.#places.free(index);
    };
    const rest = async (): Promise<unknown> => (await call("core.rest", { port: index })).result;
    return new Port(index, layout, block, { exchange: this.exchange, rest, close, nonsense: this.#around.nonsense });
  }

  /** Nothing is answered any more. */
  close(error: unknown): void {
    this.exchange.fail(error);
    this.#region.close();
  }
}
