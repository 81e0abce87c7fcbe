import {
  architectures,
  type ConvolutionalNetwork,
  createConvolutionalNetwork,
  type LayerSpec,
} from "../../network/old/convolutional-network.ts";
import { stageInputs, stagesOf } from "../../conversion/convolutional/stages.ts";
import { DsqnError } from "../../errors.ts";
import { loadModel } from "../../network/file/model.ts";
import { Random } from "../../numeric/random.ts";
import {
  createSpikingNetwork,
  observationSize,
  spikingDefaults,
  spikingNetwork,
  type SpikingNetwork,
} from "../../network/old/spiking-network.ts";
import type { ConvDqnConfig } from "./config.ts";
import type { PixelEnvironments } from "../../environments/worlds.ts";
import type { PixelNetwork } from "./learner.ts";

type SpikingFields = NonNullable<ConvDqnConfig["network"]["spiking"]>;

/**
 * The network that a run starts from: a known one or one's own layers with random weights, or a model as it is.
 *
 * @throws DsqnError MODEL_DOES_NOT_FIT, and what `loadModel` throws
 */
export async function startingNetwork(
  { method, network, seed }: ConvDqnConfig,
  environments: PixelEnvironments,
): Promise<PixelNetwork> {
  const { height, width, stack, actions } = environments;
  const { architecture, layers, model, spiking, inputScale } = network;
  if (model !== undefined) return fitting(model, method === "conv-dqn" ? "convolutional" : "spiking", environments);
  const random = Random.stream(seed, "weights");
  if (spiking?.hidden)
    return denseSpiking([height * width * stack, ...spiking.hidden, actions], spiking, random, inputScale);
  const specs: readonly LayerSpec[] = layers
    ? [...layers, { kind: "dense", outputs: actions }]
    : architectures[architecture!](actions);
  const start = createConvolutionalNetwork([height, width, stack], specs, random, inputScale);
  return spiking ? inSpikes(start, spiking) : start;
}

/** A dense network on bytes: its first weights are those that it would have on bytes * inputScale. */
function denseSpiking(
  shape: readonly number[],
  { hidden: _, surrogateScale: __, ...options }: SpikingFields,
  random: Random,
  inputScale: number,
): SpikingNetwork {
  const size = shape[0];
  const network = createSpikingNetwork(shape, random, options);
  const [first, ...rest] = network.layers;
  const weights = first.weights.map((w, k) => (k < size * first.outputs ? w * inputScale : w));
  return { ...network, layers: [{ ...first, weights }, ...rest] };
}

/**
 * The network with neurons in the places of its ReLUs. Their potentials start at half the threshold: over a few steps a count then
 * rounds instead of cutting off (Bu et al. 2022).
 */
function inSpikes(
  start: ConvolutionalNetwork,
  { steps, alpha, beta, threshold, reset, weightScale, outputScale }: SpikingFields,
): SpikingNetwork {
  const stages = stagesOf(start);
  const last = stages.length - 1;
  const layers = stages.map((stage, l) => {
    const scaled = (values: Float64Array): Float32Array =>
      Float32Array.from(values, (value) => value * weightScale * (l === last ? outputScale : 1));
    const outputs = stage.biases.length;
    return {
      inputs: stageInputs(stage),
      outputs,
      weights: scaled(stage.weights),
      biases: scaled(stage.biases),
      ...{ alpha, beta, threshold, reset, resetBy: spikingDefaults.resetBy },
      initialPotential: l === last ? null : new Float32Array(outputs).fill(threshold / 2),
      ...(stage.convolution && { convolution: stage.convolution }),
    };
  });
  return { ...spikingNetwork([]), layers, steps };
}

async function fitting(
  file: string,
  kind: PixelNetwork["kind"],
  environments: PixelEnvironments,
): Promise<PixelNetwork> {
  const { height, width, stack, actions, id } = environments;
  const { network } = await loadModel(file);
  const wanted = `${height} x ${width} x ${stack}`;
  const known = (network.layers.at(-1) as { outputs: number }).outputs;
  const shape =
    network.kind === "convolutional"
      ? network.input.join(" x ")
      : String(network.kind === "spiking" ? observationSize(network) : network.layers[0].inputs);
  const fits = shape === (network.kind === "convolutional" ? wanted : String(height * width * stack));
  if (network.kind !== "dense" && network.kind === kind && fits && known === actions) return network;
  throw new DsqnError(
    "MODEL_DOES_NOT_FIT",
    `"${file}" is a ${network.kind} network that takes ${shape} values and knows ${known} actions; ${id} gives ${wanted} and has ${actions} actions.`,
    {
      hint: `Name a ${kind} model for this game and its preprocessing, or layers of one.`,
      facts: { model: file, environment: id },
    },
  );
}
