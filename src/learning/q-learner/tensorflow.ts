import { type Differentiable, differentiable } from "../../engines/tensorflow/differentiable.ts";
import { type Eager, type Handle, openEager } from "../../engines/tensorflow/eager.ts";
import { recordGraph } from "../../engines/tensorflow/graph.ts";
import {
  clipGradients,
  createVariablesOptimizer,
  type VariablesOptimizer,
} from "../../engines/tensorflow/optimizer.ts";
import type { Tfjs } from "../../engines/tensorflow/tfjs.ts";
import { createVariables, type Variables } from "../../engines/tensorflow/variables.ts";
import type { Network } from "../../network/network.ts";
import type { Shown, Weights } from "../algorithm.ts";
import type { Batch } from "../replay/replay.ts";
import { type Head, plainHead } from "./dueling.ts";
import {
  lossGradient,
  type QLearner,
  type QLearnerOptions,
  type QLearnerState,
  temporalDifferenceTargets,
  type Which,
} from "./q-learner.ts";

type Options = QLearnerOptions & { readonly head?: Head };

/** A Q-learner whose networks and moments stay inside TensorFlow; only frames go in, and values come out. */
export interface TensorflowQLearner extends QLearner {
  /** Tensors alive in TensorFlow: the same after every update. */
  tensors(): number;
}

/**
 * Deep Q-learning's gradient step for a network over images without spikes. `network` is where it starts.
 *
 * @throws DsqnError LAYER_UNTRAINABLE
 */
export function tensorflowQLearner(tf: Tfjs, network: Network, options: Options): TensorflowQLearner {
  return new InTensorflow(tf, network, options);
}

const float = { T: { type: "float" } } as const;

class InTensorflow implements TensorflowQLearner {
  readonly actions: number;
  readonly #network: Network;
  readonly #options: Options;
  readonly #head: Head;
  readonly #eager: Eager;
  readonly #steps: ReturnType<typeof record>;
  readonly #online: Variables;
  readonly #optimizer: VariablesOptimizer;
  /** What the online network was when last read: TensorFlow copies a variable on the first write after that. */
  #target: readonly Handle[];

  constructor(tf: Tfjs, network: Network, options: Options) {
    const { head = plainHead } = options;
    this.#network = network;
    this.#options = options;
    this.#head = head;
    this.#eager = openEager(tf);
    this.#steps = record(tf, this.#eager, network, options);
    const { parameters, actions: outputs } = this.#steps;
    const shapes = parameters.map(({ shape }) => shape);
    this.actions = outputs - head.outputs(0);
    this.#online = createVariables(this.#eager, shapes);
    this.#online.assign(parameters.map(({ values }) => values));
    this.#optimizer = createVariablesOptimizer(this.#eager, this.#online, shapes, options.optimizer);
    this.#target = this.#online.read();
  }

