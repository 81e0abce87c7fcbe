import { type Chip } from "../chip.ts";
import { type Machine } from "../machine.ts";
import { type Problem, Unmodelled } from "../problems.ts";
import { Applications } from "./applications.ts";
import { type BootFacts, bootChip } from "./boot.ts";
import { type Context, COMMANDS, Refused, UNKNOWN_COMMANDS } from "./commands.ts";
import { LOCK, sv } from "./layout.ts";
import { Mail } from "./mail.ts";
import {
  type Command,
  type Datagram,
  FLAG_REPLY,
  NO_TAG,
  PORT_ETHERNET,
  RESULT,
  ROOT,
  answerTo,
  formatDatagram,
  parseCommand,
  parseDatagram,
} from "./sdp.ts";
import { type Endpoint, Tags, addressOf } from "./tags.ts";

/** The way to the host. Ports are the board's own. */
export interface Uplink {
  readonly send: (fromPort: number | null, data: Uint8Array, to: Endpoint) => void;
  readonly listen: (port: number, open: boolean) => void;
}

export interface MonitorEvents {
  readonly problem: (problem: Problem) => void;
  readonly command?: (chip: Chip, name: string, command: Command) => void;
  /** What a core did is about to be forgotten. */
  readonly stopping: (chip: Chip, core: number) => void;
}

const PADDING = 2;
/** Slices after which a lock that a core holds will not be free any more. */
const PATIENCE = 100_000;

/** SCAMP 4.0.0 as a model: one for all chips of the board. It answers hosts, and carries datagrams between them and the cores. */
export class Monitor {
  readonly tags: Tags;
  readonly applications: Applications;
  private readonly machine: Machine;
  private readonly facts: BootFacts;
  private readonly uplink: Uplink;
  private readonly events: MonitorEvents;
  private readonly mail = new Map<Chip, Mail>();
  private readonly busy = new Set<Chip>();
  private readonly context: Context;
  /** Commands answered, by name. */
  readonly counts: Record<string, number> = {};

  constructor(machine: Machine, facts: BootFacts, uplink: Uplink, events: MonitorEvents) {
    this.machine = machine;
    this.facts = facts;
    this.uplink = uplink;
    this.events = events;
    this.tags = new Tags(uplink.listen);
    this.applications = new Applications(machine, events.stopping);
    this.context = {
      applications: this.applications,
      tags: this.tags,
      chips: machine.chips,
      exhausted: (chip, message, hint) =>
        events.problem({ kind: "exhausted", chip: [chip.x, chip.y], core: 0, message, hint }),
      whenFree: (chip, what) => this.whenFree(chip, LOCK[what]),
    };
    for (const chip of machine.chips) {
      bootChip(chip, facts);
      this.mail.set(chip, new Mail(chip, (message, why) => this.undelivered(chip, message, why)));
    }
  }

  /** A packet that came to the board's port: two bytes of padding, and a datagram. Not `complete`: what is asked may change soon. */
  fromHost(packet: Uint8Array, sender: Endpoint, complete = true): void {
    const message = parseDatagram(packet.subarray(PADDING));
    if (!message) return;
    message.source = this.machine.chips[0].address;
    if (message.destination === ROOT) message.destination = this.machine.chips[0].address;
    const chip = this.machine.chipAt(message.destination);
    const reply = (message.flags & FLAG_REPLY) !== 0;
    if (!chip) {
      if (reply) this.toEndpoint(answerTo(message, sequenceOf(message), RESULT.route, new Uint8Array(0)), sender);
      return;
    }
    const core = message.destinationPort & 31;
    if (core === 0) {
      const answer = this.obey(chip, message, sender);
      if (!complete) answer.data[0] = RESULT.noReply;
      if (reply) this.toEndpoint(answer, sender);
      return;
    }
    if (reply && message.tag === NO_TAG) message.tag = this.tags.remember(sender);
    this.toCore(chip, core, message);
  }

  /** What came to the port of a reverse IP tag. */
  fromReverse(port: number, packet: Uint8Array, sender: Endpoint): void {
    const found = this.tags.reverseAt(port);
    const chip = found && this.machine.chipAt(found.tag.reverse!.destination);
    if (!found || !chip) return;
    const { tag, number } = found;
    tag.port = sender.port;
    tag.ip = sender.address.split(".").map(Number) as [number, number, number, number];
    const { destination, destinationPort } = tag.reverse!;
    this.toCore(chip, destinationPort & 31, {
      flags: 0x07,
      tag: number,
      destination,
      destinationPort,
      source: this.machine.chips[0].address,
      sourcePort: PORT_ETHERNET,
      data: packet.slice(),
    });
  }

  /** A core has raised the monitor's line. */
  called(chip: Chip): void {
    this.busy.add(chip);
  }

  /** Between slices: mail from cores and to them. */
  serve(): void {
    if (this.busy.size === 0) return;
    for (const chip of [...this.busy])
      try {
        this.serveChip(chip);
      } catch (error) {
        if (!(error instanceof Unmodelled)) throw error;
        this.problem(chip, `mail from a core: ${error.message}`, error.hint);
      }
  }

