import { learnedDynamics, withLearned } from "../../network/learned-dynamics.ts";
import { actionsOf, type SpikingNetwork } from "../../network/network.ts";
import type { Lif } from "../../network/neurons/index.ts";
import type { Beside } from "./kernels/learner.ts";
import { lower, outputCoefficients } from "./kernels/neurons.ts";
import type { Plan } from "./kernels/plan.ts";

/** What the kernels learn of neurons besides weights and biases, in the order in which they leave the gradients. */
const kernelsDynamics = ["beta", "threshold"] as const;
export type KernelsDynamics = (typeof kernelsDynamics)[number];

/** Whether the kernels learn these: of neurons without lag. */
export function besideKnown(
  learn: readonly string[],
  { layers }: SpikingNetwork,
): learn is readonly (string & KernelsDynamics)[] {
  const known: readonly string[] = kernelsDynamics;
  return learn.every((name) => known.includes(name)) && layers.every(({ activation }) => activation.kind === "lif");
}

/**
 * Leaks and thresholds of lif neurons, learned: written into the rows that the kernels read, taken from where they leave the gradients (assembly/unroll.ts).
 * Of the output layer, which has no spikes, the leak alone counts: with c[t] = dv[T-1] / dm[t], dbeta = sum_t v[t-1] c[t] dE/dv[T-1].
 */
export function besideWeights(
  network: SpikingNetwork,
  plan: Plan,
  learn: readonly KernelsDynamics[],
  parameters: Float32Array,
  gradients: Float32Array,
): Beside {
  const learned = learnedDynamics(network, learn, parameters, gradients);
  const { block } = plan;
  const { steps } = network.coding;
  const last = network.layers.length - 1;
  /** dv[T-1] / dm[t] of the output layer, as its leak is now. */
  let charges: Float32Array = new Float32Array(steps);
  return {
    spread() {
      const neurons = withLearned(network, learned).layers.map(({ activation }) => activation as Lif);
      neurons.forEach((neuron, l) => {
        for (const name of learn) {
          const row = block.float32(plan.layers[l][name], plan.layers[l].outputs);
          const value = neuron[name];
          if (typeof value === "number") row.fill(value);
          else row.set(value);
          if (name === "threshold" && neuron.fires === "at") lower(row);
        }
      });
      plan.setCoefficients(outputCoefficients(neurons[last], steps));
      charges = outputCoefficients({ ...neurons[last], gain: 1, current: "none" }, steps);
    },
    gather(batch) {
      learned.forEach((own, l) => {
        const { width, outputs, learned: at } = plan.layers[l];
        learn.forEach((name, k) => {
          const { each, gradient } = own[k];
          if (l === last) return gradient.fill(name === "beta" ? outputLeak(batch) : 0);
          const row = block.float32(plan.gradients + at + 4 * width * kernelsDynamics.indexOf(name), outputs);
          return each ? gradient.set(row) : gradient.fill(row.reduce((sum, g) => sum + g, 0));
        });
      });
    },
    with: (now) => withLearned(now as SpikingNetwork, learned),
  };

  /** The gradient of the output layer's leak, which its neurons share (`readable` of learner.ts), over `batch` states. */
  function outputLeak(batch: number): number {
    const { width, values, initial } = plan.layers[last];
    const { leakTo } = network.layers[last].activation as Lif;
    const [v, start] = [block.float32(values, batch * steps * width), block.float32(initial, width)];
    const atOutputs = block.float32(plan.outputGradients, batch * width);
    let sum = 0;
    for (let b = 0; b < batch; b++)
      for (let t = 0; t < steps; t++)
        for (let a = 0; a < actionsOf(network); a++) {
          const before = t > 0 ? v[(b * steps + t - 1) * width + a] : start[a];
          const rest = typeof leakTo === "number" ? leakTo : leakTo[a];
          sum += (before - rest) * charges[t] * atOutputs[b * width + a];
        }
    return sum;
  }
}
