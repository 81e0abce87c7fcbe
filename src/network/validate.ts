import { DsqnError, UsageError } from "../errors.ts";
import { type Convolution, convolutionProblem, type ImageShape, sizeOf } from "./convolution.ts";
import type { RunOptions } from "./engine.ts";
import {
  columnsOf,
  inputsOf,
  isNeuron,
  type Layer,
  outputsOf,
  type Pooling,
  synapticInputs,
  weightShape,
} from "./layer.ts";
import {
  decodings,
  encodings,
  isSpiking,
  type Network,
  observationSize,
  type SpikingNetwork,
  tieRules,
} from "./network.ts";
import { type Neuron, type NeuronModel, neuronModels } from "./neurons/index.ts";

const poolings: readonly Pooling["kind"][] = ["average", "max", "sum", "step-max"];

/**
 * Refuses a network that can't be run, by an error (NETWORK_INVALID) that names the layer or tensor: sizes that don't fit or chain, geometries
 * without sense, values that are not finite, parameters of neurons outside of their ranges, neurons beside layers without.
 */
export function validateNetwork(network: Network): void {
  const { input, inputScale, layers } = network;
  if ((input.length as number) !== 1 && (input.length as number) !== 3)
    fail(`The network's input is [${input.join(", ")}] instead of one size, or height, width and channels`);
  if (!input.every(isCount)) fail(`The network's input is [${input.join(", ")}]: whole numbers above 0 are needed`);
  if (!Number.isFinite(inputScale) || inputScale === 0) fail(`The network's inputScale is ${inputScale}`);
  if (layers.length === 0) fail("The network has no layers");
  const constants = network.coding?.biasInput ? 1 : 0;
  for (const [l, layer] of layers.entries()) {
    checkSynapses(layer, l);
    const before = l > 0 ? outputsOf(layers[l - 1]) : observationSize(network) + constants;
    if (inputsOf(layer) !== before)
      fail(
        `Layer ${l} takes ${inputsOf(layer)} inputs, but ${l > 0 ? `layer ${l - 1} has ${before} outputs` : `the observation has ${before} values`}`,
        l,
      );
    const own =
      layer.pooling?.window.input ?? (layer.synapses.kind === "convolution" ? layer.synapses.input : undefined);
    const image = l > 0 ? imageOut(layers[l - 1]) : input.length === 3 ? input : undefined;
    if (own && image && own.some((n, axis) => n !== image[axis]))
      fail(`Layer ${l} takes an image of ${own.join(" x ")}, but gets one of ${image.join(" x ")}`, l);
    if (isNeuron(layer.activation)) checkNeuron(layer.activation, outputsOf(layer), l);
    if (layer.pooling?.kind === "step-max" && !isSpiking(network))
      fail(`Layer ${l} has step-max pooling, which is of spikes: a network without neurons has max`, l);
    if (isNeuron(layer.activation) !== isSpiking(network))
      fail(
        `Layer ${l} is ${layer.activation.kind} in a network ${isSpiking(network) ? "of neurons" : "without a coding (steps, encoding, decoding)"}`,
        l,
      );
  }
  if (isSpiking(network)) checkCoding(network);
  else if (layers.at(-1)!.activation.kind !== "linear")
    fail(`Layer ${layers.length - 1}, the last, must be linear: one value per action`, layers.length - 1);
}

/** Refuses what can't be run on a valid network, and returns the batch size. */
export function validateRun(
  network: Network,
  observations: ArrayLike<number>,
  { steps = network.coding?.steps ?? 1, seed = 0, changing = false }: RunOptions = {},
): number {
  if (!isCount(steps))
    throw new UsageError("BAD_STEPS", `${steps} time steps: it must be a whole number above 0.`, { facts: { steps } });
  if (!Number.isSafeInteger(seed) || seed < 0)
    throw new UsageError("BAD_ARGUMENT", `Seed ${seed}: it must be a whole number of at least 0.`);
  const size = observationSize(network);
  if (!changing) return batchSize(observations, size);
  const values = batchSize(observations, size) * size;
  if (values % (size * steps) !== 0)
    throw new UsageError(
      "SEQUENCE_MISMATCH",
      `${values} values are not states of ${steps} steps of ${size} values each, which the network takes.`,
      { hint: "Give as many steps as the input has (--steps), or cut it.", facts: { values, steps, size } },
    );
  return values / (size * steps);
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
        { facts: { observation: Math.floor(i / size), index: i % size } },
      );
  return batch;
}

/** The image that a layer puts out, where it is one. */
function imageOut({ synapses }: Layer): ImageShape | undefined {
  return synapses.kind === "convolution" ? synapses.output : undefined;
}

