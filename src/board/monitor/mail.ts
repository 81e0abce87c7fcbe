import { type Chip, CORES } from "../chip.ts";
import { CYCLES_PER_US } from "../machine.ts";
import { LOCK, MAIL, MESSAGE_BYTES, STATE, sv, vcpu, vcpuOf } from "./layout.ts";
import { type Datagram, formatDatagram, parseDatagram } from "./sdp.ts";

/** Bytes before a datagram in its buffer: the next one of a chain, length, checksum. */
const BEFORE = 8;
/** SCAMP waits a millisecond for a core to take its mail. */
const PATIENCE = 1000 * CYCLES_PER_US;

interface Waiting {
  readonly message: Datagram;
  readonly since: number;
}

/** Why a datagram did not reach its core: SCAMP's result for it. */
export type Undelivered = (message: Datagram, why: "dead" | "timeout") => void;

/** The mailboxes between a chip's monitor and its cores: buffers in SysRAM, a command byte each way, an interrupt. */
export class Mail {
  private readonly chip: Chip;
  private readonly waiting: Waiting[][] = Array.from({ length: CORES }, () => []);
  private readonly undelivered: Undelivered;

  constructor(chip: Chip, undelivered: Undelivered) {
    this.chip = chip;
    this.undelivered = undelivered;
  }

  /** Whether any datagram waits for its core. */
  get pending(): boolean {
    return this.waiting.some((queue) => queue.length > 0);
  }

  /** To a core; `advance` gives it when the mailbox is empty. */
  post(core: number, message: Datagram, now: number): void {
    this.waiting[core].push({ message, since: now });
  }

  /** Gives what waits, as far as mailboxes and buffers are free. */
  advance(now: number): void {
    for (let core = 1; core < CORES; core++) {
      const [first] = this.waiting[core];
      if (!first) continue;
      const block = vcpuOf(core);
      if (!this.chip.processors[core].live || this.chip.getByte(block + vcpu.state) === STATE.error) {
        this.drop(core, "dead");
      } else if (this.chip.getByte(block + vcpu.toCoreCommand) === MAIL.idle && this.give(core, first.message))
        this.waiting[core].shift();
      else if (now - first.since > PATIENCE) this.drop(core, "timeout");
    }
  }

  /** What cores have put into their mailboxes since; null: a core holds a lock, to be asked again. */
  collect(): Datagram[] | null {
    const { chip } = this;
    if (chip.system.locked(LOCK.mailbox) || chip.system.locked(LOCK.messages)) return null;
    const flags = chip.get(sv.mailboxFlags);
    const messages: Datagram[] = [];
    for (let core = 1; core < CORES; core++) {
      if (((flags >> core) & 1) === 0) continue;
      const block = vcpuOf(core);
      const buffer = chip.get(block + vcpu.fromCoreMessage);
      const command = chip.getByte(block + vcpu.fromCoreCommand);
      // Taken, whatever it turns out to be.
      chip.setByte(block + vcpu.fromCoreCommand, MAIL.idle);
      chip.set(sv.mailboxFlags, chip.get(sv.mailboxFlags) & ~(1 << core));
      if (command === MAIL.message) {
        const message = parseDatagram(chip.bytes(buffer + BEFORE, chip.getHalf(buffer + 4)));
        if (message) messages.push(message);
        this.freeBuffer(buffer);
      }
    }
    chip.system.setInterrupts(1, false);
    return messages;
  }

  private drop(core: number, why: "dead" | "timeout"): void {
    const [lost] = this.waiting[core].splice(0, 1);
    this.undelivered(lost.message, why);
  }

  /** False: there is no free buffer. */
  private give(core: number, message: Datagram): boolean {
    const { chip } = this;
    const buffer = chip.system.locked(LOCK.messages) ? 0 : chip.get(sv.messageRoot);
    if (buffer === 0) return false;
    chip.set(sv.messageRoot, chip.get(buffer));
    const count = chip.getHalf(sv.messageCount) + 1;
    chip.setHalf(sv.messageCount, count);
    if (count > chip.getHalf(sv.messageMost)) chip.setHalf(sv.messageMost, count);
    const bytes = formatDatagram(message);
    chip.bytes(buffer, MESSAGE_BYTES).fill(0);
    chip.setHalf(buffer + 4, bytes.length);
    chip.bytes(buffer + BEFORE, bytes.length).set(bytes);
    chip.set(vcpuOf(core) + vcpu.toCoreMessage, buffer);
    chip.setByte(vcpuOf(core) + vcpu.toCoreCommand, MAIL.message);
    chip.system.setInterrupts(1 << core, true);
    return true;
  }

  private freeBuffer(buffer: number): void {
    this.chip.set(buffer, this.chip.get(sv.messageRoot));
    this.chip.set(sv.messageRoot, buffer);
    this.chip.setHalf(sv.messageCount, this.chip.getHalf(sv.messageCount) - 1);
  }
}
