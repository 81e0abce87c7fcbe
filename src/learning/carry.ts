import { UsageError } from "../errors.ts";
import { type SpikingNetwork, spikingLayers } from "../network/network.ts";
import { createState, type LayerState, type NetworkState } from "../network/state.ts";

/**
 * What the neurons of several episodes still hold after a decision, side by side: the next one of the same episode begins with it, instead of at rest
 * (residual potentials carried over; successive observations differ by little, so that what a count left behind is not lost but spikes a decision later).
 * The output layer, which adds up one decision's spikes, begins anew.
 */
export interface Carry {
  /** So many episodes begin. */
  begin(episodes: number): void;
  /** What these episodes hold, as a batch. */
  of(episodes: Int32Array): NetworkState;
  /** What their decision has left. */
  keep(episodes: Int32Array, left: NetworkState): void;
}

/** @throws UsageError BAD_ARGUMENT where the input's coding has a memory of its own */
export function createCarry(network: SpikingNetwork): Carry {
  if (network.coding.encoding !== "constant")
    throw new UsageError("BAD_ARGUMENT", `Potentials can't be carried over with ${network.coding.encoding} input.`, {
      hint: "Its spikes have a time of their own. Constant input has none (--encoding constant).",
    });
  const rest = createState(network, 1);
  const spiking = spikingLayers(network);
  let all = createState(network, 1);
  const copied = (from: NetworkState, rows: ArrayLike<number>, into: NetworkState, at: ArrayLike<number>): void => {
    from.layers.forEach((layer, l) => {
      const source = l < spiking ? layer : rest.layers[l];
      for (const name of ["current", "potential", "counts", "spikes"] as const satisfies (keyof LayerState)[]) {
        const target = into.layers[l][name];
        const width = target.length / into.batch;
        for (let k = 0; k < rows.length; k++) {
          const row = l < spiking ? rows[k] : 0;
          target.set(source[name].subarray(row * width, (row + 1) * width), at[k] * width);
        }
      }
    });
  };
  const places = (n: number): Int32Array => Int32Array.from({ length: n }, (_, k) => k);
  return {
    begin(episodes) {
      all = createState(network, episodes);
    },
    of(episodes) {
      const state = createState(network, episodes.length);
      copied(all, episodes, state, places(episodes.length));
      return state;
    },
    keep(episodes, left) {
      copied(left, places(episodes.length), all, episodes);
    },
  };
}
