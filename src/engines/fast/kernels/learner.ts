import { UsageError } from "../../../errors.ts";
import { inputsOf } from "../../../network/layer.ts";
import { type Network, observationSize } from "../../../network/network.ts";
import { packParameters, parameterCount, withParameters } from "../../../network/parameters.ts";
import { checkBatch, checkDerivatives, type TrainableNetwork } from "../../../network/trainable.ts";
import { allocate } from "./memory.ts";
import { kernels } from "./module.ts";
import type { Plan } from "./plan.ts";
import type { Pool } from "./pool.ts";

export interface LearnerOptions {
  readonly network: Network;
  readonly plan: Plan;
  readonly pool: Pool;
  readonly maxBatch: number;
  readonly forwardJob: number;
  readonly backwardJob: number;
  /** So many parameters more than weights and biases, behind them in the flat arrays... */
  readonly extra?: number;
  /** ...and what they are to the kernels. */
  readonly beside?: (parameters: Float32Array, gradients: Float32Array) => Beside;
}

/** Parameters that the kernels take from, and leave their gradients at, other places. */
export interface Beside {
  /** Takes them before a forward pass. */
  spread(): void;
  /** Leaves their gradients after a backward pass of so many states. */
  gather(batch: number): void;
  /** The network with them. */
  with(network: Network): Network;
}

/** A `TrainableNetwork` over a plan: parameters and gradients lie in the kernels' memory, flat, and are spread over padded rows at each call. */
export function learner(options: LearnerOptions): TrainableNetwork {
  const { network, plan, pool, maxBatch, forwardJob, backwardJob, extra = 0 } = options;
  const { exports } = kernels();
  const top = plan.layers.at(-1)!;
  const actions = top.outputs;
  const [size, inputs] = [observationSize(network), inputsOf(network.layers[0])];
  const constants = inputs - size; // 1 where the network has a bias input
  const count = parameterCount(network) + extra;
  const flat = allocate(8 * Math.ceil(count / 16) * 16);
  const gradientsAt = flat.bytes / 2;
  const parameters = flat.float32(0, count);
  const gradients = flat.float32(gradientsAt, count);
  packParameters(network, parameters);
  const beside = options.beside?.(parameters, gradients);
  const observations = plan.block.float32(plan.observations, maxBatch * inputs);
  if (constants) for (let b = 0; b < maxBatch; b++) observations[b * inputs + size] = 1;
  const outputs = plan.block.float32(plan.outputs, maxBatch * actions);
  const outputGradients = plan.block.float32(plan.outputGradients, maxBatch * top.width);
  const views = new Map<number, Float32Array>();
  let batch = 0;
  let closed = false;

  const open = (): void => {
    if (closed) throw new UsageError("NETWORK_CLOSED", "The network was closed.");
  };

  return {
    observationSize: size,
    actions,
    maxBatch,
    parameters,
    gradients,
    forward(states, n) {
      open();
      checkBatch({ maxBatch, observationSize: size }, n, states);
      batch = n;
      if (!constants) observations.set(states.length === n * size ? states : states.subarray(0, n * size));
      else
        for (let b = 0, from = 0, to = 0; b < n; b++, to++)
          for (let i = 0; i < size; i++) observations[to++] = states[from++];
      if (network.inputScale !== 1) for (let k = 0; k < n * size; k++) observations[k] *= network.inputScale;
      exports.spread(plan.address, flat.address);
      beside?.spread();
      plan.setBatch(n);
      pool.run(forwardJob, plan.address, plan.chunks(n));
      let view = views.get(n);
      if (!view) views.set(n, (view = outputs.subarray(0, n * actions)));
      return view;
    },
    backward(derivatives) {
      open();
      checkDerivatives(batch, actions, derivatives);
      if (actions === top.width)
        outputGradients.set(
          derivatives.length === batch * actions ? derivatives : derivatives.subarray(0, batch * actions),
        );
      else
        for (let b = 0, from = 0; b < batch; b++)
          for (let a = 0; a < actions; a++) outputGradients[b * top.width + a] = derivatives[from++];
      exports.transpose(plan.address);
      pool.run(backwardJob, plan.address, plan.chunks(batch));
      exports.gather(plan.address, flat.address + gradientsAt);
      beside?.gather(batch);
    },
    toNetwork() {
      const learned = withParameters(network, parameters);
      return beside?.with(learned) ?? learned;
    },
    close() {
      if (closed) return;
      closed = true;
      pool.release();
      plan.block.free();
      flat.free();
    },
  };
}
