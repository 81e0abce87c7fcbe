import { balancedConvolution, convert } from "../../src/conversion/convert.ts";
import { createTrainable } from "../../src/engines/create.ts";
import { compile, type CompileOptions } from "../../src/engines/fast/compiled.ts";
import { fastEngine } from "../../src/engines/fast/index.ts";
import { adam } from "../../src/engines/optimizers/index.ts";
import { flatLearner } from "../../src/learning/q-learner/flat.ts";
import { architectures, createDenseNetwork, createNetwork, createSpikingNetwork } from "../../src/network/create.ts";
import type { Network, SpikingNetwork } from "../../src/network/network.ts";
import { neuron } from "../../src/network/neurons/index.ts";
import { Random } from "../../src/numeric/random.ts";

type Timed = (calls: number) => Promise<number>;

const BATCH = 128;

/** Integrate-and-fire neurons as the thesis's. */
const spiking = (shape: number[], steps = 20): SpikingNetwork => createSpikingNetwork(shape, new Random(1), { steps });

/** Neurons as other frameworks have them. */
const lif = (steps: number): SpikingNetwork =>
  createSpikingNetwork([4, 64, 64, 2], new Random(1), { steps, neuron: neuron("lif", { beta: 0.9 }) });

/** Our pieces of work by name; each is made when it is first asked for. */
export function ownWork(threads = 2): { names: string[]; get(name: string): Timed | undefined; close(): void } {
  const closers: (() => void)[] = [];
  const work: Record<string, () => () => unknown> = {
    "gradient 5-17-17-2": () => gradient(spiking([5, 17, 17, 2]), threads),
    "gradient 3-65-65-3": () => gradient(spiking([3, 65, 65, 3]), threads),
    "gradient 5-64-64-2": () => gradient(spiking([5, 64, 64, 2]), threads),
    "gradient 5-64-64-2, 1 thread": () => gradient(spiking([5, 64, 64, 2]), 1),
    "gradient lif, T 4": () => gradient(lif(4), threads),
    "gradient lif, T 20": () => gradient(lif(20), threads),
    "training 5-64-64-2": () => gradient(spiking([5, 64, 64, 2]), threads, true),
    "update 5-64-64-2": () => update(() => spiking([5, 64, 64, 2])),
    "dense update 4-64-64-2": () => update(() => createDenseNetwork([4, 64, 64, 2], new Random(1))),
    "decision 5-17-17-2": () => decision(spiking([5, 17, 17, 2])),
    "decision 4-64-64-2": () => decision(spiking([4, 64, 64, 2], 500)),
    "decision lif, T 4": () => decision(lif(4)),
    "decision nature": () => {
      const { network, state } = onNoise("nature", 1);
      return decision(network, state);
    },
    "small in fours": () => inFours(true),
    "small in fours, each for itself": () => inFours(false),
    "event 6400-1000-4": () => sparse(false),
    "dense 6400-1000-4": () => sparse(true),
  };

  function gradient(network: SpikingNetwork, threads: number, step = false): () => void {
    const learner = createTrainable(network, { maxBatch: BATCH, threads });
    const optimizer = adam(learner.parameters.length);
    const x = observations(BATCH, learner.observationSize, 2);
    const derivatives = new Float32Array(BATCH * learner.actions);
    closers.push(() => learner.close());
    return () => {
      const y = learner.forward(x, BATCH);
      for (let k = 0; k < y.length; k++) derivatives[k] = (2 * y[k]) / y.length;
      learner.backward(derivatives);
      if (step) optimizer.step(learner.parameters, learner.gradients);
    };
  }

  /** Three forward passes, one backward pass, element-wise clipping and Adam: what DQN does at each update. */
  function update(make: () => Network): () => void {
    const [policy, target] = [0, 1].map(() => createTrainable(make(), { maxBatch: BATCH, threads }));
    const learner = flatLearner(policy, target, {
      doubleQ: true,
      loss: "mse",
      advantageLearning: 0,
      optimizer: { kind: "adam", beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
      clip: { kind: "value", limit: 1 },
    });
    const batch = {
      size: BATCH,
      observations: observations(BATCH, policy.observationSize, 2),
      nextObservations: observations(BATCH, policy.observationSize, 3),
      actions: Int32Array.from({ length: BATCH }, (_, k) => k % 2),
      rewards: new Float32Array(BATCH).fill(1),
      discounts: new Float32Array(BATCH).fill(0.99),
      weights: new Float32Array(BATCH).fill(1),
      slots: new Int32Array(BATCH),
    };
    closers.push(() => learner.close());
    return () => learner.update(batch, 1e-3);
  }

  function decision(network: SpikingNetwork, x = observations(1, network.input[0], 2)): () => number {
    const loaded = fastEngine().load(network);
    closers.push(() => loaded.close());
    return () => loaded.decide(x);
  }

  function compiled(network: SpikingNetwork, options: CompileOptions) {
    const made = compile(network, 4, options);
    closers.push(made.free);
    return made;
  }

  /** The network of docs/breakout.md, four spiking neurons for one; `populations`: the current of equal neurons is computed once. */
  function inFours(populations: boolean): () => void {
    const { network, state } = onNoise("small", 4);
    const { observations, run } = compiled(network, { populations });
    observations.set(state);
    return run;
  }

  /**
   * A network with random weights, converted on noise: of Nature's 9 to 15 % of the neurons of each layer spike in a step (5, 1 and 9 % in a
   * trained Breakout network). PyTorch's cost does not depend on it.
   */
  function onNoise(name: "nature" | "small", population: number): { network: SpikingNetwork; state: Float32Array } {
    const source = createNetwork([84, 84, 4], architectures[name](4), new Random(1), 1 / 255);
    const random = new Random(2);
    const x = Float32Array.from({ length: 4 * 84 * 84 * 4 }, () =>
      random.uniform() < 0.35 ? 50 + random.integer(206) : 0,
    );
    const { network } = convert(source, x, { ...balancedConvolution, holdBack: 1, population });
    return { network, state: x.subarray(0, x.length / 4) };
  }

  /** 6400-1000-4 on input that spikes with a probability of 5 % per step. */
  function sparse(dense: boolean): () => void {
    const network = createSpikingNetwork([6400, 1000, 4], new Random(1), {
      steps: 20,
      encoding: "poisson",
    });
    const { plan, inputBits, steps, run } = compiled(network, { dense });
    const random = new Random(2);
    for (let t = 0; t < steps; t++)
      for (let i = 0; i < 6400; i++)
        if (random.uniform() < 0.05) inputBits[t * plan.inputPlane + (i >> 3)] |= 1 << (i & 7);
    return run;
  }

  const made = new Map<string, () => unknown>();
  return {
    names: Object.keys(work),
    get(name) {
      if (!(name in work)) return undefined;
      return async (calls) => {
        let run = made.get(name);
        if (!run) {
          made.set(name, (run = work[name]()));
          for (let k = 0; k < 20; k++) run();
          // Threads take some milliseconds to start.
          await new Promise((resolve) => setTimeout(resolve, 100));
        }
        const start = performance.now();
        for (let k = 0; k < calls; k++) run();
        return (performance.now() - start) / 1000 / calls;
      };
    },
    close: () => closers.forEach((close) => close()),
  };
}

export function observations(batch: number, size: number, seed: number): Float32Array {
  const random = new Random(seed);
  return Float32Array.from({ length: batch * size }, () => random.normal());
}
