/** How much of its steps a core uses: cycles awake from one expiry of its first timer to the next, as part of the timer's period. */
export class StepMeter {
  /** Cycles awake since the last step; the scheduler adds to it. */
  busy = 0;
  steps = 0;
  /** Of the busiest step, and in all. */
  most = 0;
  total = 0;
  /** Cycles of a step. */
  period = 0;

  reset(): void {
    this.busy = this.steps = this.most = this.total = this.period = 0;
  }

  /** A step ends. What was done before the first one is not one. */
  step(period: number): void {
    if (period !== this.period) {
      this.reset();
      this.period = period;
    } else {
      this.steps++;
      this.total += this.busy;
      this.most = Math.max(this.most, this.busy);
    }
    this.busy = 0;
  }
}