  private serveChip(chip: Chip): void {
    const mail = this.mail.get(chip)!;
    const messages = mail.collect();
    for (const message of messages ?? []) this.fromCore(chip, message);
    mail.advance(this.machine.now);
    if (messages && !mail.pending) this.busy.delete(chip);
  }

  /** Whether mail waits for a core: time has to go on for it to be taken, or to be too late. */
  get waiting(): boolean {
    return this.busy.size > 0;
  }

  setClock(milliseconds: number): void {
    for (const chip of this.machine.chips) {
      chip.set(sv.clockMs, milliseconds);
      chip.setHalf(sv.timeMs, milliseconds % 1000);
      chip.set(sv.unixTime, this.facts.time + Math.floor(milliseconds / 1000));
    }
  }

  private toCore(chip: Chip, core: number, message: Datagram): void {
    if (core >= chip.processors.length) return this.refuse(message, RESULT.cpu);
    this.mail.get(chip)!.post(core, message, this.machine.now);
    this.mail.get(chip)!.advance(this.machine.now);
    this.busy.add(chip);
  }

  private fromCore(chip: Chip, message: Datagram): void {
    if (message.destinationPort === PORT_ETHERNET) return this.toHost(message);
    const target = message.destination === ROOT ? this.machine.chips[0] : this.machine.chipAt(message.destination);
    if (!target) return this.refuse(message, RESULT.route);
    const core = message.destinationPort & 31;
    if (core !== 0) return this.toCore(target, core, message);
    const answer = this.obey(target, message, null);
    if ((message.flags & FLAG_REPLY) !== 0) this.toCore(chip, answer.destinationPort & 31, answer);
  }

  /** By the IP tag that the datagram names. */
  private toHost(message: Datagram): void {
    const waiting = this.tags.forget(message.tag);
    if (waiting) return this.toEndpoint(message, waiting);
    const tag = this.tags.get(message.tag);
    if (!tag) return;
    tag.count++;
    const bytes = tag.strip ? message.data : padded(message);
    this.uplink.send(tag.reverse?.port ?? null, bytes, { address: addressOf(tag.ip), port: tag.port });
  }

  private toEndpoint(message: Datagram, endpoint: Endpoint): void {
    this.uplink.send(null, padded(message), endpoint);
  }

  private undelivered(chip: Chip, message: Datagram, why: "dead" | "timeout"): void {
    this.events.problem({
      kind: "datagram",
      chip: [chip.x, chip.y],
      core: message.destinationPort & 31,
      message:
        why === "dead"
          ? "a datagram for a core that runs nothing"
          : "a datagram that the core did not take within 1 ms",
    });
    this.refuse(message, RESULT.timeout);
  }

  private refuse(message: Datagram, result: number): void {
    const waiting = this.tags.forget(message.tag);
    if (waiting && (message.flags & FLAG_REPLY) !== 0)
      this.toEndpoint(answerTo(message, sequenceOf(message), result, new Uint8Array(0)), waiting);
  }

  private obey(chip: Chip, message: Datagram, sender: Endpoint | null): Datagram {
    const command = parseCommand(message.data);
    const sequence = sequenceOf(message);
    const answer = (result: number, payload = new Uint8Array(0)): Datagram =>
      answerTo(message, sequence, result, payload);
    if (message.destinationPort >> 5 !== 0) return answer(RESULT.port);
    if (!command) return answer(RESULT.length);
    const known = COMMANDS[command.code];
    if (!known) {
      this.problem(chip, `SCP command ${command.code} ${UNKNOWN_COMMANDS[command.code] ?? ""}`.trim());
      return answer(RESULT.command);
    }
    this.counts[known.name] = (this.counts[known.name] ?? 0) + 1;
    this.events.command?.(chip, known.name, command);
    try {
      return answer(RESULT.ok, known.run(chip, command, this.context, sender).slice());
    } catch (error) {
      if (error instanceof Refused) return answer(error.result, error.payload.slice());
      if (!(error instanceof Unmodelled)) throw error;
      this.problem(chip, `SCP command ${known.name}: ${error.message}`, error.hint);
      return answer(RESULT.argument);
    }
  }

  private problem(chip: Chip, message: string, hint?: string): void {
    this.events.problem({ kind: "command", chip: [chip.x, chip.y], core: 0, message, hint });
  }

  private whenFree(chip: Chip, lock: number): void {
    for (let slices = 0; chip.system.locked(lock); slices++)
      if (slices > PATIENCE || !this.machine.slice(Infinity))
        throw new Unmodelled(`lock ${lock}, which a core does not give back`);
  }
}

function padded(message: Datagram): Uint8Array {
  const datagram = formatDatagram(message);
  const bytes = new Uint8Array(PADDING + datagram.length);
  bytes.set(datagram, PADDING);
  return bytes;
}

const sequenceOf = ({ data }: Datagram): number => (data.length >= 4 ? data[2] | (data[3] << 8) : 0);
