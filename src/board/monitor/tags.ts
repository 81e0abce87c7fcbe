/** IP tags: where datagrams that leave by the Ethernet go; reverse ones: which core gets what arrives at a UDP port. */

export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

export interface Tag {
  ip: readonly [number, number, number, number];
  port: number;
  strip: boolean;
  /** Of a reverse tag: the port at which the board listens, and to whom it gives what arrives. */
  reverse: { readonly port: number; readonly destination: number; readonly destinationPort: number } | null;
  count: number;
}

const FIXED = 8;
const POOL = 8;
/** Of a transient tag, for one answer: they may be more than SCAMP's eight, so that no host has to repeat itself. */
const LAST_TRANSIENT = 250;
export const TAGS = FIXED + POOL;

const VALID = 0x8000;
const REVERSE = 0x0200;
const STRIP = 0x0100;

export const addressOf = (ip: readonly number[]): string => ip.join(".");

export function ipOf(address: string): [number, number, number, number] {
  const [a, b, c, d] = address.split(".").map(Number);
  return [a, b, c, d];
}

export class Tags {
  private readonly fixed: (Tag | null)[] = new Array<Tag | null>(TAGS).fill(null);
  private readonly transient = new Map<number, Endpoint>();
  private next = FIXED;
  /** Logarithm of the time after which SCAMP forgets who waits for an answer. */
  private timeout = 9;
  private readonly listen: (port: number, open: boolean) => void;

  constructor(listen: (port: number, open: boolean) => void) {
    this.listen = listen;
  }

  get(tag: number): Tag | null {
    return this.fixed[tag] ?? null;
  }

  set(number: number, tag: Tag): void {
    this.clear(number);
    this.fixed[number] = tag;
    if (tag.reverse) this.listen(tag.reverse.port, true);
  }

  clear(number: number): void {
    const old = this.fixed[number];
    this.fixed[number] = null;
    if (old?.reverse && !this.reverseAt(old.reverse.port)) this.listen(old.reverse.port, false);
  }

  /** The tag that listens at a port, with its number. */
  reverseAt(port: number): { number: number; tag: Tag } | null {
    const number = this.fixed.findIndex((tag) => tag?.reverse?.port === port);
    return number < 0 ? null : { number, tag: this.fixed[number]! };
  }

  /** Whether something may come from outside, or go there, while a simulation runs. */
  get live(): boolean {
    return this.fixed.some((tag) => tag !== null);
  }

  /** A tag for one answer to whoever asked. */
  remember(endpoint: Endpoint): number {
    this.next = this.next >= LAST_TRANSIENT ? TAGS : Math.max(TAGS, this.next + 1);
    this.transient.set(this.next, endpoint);
    return this.next;
  }

  /** Who waits for an answer; only once. */
  forget(tag: number): Endpoint | undefined {
    const endpoint = this.transient.get(tag);
    this.transient.delete(tag);
    return endpoint;
  }

  /** Sets the time-out, where that is one, and answers sizes and the old one. */
  limits(timeout: number): number {
    const old = this.timeout;
    if (timeout < 16) this.timeout = timeout;
    return ((FIXED << 24) | (POOL << 16) | (32 << 8) | old) >>> 0;
  }

  /** A tag as SCAMP's table has it: 32 bytes. */
  record(number: number): Uint8Array {
    const bytes = new Uint8Array(32);
    const tag = this.get(number);
    if (!tag) return bytes;
    const view = new DataView(bytes.buffer);
    bytes.set(tag.ip);
    view.setUint16(10, tag.port, true);
    view.setUint16(14, VALID | (tag.reverse ? REVERSE : 0) | (tag.strip ? STRIP : 0), true);
    view.setUint32(16, tag.count, true);
    view.setUint16(20, tag.reverse?.port ?? 0, true);
    view.setUint16(22, tag.reverse?.destination ?? 0, true);
    bytes[24] = tag.reverse?.destinationPort ?? 0;
    return bytes;
  }
}