/** Geometry, weights and biases. */
function checkSynapses(layer: Layer, l: number): void {
  const { pooling, synapses, weights, biases } = layer;
  if (pooling) {
    if (!poolings.includes(pooling.kind))
      fail(`Layer ${l} has the unknown pooling "${String((pooling as { kind: unknown }).kind)}"`, l);
    checkGeometry(pooling.window, `${pooling.kind} pooling`, l);
    const { input, output } = pooling.window;
    if (input[2] !== output[2])
      fail(`Layer ${l}: ${pooling.kind} pooling makes ${output[2]} channels of ${input[2]}`, l);
  }
  if (synapses.kind === "convolution") checkGeometry(synapses, "convolution", l);
  else if (synapses.kind !== "dense")
    fail(`Layer ${l} has synapses of the unknown kind "${String((synapses as { kind: unknown }).kind)}"`, l);
  else if (!isCount(synapses.inputs) || !isCount(synapses.outputs))
    fail(
      `Layer ${l} has ${synapses.inputs} inputs and ${synapses.outputs} outputs: both must be whole numbers above 0`,
      l,
    );
  if (pooling && sizeOf(pooling.window.output) !== synapticInputs(layer))
    fail(
      `Layer ${l} has ${sizeOf(pooling.window.output)} windows, but synapses from ${synapticInputs(layer)} values`,
      l,
    );
  const shape = weightShape(layer);
  checkTensor(
    `layers.${l}.weight`,
    weights,
    shape.reduce((a, b) => a * b),
    `[${shape.join(", ")}]`,
    l,
  );
  const [outputs, columns] = [outputsOf(layer), columnsOf(layer)];
  if (biases) checkTensor(`layers.${l}.bias`, biases, biases.length === columns ? columns : outputs, `[${outputs}]`, l);
  checkRecurrent(layer, outputs, l);
}

function checkRecurrent({ recurrent, synapses, activation }: Layer, outputs: number, l: number): void {
  if (!recurrent) return;
  if (synapses.kind !== "dense" || activation.kind !== "lif")
    fail(`Layer ${l} has recurrent weights, which only a dense layer of lif may have`, l);
  checkTensor(`layers.${l}.recurrent`, recurrent, outputs * outputs, `[${outputs}, ${outputs}]`, l);
}

function checkGeometry(geometry: Convolution, of: string, l: number): void {
  const problem = convolutionProblem(geometry);
  if (problem !== undefined) fail(`Layer ${l}: of its ${of} ${problem}`, l);
}

/** A neuron's parameters against its model's record. */
function checkNeuron(neuron: Neuron, outputs: number, l: number): void {
  const model: NeuronModel | undefined = neuronModels[neuron.kind];
  if (!model) fail(`Layer ${l} has the unknown neuron "${String((neuron as { kind: unknown }).kind)}"`, l);
  const values = neuron as unknown as Record<string, unknown>;
  for (const [name, { range, each, infinite = false }] of Object.entries(model.parameters)) {
    const value = values[name];
    const list = ArrayBuffer.isView(value) ? (value as Float32Array) : undefined;
    if (list) {
      if (!each) fail(`Layer ${l} has one ${name} per neuron, but ${neuron.kind} takes one for all`, l);
      checkTensor(`layers.${l}.${name}`, infinite ? list.map(finite) : list, outputs, `[${outputs}]`, l);
    }
    for (const one of list ?? [value])
      if (!isNumber(one, infinite) || one < range[0] || one > range[1])
        fail(
          `Layer ${l} has ${name} ${String(one)}: ${Number.isFinite(range[0]) ? `it must lie in [${range.join(", ")}]` : "it must be a finite number"}`,
          l,
        );
  }
  for (const [name, choice] of Object.entries(model.choices))
    checkChoice(`${name} of layer ${l}`, values[name], choice.values);
  const problem = (model.problem as ((neuron: Neuron) => string | undefined) | undefined)?.(neuron);
  if (problem) fail(`Layer ${l} has ${problem}`, l);
  if (neuron.initial !== null) checkTensor(`layers.${l}.initial_potential`, neuron.initial, outputs, `[${outputs}]`, l);
}

function isNumber(value: unknown, infinite: boolean): value is number {
  return typeof value === "number" && (infinite ? !Number.isNaN(value) : Number.isFinite(value));
}

/** An infinite value as one that is not; NaN stays. */
const finite = (value: number): number => (Math.abs(value) === Infinity ? Math.sign(value) : value);

function checkCoding(network: SpikingNetwork): void {
  const { coding, inputScale } = network;
  const [first] = network.layers;
  checkChoice("encoding", coding.encoding, encodings);
  checkChoice("decoding", coding.decoding, decodings);
  checkChoice("ties", coding.ties, tieRules);
  if (coding.biasInput && (first.synapses.kind === "convolution" || first.pooling))
    fail("Layer 0 takes an image, to which the constant 1 of biasInput can't be appended", 0);
  if (coding.signedInputs && first.pooling) fail("Layer 0 pools, which signed inputs can't pass", 0);
  if (inputScale !== 1)
    fail(`A spiking network has inputScale 1, not ${inputScale}: its first layer's weights take it in`);
  if (!isCount(coding.steps))
    fail(`The network's number of time steps is ${coding.steps}: it must be a whole number above 0`);
}

function checkTensor(name: string, data: Float32Array, size: number, shape: string, layer: number): void {
  if (data.length !== size)
    fail(`${name} has ${data.length} values instead of ${size} for shape ${shape}`, layer, name);
  let sum = 0; // of zeros, unless a value is not finite; a fraction of the time that findIndex takes
  for (let k = 0; k < data.length; k++) sum += 0 * data[k];
  const bad = sum === 0 ? -1 : data.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) fail(`${name} holds ${data[bad]} at index ${bad}`, layer, name);
}

function checkChoice(what: string, value: unknown, choices: readonly string[]): void {
  if (!choices.includes(value as string)) fail(`The ${what} "${String(value)}" is none of ${choices.join(", ")}`);
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value > 0;
}

function fail(problem: string, layer?: number, tensor?: string): never {
  throw new DsqnError("NETWORK_INVALID", `${problem}.`, { facts: { layer, tensor } });
}
