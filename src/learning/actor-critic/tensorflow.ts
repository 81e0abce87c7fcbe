import { type Differentiable, differentiable } from "../../engines/tensorflow/differentiable.ts";
import { type Eager, type Handle, openEager } from "../../engines/tensorflow/eager.ts";
import { recordGraph } from "../../engines/tensorflow/graph.ts";
import { clipGradients, createVariablesOptimizer } from "../../engines/tensorflow/optimizer.ts";
import { type SpikingGraphOptions, spikingDifferentiable } from "../../engines/tensorflow/spiking-differentiable.ts";
import type { Tfjs } from "../../engines/tensorflow/tfjs.ts";
import { createVariables } from "../../engines/tensorflow/variables.ts";
import { isSpiking, type Network } from "../../network/network.ts";
import type { Shown } from "../algorithm.ts";
import type { ActorCritic, ActorCriticOptions } from "./actor-critic.ts";
import { joined, split } from "./shared.ts";
import { withoutValueOutput } from "./value-output.ts";

type Options = ActorCriticOptions & {
  /** How a spiking network is learned. */
  readonly spikes?: SpikingGraphOptions;
  /** The policy as it is saved, of that which learns. */
  readonly saved?: (network: Network) => Network;
};

/**
 * Policy and critic as one network over frames whose last output is the value; weights and moments stay inside TensorFlow. `network` is where it
 * starts; one that spikes is such as `isGraphable` says.
 *
 * @throws DsqnError LAYER_UNTRAINABLE
 */
export function tensorflowActorCritic(
  tf: Tfjs,
  network: Network,
  { epsilon, clip, spikes, saved = (policy) => policy }: Options,
): ActorCritic & {
  /** Tensors alive in TensorFlow: the same after every update. */
  tensors(): number;
} {
  const eager = openEager(tf);
  const steps = record(tf, eager, network, spikes);
  const shapes = steps.parameters.map(({ shape }) => shape);
  const online = createVariables(eager, shapes);
  online.assign(steps.parameters.map(({ values }) => values));
  const adam = { kind: "adam", beta1: 0.9, beta2: 0.999, epsilon } as const;
  const optimizer = createVariablesOptimizer(eager, online, shapes, adam);
  const limit = clip === undefined ? ({ kind: "none", limit: 0 } as const) : ({ kind: "norm", limit: clip } as const);
  const upload = (frames: Shown, batch: number): Handle => eager.upload(frames, [batch, ...network.input]);
  return {
    actions: steps.actions - 1,
    judge: (observations, batch) =>
      eager.scope(() => {
        const [outputs] = steps.act([upload(observations, batch), ...online.read()]);
        return split(eager.download(outputs), batch);
      }),
    update(observations, batch, slopes, learningRate) {
      const gradients = eager.scope((keep) => {
        const current = online.read();
        const frames = upload(observations, batch);
        const activations = steps.forward([frames, ...current]);
        const atOutputs = joined(slopes(split(eager.download(activations.at(-1)!), batch)));
        const slope = eager.upload(atOutputs, [batch, steps.actions]);
        const raw = steps.backward([frames, slope, ...current, ...activations]);
        return clipGradients(eager, raw, limit).map(keep);
      });
      // The weights read for it are freed by now, so that the optimizer works in place.
      optimizer.step(gradients, learningRate);
      eager.free(gradients);
    },
    weights: () => online.download(),
    save() {
      const { moments, steps: taken } = optimizer.save();
      return { weights: online.download(), moments, steps: taken };
    },
    restore({ weights, moments, steps: taken }) {
      online.assign(weights);
      optimizer.restore({ steps: taken, moments });
    },
    network: (weights = online.download()) => saved(withoutValueOutput(steps.network(weights))),
    tensors: () => eager.alive(),
    close() {
      online.close();
      optimizer.close();
      steps.close();
    },
  };
}

/** The steps of a gradient update as graphs: the network's pass, and the gradients from that at the outputs. */
function record(
  tf: Tfjs,
  eager: Eager,
  network: Network,
  spikes: SpikingGraphOptions | undefined,
): Pick<Differentiable, "parameters" | "actions"> & {
  act(inputs: readonly Handle[]): readonly Handle[];
  forward(inputs: readonly Handle[]): readonly Handle[];
  backward(inputs: readonly Handle[]): readonly Handle[];
  network(weights: readonly Float32Array[]): Network;
  close(): void;
} {
  const { graph, open } = recordGraph(tf, eager);
  const net =
    spikes && isSpiking(network) ? spikingDifferentiable(graph, network, spikes) : differentiable(graph, network);
  const { parameters, actions } = net;
  const frames = graph.placeholder("uint8", [-1, ...network.input]);
  const weights = parameters.map(({ shape }) => graph.placeholder("float", shape));
  const atOutputs = graph.placeholder("float", [-1, actions]);
  const pass = net.record(frames, weights);
  const gradients = pass.gradients(atOutputs);
  const session = open();
  return {
    parameters,
    actions,
    act: session.step([frames, ...weights], [pass.values]),
    forward: session.step([frames, ...weights], pass.activations),
    backward: session.step([frames, atOutputs, ...weights, ...pass.activations], gradients),
    network(given) {
      const named = new Map(parameters.map(({ name }, i) => [name, given[i]]));
      const layers = network.layers.map((layer, l) => ({
        ...layer,
        weights: named.get(`layers.${l}.weight`)!,
        biases: named.get(`layers.${l}.bias`) ?? null,
      }));
      return { ...network, layers };
    },
    close: () => session.close(),
  };
}
