import { Unmodelled } from "../problems.ts";

const PRESCALE = [1, 16, 256, 256];

/** One of a core's two timers (SP804): counts down with the core's clock, and interrupts at zero. */
class Timer {
  private load = 0;
  private background = 0;
  private control = 0;
  private raw = false;
  /** The count was `value` at cycle `since`. */
  private value = 0xffffffff;
  private since = 0;
  /** Cycle at which the count reaches zero. */
  due = Infinity;

  get line(): boolean {
    return this.raw && (this.control & 0x20) !== 0;
  }

  /** Cycles from zero to zero. */
  get period(): number {
    return this.background * this.prescale;
  }

  get counting(): boolean {
    return (this.control & 0x80) !== 0;
  }

  private get prescale(): number {
    return PRESCALE[(this.control >> 2) & 3];
  }

  reset(): void {
    this.load = this.background = this.control = 0;
    this.raw = false;
    this.value = 0xffffffff;
    this.since = 0;
    this.due = Infinity;
  }

  read(offset: number, now: number): number {
    switch (offset) {
      case 0x00:
        return this.load;
      case 0x04:
        return this.count(now);
      case 0x08:
        return this.control;
      case 0x10:
        return Number(this.raw);
      case 0x14:
        return Number(this.line);
      case 0x18:
        return this.background;
      default:
        throw new Unmodelled(`register 0x${offset.toString(16)} of a timer`);
    }
  }

  write(offset: number, value: number, now: number): void {
    const word = value >>> 0;
    if (offset === 0x00) {
      this.load = this.background = word;
      this.restart(word, now);
    } else if (offset === 0x08) {
      const count = this.count(now);
      this.control = word & 0xff;
      this.restart(count, now);
    } else if (offset === 0x0c) this.raw = false;
    else if (offset === 0x18) this.background = word;
    else throw new Unmodelled(`register 0x${offset.toString(16)} of a timer`);
  }

  /** The count has reached zero. */
  expire(): void {
    this.raw = true;
    const at = this.due;
    if (this.control & 1) {
      this.control &= ~0x80;
      this.restart(0, at);
    } else if (this.control & 0x40) this.restart(this.background, at);
    else this.restart(this.control & 2 ? 0xffffffff : 0xffff, at);
  }

  private count(now: number): number {
    if (!this.counting) return this.value;
    return Math.max(0, this.value - Math.floor((now - this.since) / this.prescale));
  }

  private restart(value: number, now: number): void {
    this.value = value;
    this.since = now;
    this.due = this.counting && value > 0 ? now + value * this.prescale : Infinity;
  }
}

/** Both timers of a core. The first gives the steps of a simulation. */
export class Timers {
  readonly first = new Timer();
  readonly second = new Timer();

  get due(): number {
    return Math.min(this.first.due, this.second.due);
  }

  reset(): void {
    this.first.reset();
    this.second.reset();
  }

  read(offset: number, now: number): number {
    return offset < 0x20 ? this.first.read(offset, now) : this.second.read(offset - 0x20, now);
  }

  write(offset: number, value: number, now: number): void {
    if (offset < 0x20) this.first.write(offset, value, now);
    else this.second.write(offset - 0x20, value, now);
  }
}
