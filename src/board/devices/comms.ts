import { Unmodelled } from "../problems.ts";
import { LINE } from "./vic.ts";

/** Packet types, as bits 23:22 of a control word have them. */
export const PACKET = { multicast: 0, pointToPoint: 1, nearestNeighbour: 2, fixedRoute: 3 } as const;
const PAYLOAD = 0x00020000;

/** A packet on its way: control word (type in bits 23:22, payload in bit 17), key, payload. */
export interface Packet {
  readonly control: number;
  readonly key: number;
  readonly payload: number;
}

export const typeOf = (packet: Packet): number => (packet.control >> 22) & 3;
export const hasPayload = (packet: Packet): boolean => (packet.control & PAYLOAD) !== 0;

interface Arrival {
  readonly at: number;
  readonly packet: Packet;
}

const TYPE_LINES = [LINE.multicast, LINE.pointToPoint, LINE.nearestNeighbour, LINE.fixedRoute].map((line) => 1 << line);
const READY = 1 << LINE.packetReady;
const ALWAYS = (1 << LINE.transmitEmpty) | (1 << LINE.transmitNotFull);

/** The lines that this device drives. */
export const COMMS_LINES = TYPE_LINES.reduce((all, line) => all | line, READY | ALWAYS);

/**
 * Communications controller (datasheet, section 8). Sends at once; what arrives waits in order of arrival, without limit: the router's
 * waiting and dropping is not modelled.
 */
export class Comms {
  private control = 0;
  private payload = 0;
  private source = 0;
  private received = 0;
  private readonly ready: Packet[] = [];
  private readonly onTheWay: Arrival[] = [];
  private readonly send: (packet: Packet) => void;
  /** Packets sent and received; the most that waited at once. */
  readonly counts = { sent: 0, received: 0, waited: 0 };

  constructor(send: (packet: Packet) => void) {
    this.send = send;
  }

  /** Cycle at which the next packet arrives. */
  get due(): number {
    return this.onTheWay.length > 0 ? this.onTheWay[0].at : Infinity;
  }

  get lines(): number {
    return this.ready.length === 0 ? ALWAYS : ALWAYS | READY | TYPE_LINES[typeOf(this.ready[0])];
  }

  reset(source: number): void {
    this.control = this.payload = this.received = 0;
    this.source = source;
    this.ready.length = this.onTheWay.length = 0;
    this.counts.sent = this.counts.received = this.counts.waited = 0;
  }

  /** In order of time, and of sending where times are equal. */
  deliver(packet: Packet, at: number): void {
    let place = this.onTheWay.length;
    while (place > 0 && this.onTheWay[place - 1].at > at) place--;
    this.onTheWay.splice(place, 0, { at, packet });
  }

  /** Takes in what has arrived by `now`. */
  arrive(now: number): void {
    let count = 0;
    while (count < this.onTheWay.length && this.onTheWay[count].at <= now)
      this.ready.push(this.onTheWay[count++].packet);
    if (count === 0) return;
    this.onTheWay.splice(0, count);
    this.counts.received += count;
    this.counts.waited = Math.max(this.counts.waited, this.ready.length);
  }

  read(offset: number): number {
    const head = this.ready[0];
    switch (offset) {
      case 0x00:
        // Transmitter empty and not full.
        return (0x90000000 | (this.control & 0x00ff0000)) >>> 0;
      case 0x0c:
        return head ? (0x80000000 | (head.control & 0x00ff0000)) >>> 0 : this.received & 0x00ff0000;
      case 0x10:
        return head ? head.payload : 0;
      case 0x14:
        return this.take();
      case 0x18:
        return this.source;
      default:
        throw new Unmodelled(`register 0x${offset.toString(16)} of the communications controller`);
    }
  }

  write(offset: number, value: number): void {
    if (offset === 0x00) this.control = value & 0x00ff0000;
    else if (offset === 0x04) this.payload = value >>> 0;
    else if (offset === 0x08) {
      this.counts.sent++;
      this.send({ control: this.control, key: value >>> 0, payload: this.control & PAYLOAD ? this.payload : 0 });
    } else if (offset === 0x18) this.source = value >>> 0;
    else if (offset !== 0x0c)
      throw new Unmodelled(`register 0x${offset.toString(16)} of the communications controller`);
  }

  /** Reading the key ends the packet. */
  private take(): number {
    const head = this.ready.shift();
    if (!head) return 0;
    this.received = head.control;
    return head.key;
  }
}
