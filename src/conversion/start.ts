import type { DenseNetwork } from "../ann/network.ts";

/**
 * Where the membranes begin:
 * - zero: the thesis's. A neuron loses half a spike on average, and biases count for longer than inputs.
 * - half: at half the threshold, so that the spike count is rounded instead of cut off (Bu et al. 2022)
 * - balanced: half, and the time is made up for in which a layer hears its bias but not yet its inputs
 */
export type Start = "zero" | "half" | "balanced";

/** How many steps of input reach the readout after `steps`: each layer of `layers` costs two, and the first input arrives at step 1. */
export function effectiveSteps(layers: number, steps: number): number {
  return Math.max(0, steps - 1 - 2 * (layers - 1));
}

/**
 * Membrane potentials before the first step, per layer [outputs] or null, in units of the threshold; "balanced" may also change
 * hidden biases.
 *
 * The neurons of a population start at (i + 1/2) / size (at 1/2 alone). Layer l hears its bias b from step 0 and its inputs
 * from step 2 l: of what arrives in time for the readout, N = T - 1 - 2 (L - 1) steps are input and N + 2 l bias. "balanced"
 * starts 2 l b lower, which makes both N whatever T is. For b < 0 that could begin above the threshold, and spikes that should
 * never have been can't be taken back: such a neuron begins at the threshold, and b is changed so that the total is the same,
 *
 *   v0 + (N + 2 l) b' = (i + 1/2) / size + N b.
 *
 * `network` is in units of one spike per step (`normalise`), with populations of `population` side by side.
 */
export function startingPoint(
  network: DenseNetwork,
  { start, population, steps }: { start: Start; population: number; steps: number },
): { network: DenseNetwork; potentials: (Float32Array | null)[] } {
  if (start === "zero") return { network, potentials: network.layers.map(() => null) };
  const last = network.layers.length - 1;
  const n = effectiveSteps(network.layers.length, steps);
  const layers = network.layers.map((layer, l) => {
    const early = start === "balanced" ? 2 * l : 0;
    const potentials = new Float32Array(layer.outputs);
    const biases = layer.biases.slice();
    for (let j = 0; j < layer.outputs; j++) {
      const aim = l < last ? ((j % population) + 0.5) / population : 0;
      const wanted = aim - early * layer.biases[j];
      potentials[j] = l < last ? Math.min(1, wanted) : wanted; // the output layer never spikes
      if (wanted > potentials[j]) biases[j] = (aim + n * layer.biases[j] - potentials[j]) / (n + early);
    }
    return { layer: { ...layer, biases }, potentials: l === last && start === "half" ? null : potentials };
  });
  return {
    network: { kind: "dense", layers: layers.map(({ layer }) => layer) },
    potentials: layers.map(({ potentials }) => potentials),
  };
}