  #upload(frames: Shown, batch: number): Handle {
    return this.#eager.upload(frames, [batch, ...this.#network.input]);
  }

  values(frames: Shown, batch: number, which?: Which): Float32Array {
    const eager = this.#eager;
    return eager.scope(() => {
      const weights = which === "target" ? this.#target : this.#online.read();
      const [values] = this.#steps.act([this.#upload(frames, batch), ...weights]);
      return this.#head.values(eager.download(values), batch);
    });
  }

  update(batch: Batch, learningRate: number): ReturnType<QLearner["update"]> {
    const { loss, errors, clipped } = this.#gradients(batch);
    // The weights read for it are freed by now, so that the optimizer works in place.
    if (Number.isFinite(loss)) this.#optimizer.step(clipped, learningRate);
    this.#eager.free(clipped);
    return { loss, errors };
  }

  #gradients(batch: Batch): { loss: number; errors: Float32Array; clipped: readonly Handle[] } {
    const [eager, head, { size }] = [this.#eager, this.#head, batch];
    const { advantageLearning, doubleQ, loss: kind, clip } = this.#options;
    return eager.scope((keep) => {
      const current = this.#online.read();
      const frames = this.#upload(batch.observations, size);
      const next = this.#upload(batch.nextObservations, size);
      const { estimates, activations } = this.#steps.forward([frames, next, ...current, ...this.#target]);
      const values = estimates.map((handle) => head.values(eager.download(handle), size));
      const targets = temporalDifferenceTargets(batch, this.actions, advantageLearning, {
        next: values[0],
        chooser: doubleQ ? values[1] : undefined,
        here: advantageLearning > 0 ? values.at(-1) : undefined,
      });
      const predicted = head.values(eager.download(activations.at(-1)!), size);
      const { loss, errors, gradient } = lossGradient(batch, predicted, targets, kind);
      const atOutputs = head.gradient(gradient, size);
      const slope = eager.upload(atOutputs, [size, atOutputs.length / size]);
      const raw = this.#steps.backward([frames, slope, ...current, ...activations]);
      return { loss, errors, clipped: clipGradients(eager, raw, clip).map(keep) };
    });
  }

  follow(tau: number): void {
    const [eager, before] = [this.#eager, this.#target];
    this.#target =
      tau === 1
        ? this.#online.read()
        : eager.scope((keep) => {
            const share = eager.upload(Float32Array.of(tau), []);
            return this.#online.read().map((now, i) => {
              const way = eager.run("Mul", [eager.run("Sub", [now, before[i]], float), share], float);
              return keep(eager.run("AddV2", [before[i], way], float));
            });
          });
    eager.free(before);
  }

  weights(which?: Which): Float32Array[] {
    if (which !== "target") return this.#online.download();
    return this.#target.map((handle) => Float32Array.from(this.#eager.download(handle)));
  }

  save(): QLearnerState {
    return { online: this.weights(), target: this.weights("target"), ...this.#optimizer.save() };
  }

  restore(state: QLearnerState): void {
    this.#online.assign(state.target);
    this.follow(1);
    this.#online.assign(state.online);
    this.#optimizer.restore(state);
  }

  network(weights: Weights = this.weights()): Network {
    const named = new Map(this.#steps.parameters.map(({ name }, i) => [name, weights[i]]));
    const layers = this.#network.layers.map((layer, l) => ({
      ...layer,
      weights: named.get(`layers.${l}.weight`)!,
      biases: named.get(`layers.${l}.bias`) ?? null,
    }));
    return this.#head.fold({ ...this.#network, layers });
  }

  tensors(): number {
    return this.#eager.alive();
  }

  close(): void {
    this.#eager.free(this.#target);
    this.#online.close();
    this.#optimizer.close();
    this.#steps.close();
  }
}

/** The steps of a gradient update as graphs: the two networks' passes, and the gradients from that at the outputs. */
function record(
  tf: Tfjs,
  eager: Eager,
  network: Network,
  { doubleQ, advantageLearning }: Options,
): Pick<Differentiable, "parameters" | "actions"> & {
  act(inputs: readonly Handle[]): readonly Handle[];
  forward(inputs: readonly Handle[]): { estimates: readonly Handle[]; activations: readonly Handle[] };
  backward(inputs: readonly Handle[]): readonly Handle[];
  close(): void;
} {
  const { graph, open } = recordGraph(tf, eager);
  const net = differentiable(graph, network);
  const { parameters, actions } = net;
  const [here, next] = [0, 1].map(() => graph.placeholder("uint8", [-1, ...network.input]));
  const [weights, target] = [0, 1].map(() => parameters.map(({ shape }) => graph.placeholder("float", shape)));
  const atValues = graph.placeholder("float", [-1, actions]);
  const pass = net.record(here, weights);
  const estimates = [
    net.values(next, target),
    ...(doubleQ ? [net.values(next, weights)] : []),
    ...(advantageLearning > 0 ? [net.values(here, target)] : []),
  ];
  const gradients = pass.gradients(atValues);
  const session = open();
  const forward = session.step([here, next, ...weights, ...target], [...estimates, ...pass.activations]);
  return {
    parameters,
    actions,
    act: session.step([here, ...weights], [pass.values]),
    forward(inputs) {
      const results = forward(inputs);
      return { estimates: results.slice(0, estimates.length), activations: results.slice(estimates.length) };
    },
    backward: session.step([here, atValues, ...weights, ...pass.activations], gradients),
    close: () => session.close(),
  };
}
