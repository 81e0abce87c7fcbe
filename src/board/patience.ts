import type { Endpoint } from "./monitor/tags.ts";

/** How long a host is kept waiting before it is told to ask again, in ms. */
const PATIENCE = 1500;
/** SpiNNMan asks ten times more, then it fails: before that it is told how it stands, late or not. */
const ASKED = 6;

/** A question that waits for its answer. */
interface Held {
  readonly packet: Buffer;
  readonly sender: Endpoint;
  /** Who asked what. */
  readonly question: string;
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
  /** How often the same was asked without an answer. */
  private readonly asked = new Map<string, number>();

  get empty(): boolean {
    return this.held.length === 0;
  }

  hold(packet: Buffer, sender: Endpoint, now: number): void {
    const question = `${sender.address}:${sender.port} ${packet.toString("hex")}`;
    // Asked again by a host that got no answer in time: one answer will do.
    this.held = this.held.filter((other) => other.question !== question);
    this.held.push({ packet, sender, question, since: now });
    this.asked.set(question, (this.asked.get(question) ?? 0) + 1);
  }

  /** Answers what may be answered by now; `ready`: the board has caught up. */
  release(now: number, ready: boolean, answer: Answer): void {
    if (ready) this.asked.clear();
    const held = this.held.splice(0);
    for (const one of held) {
      const tired = this.asked.get(one.question)! > ASKED;
      if (tired) this.asked.delete(one.question);
      if (ready || tired || now - one.since > PATIENCE) answer(one.packet, one.sender, ready || tired);
      else this.held.push(one);
    }
  }
}
