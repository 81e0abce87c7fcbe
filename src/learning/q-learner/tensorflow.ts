import type { Tfjs } from "../../engines/tensorflow/tfjs.ts";
import { differentiable } from "../../engines/tensorflow/differentiable.ts";
import { type Handle, openEager } from "../../engines/tensorflow/eager.ts";
import { recordGraph } from "../../engines/tensorflow/graph.ts";
import { clipGradients, createVariablesOptimizer } from "../../engines/tensorflow/optimizer.ts";
import { createVariables } from "../../engines/tensorflow/variables.ts";
import type { Network, Shape } from "../../network/network.ts";
import type { Shown } from "../algorithm.ts";
import { type Head, plainHead } from "./dueling.ts";
import { lossGradient, type QLearner, type QLearnerOptions, temporalDifferenceTargets } from "./q-learner.ts";

/** A Q-learner whose networks and moments stay inside TensorFlow; only frames go in, and values come out. */
export interface TensorflowQLearner extends QLearner {
  /** Tensors alive in TensorFlow: the same after every update. */
  tensors(): number;
}

const float = { T: { type: "float" } } as const;

/**
 * Deep Q-learning's gradient step for a network over images without spikes. `network` is where it starts.
 *
 * @throws DsqnError LAYER_UNTRAINABLE
 */
export function tensorflowQLearner(
  tf: Tfjs,
  network: Network,
  options: QLearnerOptions & { readonly head?: Head },
): TensorflowQLearner {
  const eager = openEager(tf);
  const { graph, open } = recordGraph(tf, eager);
  const net = differentiable(graph, network);
  const { parameters } = net;
  const { head = plainHead } = options;
  const outputs = net.actions;
  const actions = outputs - head.outputs(0);
  const shapes = parameters.map(({ shape }) => shape);
  const image: Shape = network.input;

  const [here, next] = [0, 1].map(() => graph.placeholder("uint8", [-1, ...image]));
  const [weights, targetWeights] = [0, 1].map(() => shapes.map((shape) => graph.placeholder("float", shape)));
  const atValues = graph.placeholder("float", [-1, outputs]);
  const pass = net.record(here, weights);
  const estimates = [
    net.values(next, targetWeights),
    ...(options.doubleQ ? [net.values(next, weights)] : []),
    ...(options.advantageLearning > 0 ? [net.values(here, targetWeights)] : []),
  ];
  const gradients = pass.gradients(atValues);
  const session = open();
  const act = session.step([here, ...weights], [pass.values]);
  const forward = session.step([here, next, ...weights, ...targetWeights], [...estimates, ...pass.activations]);
  const backward = session.step([here, atValues, ...weights, ...pass.activations], gradients);

  const online = createVariables(eager, shapes);
  online.assign(parameters.map(({ values }) => values));
  const optimizer = createVariablesOptimizer(eager, online, shapes, options.optimizer);
  // What the online network was when last read: TensorFlow copies a variable on the first write after that.
  let target = online.read();
  const upload = (frames: Shown, batch: number): Handle => eager.upload(frames, [batch, ...image]);

  const learner: TensorflowQLearner = {
    actions,
    values: (frames, batch, which) =>
      eager.scope(() => {
        const weights = which === "target" ? target : online.read();
        return head.values(eager.download(act([upload(frames, batch), ...weights])[0]), batch);
      }),

    update(batch, learningRate) {
      const { size } = batch;
      let result: ReturnType<QLearner["update"]> = { loss: 0, errors: new Float32Array(size) };
      const clipped = eager.scope((keep) => {
        const current = online.read();
        const frames = upload(batch.observations, size);
        const results = forward([frames, upload(batch.nextObservations, size), ...current, ...target]);
        const activations = results.slice(estimates.length);
        const values = results.slice(0, estimates.length).map((handle) => head.values(eager.download(handle), size));
        const targets = temporalDifferenceTargets(batch, actions, options.advantageLearning, {
          next: values[0],
          chooser: options.doubleQ ? values[1] : undefined,
          here: options.advantageLearning > 0 ? values.at(-1) : undefined,
        });
        const predicted = head.values(eager.download(activations.at(-1)!), size);
        const { gradient, ...rest } = lossGradient(batch, predicted, targets, options.loss);
        result = rest;
        const slope = eager.upload(head.gradient(gradient, size), [size, outputs]);
        return clipGradients(eager, backward([frames, slope, ...current, ...activations]), options.clip).map(keep);
      });
      // The weights read above are freed by now, so that the optimizer works in place.
      if (Number.isFinite(result.loss)) optimizer.step(clipped, learningRate);
      eager.free(clipped);
      return result;
    },

    follow(tau) {
      const before = target;
      target =
        tau === 1
          ? online.read()
          : eager.scope((keep) => {
              const share = eager.upload(Float32Array.of(tau), []);
              return online.read().map((now, i) => {
                const way = eager.run("Mul", [eager.run("Sub", [now, before[i]], float), share], float);
                return keep(eager.run("AddV2", [before[i], way], float));
              });
            });
      eager.free(before);
    },
    weights: (which) =>
      which === "target" ? target.map((handle) => Float32Array.from(eager.download(handle))) : online.download(),
    save: () => ({ online: online.download(), target: [...learner.weights("target")], ...optimizer.save() }),
    restore(state) {
      online.assign(state.target);
      learner.follow(1);
      online.assign(state.online);
      optimizer.restore(state);
    },
    network(weights = online.download()) {
      const named = new Map(parameters.map(({ name }, i) => [name, weights[i]]));
      const layers = network.layers.map((layer, l) => ({
        ...layer,
        weights: named.get(`layers.${l}.weight`)!,
        biases: named.get(`layers.${l}.bias`) ?? null,
      }));
      return head.fold({ ...network, layers });
    },
    tensors: () => eager.alive(),
    close() {
      eager.free(target);
      online.close();
      optimizer.close();
      session.close();
    },
  };
  return learner;
}
