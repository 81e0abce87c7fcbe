import { Chip, type ChipEvents, CORES } from "./chip.ts";
import { type CoreOptions } from "./cpu/core.ts";
import { PACKET, type Packet, typeOf } from "./devices/comms.ts";
import { LINKS, P2P_NONE, P2P_SELF } from "./devices/router.ts";
import { type Processor } from "./processor.ts";
import { BoardError, Unmodelled } from "./problems.ts";
import { type Topology } from "./topology.ts";

/** A core's clock. */
export const CYCLES_PER_US = 200;
export const CYCLES_PER_MS = 200_000;
/** Cores run one after the other in slices no longer than a packet is under way: none can overtake the receiver's clock. */
const SLICE = 200;
const PACKET_CYCLES = 200;
/** More routers than any path on a board has: the tables send the packet in a circle. */
const MOST_HOPS = 256;

export type MachineEvents = Omit<ChipEvents, "send">;

/** The chips of a board and the time that passes for all of them. The same program gives the same cycles. */
export class Machine {
  readonly topology: Topology;
  readonly chips: readonly Chip[];
  /** Cycles since the board was switched on. */
  now = 0;
  /** Packets that cores have sent. */
  packets = 0;
  private readonly byAddress = new Map<number, Chip>();
  private running: Processor[] = [];

  constructor(topology: Topology, events: MachineEvents, options: CoreOptions) {
    this.topology = topology;
    const own = {
      ...events,
      send: (chip: Chip, packet: Packet, core: number, at: number) => this.send(chip, packet, core, at),
    };
    this.chips = chipsOf(topology, own, options);
    for (const chip of this.chips) this.byAddress.set(chip.address, chip);
    for (const chip of this.chips)
      for (let link = 0; link < LINKS; link++) {
        const there = topology.neighbour(chip.x, chip.y, link);
        chip.neighbours[link] = there && this.chipAt((there[0] << 8) | there[1]);
      }
    for (const chip of this.chips) this.setPaths(chip);
  }

  /** The chip with a point-to-point address (x in bits 15:8); null: there is none. */
  chipAt(address: number): Chip | null {
    return this.byAddress.get(address) ?? null;
  }

  /** To be called when a processor was started or halted. */
  liveChanged(): void {
    this.running = this.chips.flatMap(({ processors }) => processors.filter(({ live }) => live));
  }

  /** Cycle of the next thing that happens by itself; Infinity: nothing does. */
  get due(): number {
    let due = Infinity;
    for (const processor of this.running) if (processor.due < due) ({ due } = processor);
    return due;
  }

  /** One slice from the next event on, if that is before `limit`; false: there is nothing to do until then. */
  slice(limit: number): boolean {
    const { due } = this;
    if (due >= limit) return false;
    if (due > this.now) this.now = due;
    const end = this.now + SLICE;
    for (const processor of this.running) if (processor.live && processor.due < end) processor.run(this.now, end);
    this.now = end;
    return true;
  }

  /** A processor's clock follows while it sleeps. */
  start(processor: Processor, r0: number, source: number): void {
    processor.start(r0, source, this.now);
    this.liveChanged();
  }

  private send(chip: Chip, packet: Packet, core: number, at: number): void {
    const type = typeOf(packet);
    this.packets++;
    if (type === PACKET.multicast || type === PACKET.fixedRoute)
      return this.walk(chip, packet, -1, at + PACKET_CYCLES, MOST_HOPS);
    throw new Unmodelled(
      type === PACKET.pointToPoint ? "a point-to-point packet" : "a nearest-neighbour packet",
      `Only the monitor sends such packets; core ${core} is an application's.`,
    );
  }

  /** Through a router and whatever lies behind it. `from`: the link it came by, -1 for a packet of the chip's own cores. */
  private walk(chip: Chip, packet: Packet, from: number, at: number, hops: number): void {
    const fixed = typeOf(packet) === PACKET.fixedRoute;
    const entry = fixed ? chip.router.fixedRoute : chip.router.lookup(packet.key);
    const byDefault = entry === null;
    let route = entry ?? (from < 0 ? 0 : 1 << ((from + 3) % LINKS));
    for (let link = 0; link < LINKS; link++) if (!chip.neighbours[link]) route &= ~(1 << link);
    if (hops === 0) route = 0;
    chip.router.count({ packet, local: from < 0, byDefault, route });
    for (let core = 1; core < CORES; core++)
      if ((route >> (LINKS + core)) & 1 && chip.processors[core].live) chip.processors[core].deliver(packet, at);
    for (let link = 0; link < LINKS; link++)
      if ((route >> link) & 1) this.walk(chip.neighbours[link]!, packet, (link + 3) % LINKS, at, hops - 1);
  }

  /** Point-to-point table of a chip: by breadth first, the lower link where two are as short. */
  private setPaths(from: Chip): void {
    const first = new Map<Chip, number>([[from, P2P_SELF]]);
    const queue = [from];
    for (const chip of queue)
      for (let link = 0; link < LINKS; link++) {
        const next = chip.neighbours[link];
        if (!next || first.has(next)) continue;
        first.set(next, chip === from ? link : first.get(chip)!);
        queue.push(next);
      }
    for (const chip of this.chips) from.router.setP2p(chip.address, first.get(chip) ?? P2P_NONE);
  }
}

/** BOARD_MEMORY where the system refuses the address space: V8 reserves more than a chip's memory, to go without checks of bounds. */
function chipsOf({ version, chips }: Topology, events: ChipEvents, options: CoreOptions): Chip[] {
  const made: Chip[] = [];
  try {
    for (const [x, y] of chips) made.push(new Chip(x, y, events, options));
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new BoardError(
      "BOARD_MEMORY",
      `This system refuses the address space for an emulated board of version ${version}: it gave that of ${made.length} of its ${chips.length} chips (${error.message}).`,
      `Set NODE_OPTIONS=--disable-wasm-trap-handler (Node 20.15 or later): a chip then takes 132 MB of address space instead of some 10 GB. ${
        version === 3 ? "Or raise" : "Or take a board of 4 chips (--board-version 3), or raise"
      } the limit (ulimit -v).`,
      { version, chips: chips.length, given: made.length },
    );
  }
  return made;
}
