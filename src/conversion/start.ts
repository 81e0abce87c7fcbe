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
 * Hidden layers l > 0 are held back: they start D = holdBack l (l + 1) lower still, and their bias is D / (N + 2 l) higher, which makes up for
 * it by the end. Spikes come unevenly, and what an early volley fires can't be taken back: a membrane that has further to climb hears
 * more of its input before it first fires. It costs what a neuron can express, since the spikes have to fit into what time is left.
 *
 * `layers` are in units of one spike per step (`normalise`), with `populations[l]` neurons of one population side by side.
 */
export function startingPoint<L extends { readonly biases: ArrayLike<number> }>(
  layers: readonly L[],
  {
    start,
    populations,
    steps,
    holdBack = 0,
  }: { start: Start; populations: readonly number[]; steps: number; holdBack?: number },
): { layers: (Omit<L, "biases"> & { readonly biases: Float32Array })[]; potentials: (Float32Array | null)[] } {
  const last = layers.length - 1;
  const n = effectiveSteps(layers.length, steps);
  const potentials: (Float32Array | null)[] = [];
  const started = layers.map((layer, l) => {
    const early = start === "balanced" ? 2 * l : 0;
    const biases = Float32Array.from(layer.biases);
    const before = new Float32Array(biases.length);
    const held = n > 0 ? holdBack * l * (l + 1) : 0;
    potentials.push(start === "zero" || (l === last && start === "half") ? null : before);
    if (start === "zero") return { ...layer, biases };
    for (let j = 0; j < biases.length; j++) {
      const bias = layer.biases[j];
      const aim = l < last ? ((j % populations[l]) + 0.5) / populations[l] : 0;
      const wanted = aim - early * bias;
      before[j] = l < last ? Math.min(1, wanted) : wanted; // the output layer never spikes
      if (wanted > before[j]) biases[j] = (aim + n * bias - before[j]) / (n + early);
      if (l === last) continue;
      before[j] -= held;
      biases[j] += held / (n + early);
    }
    return { ...layer, biases };
  });
  return { layers: started, potentials };
}
