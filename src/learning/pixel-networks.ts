import type { PixelEnvironments } from "../environments/worlds.ts";
import { DsqnError } from "../errors.ts";
import { architectures, createNetwork, type LayerSpec } from "../network/create.ts";
import { loadModel } from "../network/file/model.ts";
import { biasPerOutput, columnsOf, type SpikingLayer } from "../network/layer.ts";
import {
  actionsOf,
  codingDefaults,
  kindOf,
  type Network,
  type NetworkKind,
  observationSize,
  type SpikingNetwork,
} from "../network/network.ts";
import { Random } from "../numeric/random.ts";
import type { ConvDqnConfig } from "./algorithms/dqn-config.ts";
import type { PixelPpoConfig } from "./algorithms/ppo-config.ts";
import { denseSpiking, type SpikingFields } from "./networks.ts";
import { neuronOf } from "./schema.ts";

/** What a model has to be that a run goes on from. */
const startsFrom: Readonly<Record<string, readonly NetworkKind[]>> = {
  "conv-dqn": ["convolutional"],
  "pixel-dsqn": ["spiking"],
  "pixel-ppo": ["convolutional", "spiking"],
};

/**
 * The network over frames that a run starts from: a known one or one's own layers with random weights, or a model as it is. `outputs`: of its last
 * layer.
 *
 * @throws DsqnError MODEL_DOES_NOT_FIT, and what `loadModel` throws
 */
export async function initialPixelNetwork(
  { method, network, seed }: Pick<ConvDqnConfig | PixelPpoConfig, "method" | "network" | "seed">,
  environments: PixelEnvironments,
  outputs: number,
): Promise<Network> {
  const { height, width, stack } = environments;
  const { architecture, layers, model, spiking, inputScale } = network as ConvDqnConfig["network"];
  if (model !== undefined) return fitting(model, startsFrom[method], environments);
  const random = Random.stream(seed, "weights");
  if (spiking?.hidden) {
    const size = height * width * stack;
    return rescaled(denseSpiking([size, ...spiking.hidden, outputs], spiking, random), inputScale);
  }
  const specs: readonly LayerSpec[] = layers
    ? [...layers, { kind: "dense", outputs }]
    : architectures[architecture!](outputs);
  const start = createNetwork([height, width, stack], specs, random, inputScale);
  return spiking ? inSpikes(start, spiking) : start;
}

/** The network for observations that are 1 / `factor` times as large; the constant input of biasInput is what it was. */
export function rescaled(network: SpikingNetwork, factor: number): SpikingNetwork {
  const [first, ...rest] = network.layers;
  const scaled = first.weights.length - (network.coding.biasInput ? columnsOf(first) : 0);
  const weights = first.weights.map((w, k) => (k < scaled ? w * factor : w));
  return { ...network, layers: [{ ...first, weights }, ...rest] };
}

/**
 * The network with neurons in the places of its ReLUs. Their potentials start at half the threshold: over a few steps a count then
 * rounds instead of cutting off (Bu et al. 2022).
 */
function inSpikes({ input, inputScale, layers }: Network, config: SpikingFields): SpikingNetwork {
  const neuron = neuronOf(config);
  const last = layers.length - 1;
  const spiking = layers.map((layer, l): SpikingLayer => {
    const by = (values: Float32Array, scale: number): Float32Array =>
      Float32Array.from(values, (value) => value * scale * config.weightScale * (l === last ? config.outputScale : 1));
    const biases = biasPerOutput(layer)!;
    const initial = l === last ? null : new Float32Array(biases.length).fill(config.threshold! / 2);
    return {
      ...layer,
      weights: by(layer.weights, l === 0 ? inputScale : 1),
      biases: by(biases, 1),
      activation: { ...neuron, initial },
    };
  });
  return { input, inputScale: 1, layers: spiking, coding: { ...codingDefaults, steps: config.steps } };
}

async function fitting(file: string, kinds: readonly NetworkKind[], environments: PixelEnvironments): Promise<Network> {
  const { height, width, stack, actions, id } = environments;
  const { network } = await loadModel(file);
  const wanted = [height, width, stack];
  const known = actionsOf(network);
  const kind = kindOf(network);
  const images = network.input.length === 3 && kind === "convolutional";
  const shape = images ? network.input.join(" x ") : String(observationSize(network));
  const fits = images ? shape === wanted.join(" x ") : observationSize(network) === height * width * stack;
  if (kinds.includes(kind) && fits && known === actions) return network;
  throw new DsqnError(
    "MODEL_DOES_NOT_FIT",
    `"${file}" is a ${kind} network that takes ${shape} values and knows ${known} actions; ${id} gives ${wanted.join(" x ")} and has ${actions} actions.`,
    {
      hint: `Name a ${kinds.join(" or ")} model for this game and its preprocessing, or layers of one.`,
      facts: { model: file, environment: id },
    },
  );
}
