import { type LearnedDynamics, learnedDynamics, withLearned } from "../../network/learned-dynamics.ts";
import { actionsOf, type SpikingNetwork } from "../../network/network.ts";
import type { Lif } from "../../network/neurons/index.ts";
import type { Beside } from "./kernels/learner.ts";
import { lower, outputCoefficients } from "./kernels/neurons.ts";
import type { Plan } from "./kernels/plan.ts";

/** What the kernels learn of neurons besides weights and biases. */
export const kernelsDynamics = ["beta", "threshold"] as const satisfies readonly LearnedDynamics[];

/**
 * Leaks and thresholds of lif neurons, learned: written into the rows that the kernels read, taken from where they leave the gradients (assembly/unroll.ts).
 * Of the output layer, which has no spikes, the leak alone counts: with c[t] = dv[T-1] / dm[t], dbeta = sum_t v[t-1] c[t] dE/dv[T-1].
 */
export function besideWeights(
  network: SpikingNetwork,
  plan: Plan,
  learn: readonly LearnedDynamics[],
  parameters: Float32Array,
  gradients: Float32Array,
): Beside {
  const learned = learnedDynamics(network, learn, parameters, gradients);
  const { steps } = network.coding;
  const last = network.layers.length - 1;
  const { block } = plan;
  let charges: Float32Array = new Float32Array(steps);
  return {
    spread() {
      const { layers } = withLearned(network, learned);
      layers.forEach(({ activation }, l) => {
        for (const name of learn) {
          const { [name as "beta"]: at, outputs } = plan.layers[l];
          const row = block.float32(at, outputs);
          const value = (activation as Lif)[name as "beta"];
          if (typeof value === "number") row.fill(value);
          else row.set(value);
          if (name === "threshold" && (activation as Lif).fires === "at") lower(row);
        }
      });
      const top = layers[last].activation as Lif;
      plan.setCoefficients(outputCoefficients(top, steps));
      charges = outputCoefficients({ ...top, gain: 1, current: "none" }, steps);
    },
    gather(batch) {
      learned.forEach((own, l) => {
        const { width, outputs, learned: at } = plan.layers[l];
        for (const { name, each, gradient } of own) {
          if (l === last) {
            gradient.fill(0);
            if (name === "beta") gradient[0] = outputLeak(batch);
            continue;
          }
          const row = block.float32(plan.gradients + at + 4 * width * kernelsDynamics.indexOf(name as "beta"), outputs);
          if (each) gradient.set(row);
          else gradient[0] = row.reduce((sum, g) => sum + g, 0);
        }
      });
    },
    with: (now) => withLearned(now as SpikingNetwork, learned),
  };

  /** Of `batch` states. */
  function outputLeak(batch: number): number {
    const { width, values, initial } = plan.layers[last];
    const { leakTo } = network.layers[last].activation as Lif;
    const actions = actionsOf(network);
    const [v, start] = [block.float32(values, batch * steps * width), block.float32(initial, width)];
    const atOutputs = block.float32(plan.outputGradients, batch * width);
    const rest = (a: number): number => (typeof leakTo === "number" ? leakTo : leakTo[a]);
    let sum = 0;
    for (let b = 0; b < batch; b++)
      for (let t = 0; t < steps; t++)
        for (let a = 0; a < actions; a++) {
          const before = t > 0 ? v[(b * steps + t - 1) * width + a] : start[a];
          sum += (before - rest(a)) * charges[t] * atOutputs[b * width + a];
        }
    return sum;
  }
}

/** Whether the kernels learn these: of neurons without lag. */
export const besideKnown = (learn: readonly string[], layers: SpikingNetwork["layers"]): boolean =>
  learn.every((name) => (kernelsDynamics as readonly string[]).includes(name)) &&
  layers.every(({ activation }) => activation.kind === "lif");
