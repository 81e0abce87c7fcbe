import { architectures, createConvolutionalNetwork, type LayerSpec } from "../../ann/convolutional/network.ts";
import { DsqnError } from "../../errors.ts";
import { loadModel } from "../../formats/model.ts";
import { Random } from "../../random.ts";
import { createSpikingNetwork, observationSize, type SpikingNetwork } from "../../snn/network.ts";
import type { ConvDqnConfig } from "./config.ts";
import type { PixelEnvironments } from "./environments.ts";
import type { PixelNetwork } from "./learner.ts";

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
  const { architecture, layers, model, inputScale } = network;
  if (model !== undefined) return fitting(model, method === "conv-dqn" ? "convolutional" : "spiking", environments);
  if (network.spiking) return spikingStart(network.spiking, seed, inputScale, environments);
  const specs: readonly LayerSpec[] = layers
    ? [...layers, { kind: "dense", outputs: actions }]
    : architectures[architecture!](actions);
  return createConvolutionalNetwork([height, width, stack], specs, Random.stream(seed, "weights"), inputScale);
}

/** The network on bytes: its first weights are those that it would have on bytes * inputScale. */
function spikingStart(
  { hidden, surrogateScale: _, ...options }: NonNullable<ConvDqnConfig["network"]["spiking"]>,
  seed: number,
  inputScale: number,
  { height, width, stack, actions }: PixelEnvironments,
): SpikingNetwork {
  const size = height * width * stack;
  const network = createSpikingNetwork([size, ...hidden, actions], Random.stream(seed, "weights"), options);
  const [first, ...rest] = network.layers;
  const weights = first.weights.map((w, k) => (k < size * first.outputs ? w * inputScale : w));
  return { ...network, layers: [{ ...first, weights }, ...rest] };
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
