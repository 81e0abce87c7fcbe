import type { SpikeEvents } from "../network/engine.ts";

/** Collects spikes that come in the order of state, step, neuron. */
export class SpikeList {
  readonly #state: number[] = [];
  readonly #step: number[] = [];
  readonly #neuron: number[] = [];

  push(state: number, step: number, neuron: number): void {
    this.#state.push(state);
    this.#step.push(step);
    this.#neuron.push(neuron);
  }

  events(): SpikeEvents {
    return {
      state: Int32Array.from(this.#state),
      step: Int32Array.from(this.#step),
      neuron: Int32Array.from(this.#neuron),
    };
  }
}
