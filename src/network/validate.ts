import { DsqnError, UsageError } from "../errors.ts";
import { type Convolution, convolutionProblem, type ImageShape, kernelSize, sizeOf } from "./convolution.ts";
import type { DenseNetwork } from "./old/dense-network.ts";
import type { RunOptions } from "./engine.ts";
import { observationSize, type SpikingLayer, type SpikingNetwork, synapticInputs } from "./old/spiking-network.ts";

/**
 * Refuses a network that can't be run, by an error (NETWORK_INVALID) that names the layer or tensor: sizes that don't fit or chain,
 * weights or biases that are not finite, decays outside [0, 1], thresholds that are not finite, images that don't fit their layers.
 */
export function validateNetwork(network: DenseNetwork | SpikingNetwork): void {
  if (network.layers.length === 0) fail("The network has no layers");
  for (const [l, layer] of network.layers.entries()) {
    const { inputs, outputs } = layer;
    if (!isCount(inputs) || !isCount(outputs))
      fail(`Layer ${l} has ${inputs} inputs and ${outputs} outputs: both must be whole numbers above 0`, l);
    if (l > 0 && network.layers[l - 1].outputs !== inputs)
      fail(`Layer ${l} takes ${inputs} inputs, but layer ${l - 1} has ${network.layers[l - 1].outputs} outputs`, l);
    checkWeights(layer as SpikingLayer, l);
    if (layer.biases !== null) checkTensor(`layers.${l}.bias`, layer.biases, outputs, `[${outputs}]`, l);
    else if (network.kind === "dense") fail(`Layer ${l} has no biases, which a dense network needs`, l);
    if (network.kind === "spiking") checkDynamics(layer as SpikingLayer, l);
  }
  if (network.kind === "spiking") {
    checkChoice("encoding", network.encoding, ["constant", "poisson", "equidistant", "equidistant-original"]);
    checkChoice("decoding", network.decoding, ["potential", "max-potential", "spikes", "first-spike"]);
    checkChoice("ties", network.ties, ["first", "last", "potential"]);
    const [first] = network.layers;
    if (network.biasInput && (first.convolution ?? first.pooling))
      fail("Layer 0 takes an image, to which the constant 1 of biasInput can't be appended", 0);
    if (network.signedInputs && first.pooling) fail("Layer 0 has max pooling, which signed inputs can't pass", 0);
    if (observationSize(network) < 1) fail("Layer 0 has no input besides the constant 1 of biasInput", 0);
    if (!isCount(network.steps))
      fail(`The network's number of time steps is ${network.steps}: it must be a whole number above 0`);
  }
}

/** Refuses what can't be run on a valid network, and returns the batch size. */
export function validateRun(
  network: SpikingNetwork,
  observations: ArrayLike<number>,
  { steps = network.steps, seed = 0 }: RunOptions = {},
): number {
  if (!isCount(steps))
    throw new UsageError("BAD_STEPS", `${steps} time steps: it must be a whole number above 0.`, { facts: { steps } });
  if (!Number.isSafeInteger(seed) || seed < 0)
    throw new UsageError("BAD_ARGUMENT", `Seed ${seed}: it must be a whole number of at least 0.`);
  return batchSize(observations, observationSize(network));
}

/** How many observations of `size` values `observations` holds; an error when that is none, or a fraction, or one holds NaN. */
export function batchSize(observations: ArrayLike<number>, size: number): number {
  const batch = observations.length / size;
  if (observations.length === 0)
    throw new UsageError(
      "BATCH_EMPTY",
      `There is no observation: the network takes one or more of ${size} values each.`,
    );
  if (!Number.isInteger(batch))
    throw new UsageError(
      "OBSERVATION_MISMATCH",
      `${observations.length} values are not observations of ${size} values each, which the network takes.`,
      {
        hint: "Was the network made for another environment?",
        facts: { values: observations.length, observationSize: size },
      },
    );
  for (let i = 0; i < observations.length; i++)
    if (!Number.isFinite(observations[i]))
      throw new UsageError(
        "OBSERVATION_NOT_FINITE",
        `Value ${i % size} of observation ${Math.floor(i / size)} is ${observations[i]}.`,
        {
          facts: { observation: Math.floor(i / size), index: i % size },
        },
      );
  return batch;
}

/** Weights, and the images that they are shared over or pooled from. */
function checkWeights(layer: SpikingLayer, l: number): void {
  const { inputs, outputs, weights, convolution, pooling } = layer;
  if (pooling) {
    checkImage(pooling, "max pooling", pooling.input, inputs, "inputs", l);
    if (pooling.input[2] !== pooling.output[2])
      fail(`Layer ${l}: max pooling makes ${pooling.output[2]} channels of ${pooling.input[2]}`, l);
  }
  const sources = synapticInputs(layer);
  if (!convolution) return checkTensor(`layers.${l}.weight`, weights, sources * outputs, `[${sources}, ${outputs}]`, l);
  checkImage(convolution, "convolution", convolution.input, sources, pooling ? "windows" : "inputs", l);
  checkImage(convolution, "convolution", convolution.output, outputs, "outputs", l);
  const shape = `[${[...convolution.kernel, convolution.input[2], convolution.output[2]].join(", ")}]`;
  checkTensor(`layers.${l}.weight`, weights, kernelSize(convolution), shape, l);
}

function checkImage(geometry: Convolution, of: string, image: ImageShape, size: number, what: string, l: number): void {
  const problem = convolutionProblem(geometry);
  if (problem !== undefined) fail(`Layer ${l}: of its ${of} ${problem}`, l);
  if (sizeOf(image) !== size)
    fail(`Layer ${l} has ${size} ${what}, but the image of its ${of} ${image.join(" x ")} = ${sizeOf(image)}`, l);
}

function checkDynamics(
  { outputs, alpha, beta, threshold, reset, resetBy, initialPotential }: SpikingLayer,
  l: number,
): void {
  if (!(alpha >= 0 && alpha <= 1))
    fail(`Layer ${l} has alpha ${alpha}: the decay of the current must lie in [0, 1]`, l);
  if (!(beta >= 0 && beta <= 1)) fail(`Layer ${l} has beta ${beta}: the decay of the potential must lie in [0, 1]`, l);
  if (!Number.isFinite(threshold)) fail(`Layer ${l} has threshold ${threshold}`, l);
  if (!Number.isFinite(resetBy)) fail(`Layer ${l} has resetBy ${resetBy}`, l);
  checkChoice(`reset of layer ${l}`, reset, ["subtraction", "zero"]);
  if (initialPotential !== null)
    checkTensor(`layers.${l}.initial_potential`, initialPotential, outputs, `[${outputs}]`, l);
}

function checkTensor(name: string, data: Float32Array, size: number, shape: string, layer: number): void {
  if (data.length !== size)
    fail(`${name} has ${data.length} values instead of ${size} for shape ${shape}`, layer, name);
  let sum = 0; // of zeros, unless a value is not finite; a fraction of the time that findIndex takes
  for (let k = 0; k < data.length; k++) sum += 0 * data[k];
  const bad = sum === 0 ? -1 : data.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) fail(`${name} holds ${data[bad]} at index ${bad}`, layer, name);
}

function checkChoice(what: string, value: string, choices: readonly string[]): void {
  if (!choices.includes(value)) fail(`The ${what} "${value}" is none of ${choices.join(", ")}`);
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value > 0;
}

function fail(problem: string, layer?: number, tensor?: string): never {
  throw new DsqnError("NETWORK_INVALID", `${problem}.`, { facts: { layer, tensor } });
}
