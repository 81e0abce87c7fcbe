import type { LocalEngine, SpikeEvents } from "../../src/network/engine.ts";
import { outputsOf } from "../../src/network/layer.ts";
import { observationSize } from "../../src/network/network.ts";
import { decidedIn } from "../../src/simulators/near-tie.ts";
import { runOn } from "../engines/run-on.ts";
import type { Foreign } from "./load.ts";

/** An engine's spikes beside the framework's. */
export interface Compared {
  readonly bins: number;
  readonly mismatched: number;
  /** Of each state in which any bin differs the first: the earliest step, there the first layer, there the first neuron. */
  readonly first: readonly Mismatch[];
}

/** A bin that differs, how far the potential was from firing otherwise, and how far the order of float32 sums can move it. */
export interface Mismatch {
  readonly state: number;
  readonly step: number;
  readonly layer: number;
  readonly neuron: number;
  readonly distance: number;
  readonly bound: number;
}

export function compare(given: Foreign, engine: LocalEngine, count: number = given.states): Compared {
  const { network, changing } = given;
  return compareRun(
    given,
    runOn(engine, network, statesOf(given, 0, count), { recordSpikes: true, changing }).spikes!,
    count,
  );
}

/** Likewise what was sent in a run of the first `count` states. */
export function compareRun(given: Foreign, spikes: readonly SpikeEvents[], count: number): Compared {
  const { network, states, changing = false } = given;
  const { steps } = network.coding;
  const own = spikes.map(({ state, step, neuron }, l) => {
    const n = outputsOf(network.layers[l]);
    const counts = new Uint16Array(steps * states * n);
    state.forEach((b, k) => counts[(step[k] * states + b) * n + neuron[k]]++);
    return counts;
  });
  let [bins, mismatched] = [0, 0];
  const first: Mismatch[] = [];
  for (let b = 0; b < count; b++) {
    let found: readonly [step: number, layer: number, neuron: number] | undefined;
    for (let t = 0; t < steps; t++)
      for (const [l, counts] of own.entries()) {
        const n = outputsOf(network.layers[l]);
        for (let j = 0, k = (t * states + b) * n; j < n; j++, k++) {
          bins++;
          if (counts[k] === given.spikes[l][k]) continue;
          mismatched++;
          found ??= [t, l, j];
        }
      }
    if (!found) continue;
    const [step, layer, neuron] = found;
    const { distance, bound } = decidedIn(network, statesOf(given, b, 1), { step, layer, neuron }, changing)!;
    first.push({ state: b, step, layer, neuron, distance, bound });
  }
  return { bins, mismatched, first };
}

/** The inputs of `count` states from `first` on. */
export function statesOf({ network, x, states, changing }: Foreign, first: number, count: number): Float32Array {
  const size = observationSize(network);
  if (!changing) return x.subarray(first * size, (first + count) * size);
  const steps = x.length / states / size;
  const part = new Float32Array(steps * count * size);
  for (let t = 0; t < steps; t++)
    part.set(x.subarray((t * states + first) * size, (t * states + first + count) * size), t * count * size);
  return part;
}
