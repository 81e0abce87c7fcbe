import type { Endpoint } from "./monitor/tags.ts";

/** How long a host is kept waiting before it is told to ask again, in ms. */
const PATIENCE = 1500;
/** SpiNNMan asks ten times, then it fails: before that it is told how it stands, late or not. */
const REFUSALS = 6;

/** A question that waits for its answer. */
interface Held {
  readonly packet: Buffer;
  readonly sender: Endpoint;
  readonly since: number;
}

/** `known`: whether it is answered, or refused as one that isn't known yet. */
type Answer = (packet: Buffer, sender: Endpoint, known: boolean) => void;

/**
 * Questions of hosts that count the cores in a state until enough are in it, and give up after a time that a real board would need. Where the
 * board is slower than that they get their answer when it has caught up; after a while, that it does not know yet, as of neighbours that are
 * slow; and where that was said often, what it is.
 */
export class Waiting {
  private held: Held[] = [];
  /** How often it was refused, by who asked what. */
  private readonly refused = new Map<string, number>();

  get empty(): boolean {
    return this.held.length === 0;
  }

  hold(packet: Buffer, sender: Endpoint, now: number): void {
    // Asked again by a host that got no answer in time: one answer will do.
    this.held = this.held.filter((other) => !other.packet.equals(packet) || other.sender.port !== sender.port);
    this.held.push({ packet, sender, since: now });
  }

  /** Answers what may be answered by now; `ready`: the board has caught up. */
  release(now: number, ready: boolean, answer: Answer): void {
    if (ready) this.refused.clear();
    const held = this.held.splice(0);
    for (const one of held)
      if (ready) answer(one.packet, one.sender, true);
      else if (now - one.since > PATIENCE) answer(one.packet, one.sender, this.tired(one));
      else this.held.push(one);
  }

  private tired({ packet, sender }: Held): boolean {
    const who = `${sender.address}:${sender.port} ${packet.toString("hex")}`;
    const times = (this.refused.get(who) ?? 0) + 1;
    if (times > REFUSALS) return this.refused.delete(who);
    this.refused.set(who, times);
    return false;
  }
}
