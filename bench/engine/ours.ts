import { createTrainable } from "../../src/engines/create.ts";
import { architectures, createConvolutionalNetwork } from "../../src/network/old/convolutional-network.ts";
import { createDenseNetwork, type DenseNetwork } from "../../src/network/old/dense-network.ts";
import { temporalDifferenceTargets, lossGradients } from "../../src/learning/dqn/learner.ts";
import { adam, clipValues } from "../../src/engines/optimizers/index.ts";
import { balancedConvolution, convert } from "../../src/conversion/convert.ts";
import { Random } from "../../src/numeric/random.ts";
import { compile } from "../../src/engines/fast/compiled.ts";
import { createDecider } from "../../src/engines/fast/index.ts";
import { createSpikingNetwork, type SpikingNetwork } from "../../src/network/old/spiking-network.ts";

type Timed = (calls: number) => Promise<number>;

const BATCH = 128;

/** Our pieces of work by name; each is made when it is first asked for. */
export function ownWork(threads = 2): { get(name: string): Timed | undefined; close(): void } {
  const closers: (() => void)[] = [];
  const work: Record<string, () => () => unknown> = {
    "gradient 5-17-17-2": () => gradient([5, 17, 17, 2], threads, false),
    "gradient 3-65-65-3": () => gradient([3, 65, 65, 3], threads, false),
    "gradient 5-64-64-2": () => gradient([5, 64, 64, 2], threads, false),
    "gradient 5-64-64-2, 1 thread": () => gradient([5, 64, 64, 2], 1, false),
    "training 5-64-64-2": () => gradient([5, 64, 64, 2], threads, true),
    "update 5-64-64-2": () => update(() => createSpikingNetwork([5, 64, 64, 2], new Random(1), { steps: 20 })),
    "dense update 4-64-64-2": () => update(() => createDenseNetwork([4, 64, 64, 2], new Random(1))),
    "decision 5-17-17-2": () => decision([5, 17, 17, 2], 20),
    "decision 4-64-64-2": () => decision([4, 64, 64, 2], 500),
    "decision nature": () => convolutionalDecision(),
    "small in fours": () => inPopulations(true),
    "small in fours, each for itself": () => inPopulations(false),
    "event 6400-1000-4": () => sparse(false),
    "dense 6400-1000-4": () => sparse(true),
  };

  function gradient(shape: number[], threads: number, step: boolean): () => void {
    const network = createTrainable(createSpikingNetwork(shape, new Random(1), { steps: 20 }), {
      maxBatch: BATCH,
      threads,
    });
    const optimizer = adam(network.parameters.length);
    const x = observations(BATCH, shape[0], 2);
    const derivatives = new Float32Array(BATCH * shape.at(-1)!);
    closers.push(() => network.close());
    return () => {
      const y = network.forward(x, BATCH);
      for (let k = 0; k < y.length; k++) derivatives[k] = (2 * y[k]) / y.length;
      network.backward(derivatives);
      if (step) optimizer.step(network.parameters, network.gradients);
    };
  }

  /** Three forward passes, one backward pass, element-wise clipping and Adam: what the DQN agent does at each update. */
  function update(make: () => DenseNetwork | SpikingNetwork): () => void {
    const [policy, target] = [0, 1].map(() => createTrainable(make(), { maxBatch: BATCH, threads }));
    const optimizer = adam(policy.parameters.length);
    const batch = {
      size: BATCH,
      observations: observations(BATCH, policy.observationSize, 2),
      nextObservations: observations(BATCH, policy.observationSize, 3),
      actions: Int32Array.from({ length: BATCH }, (_, k) => k % 2),
      rewards: new Float32Array(BATCH).fill(1),
      discounts: new Float32Array(BATCH).fill(0.99),
      weights: new Float32Array(BATCH).fill(1),
      indices: new Int32Array(BATCH),
    };
    const options = { doubleQ: true, loss: "mse", advantageLearning: 0 } as const;
    const targets = new Float32Array(BATCH);
    const errors = new Float32Array(BATCH);
    const derivatives = new Float32Array(BATCH * policy.actions);
    closers.push(() => [policy, target].forEach((network) => network.close()));
    return () => {
      temporalDifferenceTargets(policy, target, batch, options, targets);
      lossGradients(policy, batch, targets, options, errors, derivatives);
      clipValues(policy.gradients, 1);
      optimizer.step(policy.parameters, policy.gradients);
    };
  }

  function decision(shape: number[], steps: number): () => number {
    const decider = createDecider(createSpikingNetwork(shape, new Random(1), { steps }));
    const x = observations(1, shape[0], 2);
    closers.push(() => decider.close());
    return () => decider.act(x);
  }

  function convolutionalDecision(): () => number {
    const { network, state } = onNoise("nature", 1);
    const decider = createDecider(network);
    closers.push(() => decider.close());
    return () => decider.act(state);
  }

  /** The network of docs/breakout.md, four spiking neurons for one; `shared`: the current of equal neurons is computed once. */
  function inPopulations(shared: boolean): () => void {
    const { network, state } = onNoise("small", 4);
    const { observations, load, run, free } = compile(network, 4, network.steps, { populations: shared });
    load(network);
    observations.set(state);
    closers.push(free);
    return run;
  }

  /**
   * A network with random weights, converted on noise: of Nature's 9 to 15 % of the neurons of each layer spike in a step (5, 1 and 9 % in a
   * trained Breakout network). PyTorch's cost does not depend on it.
   */
  function onNoise(name: "nature" | "small", population: number): { network: SpikingNetwork; state: Float32Array } {
    const source = createConvolutionalNetwork([84, 84, 4], architectures[name](4), new Random(1));
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
      weightScale: 1,
    });
    const { plan, inputBits, load, run, free } = compile(network, 4, network.steps, { dense });
    load(network);
    const random = new Random(2);
    for (let t = 0; t < network.steps; t++)
      for (let i = 0; i < 6400; i++)
        if (random.uniform() < 0.05) inputBits[t * plan.inputPlane + (i >> 3)] |= 1 << (i & 7);
    closers.push(free);
    return run;
  }

  const made = new Map<string, () => unknown>();
  return {
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
