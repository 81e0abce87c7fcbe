import { DsqnError } from "../../errors.ts";
import { biasPerOutput, columnsOf, outputsOf, type SpikingLayer, synapticInputs } from "../../network/layer.ts";
import { type SpikingNetwork, spikingLayers } from "../../network/network.ts";
import { valueOf, type Values } from "../../network/neurons/index.ts";
import { exponentOf, log, powerOfTwo } from "../../numeric/elementary.ts";
import { simulated } from "../neurons/index.ts";
import type { Cell, CellOptions, Each } from "../neurons/neuron.ts";
import { accum, LARGEST, ONE } from "./accum.ts";
import { boardExp } from "./exp.ts";
import type { CellParameters } from "./membranes.ts";
import type { Weighted } from "./ring-buffers.ts";

/** R times the largest input stays below, and V with it, so that their difference stays inside s16.15, which ends at 65536. */
const LARGEST_ACCUM = 32000;
/** What an observation is taken to reach when units are chosen, and a pixel. */
const [LARGEST_OBSERVATION, LARGEST_PIXEL] = [5, 255];
/** In thresholds per step: what leak and rounding may take from a potential in what is still called the same network, and what nobody notices. */
const [LARGEST_LOSS, NO_LOSS] = [1 / 16, 2 ** -13];
/** Exponents of what may arrive at a neuron in one step, in the machine's units. */
const SIZES = Array.from({ length: 15 }, (_, size) => size);
/** A neuron that is given next to nothing is not blown up any further. */
const LARGEST_SCALE = 64;
/** The readout's v_thresh: none that it reaches before s16.15 ends. */
const NO_THRESHOLD = 65535;
/** Bounds of tau_m in ms: exp(-1/tau_m) is 0 in s16.15 below; above, its last bit is a quarter of the leak and more. */
const SHORTEST = 1 / 16;
const LONGEST = 8192;
/** c_m in nF below which 2^-15 of it is more than 1/256 of the gain. */
const SMALLEST_CM = 256 / ONE;

/** What can be asked of populations on the machine. */
export interface PopulationOptions extends CellOptions {
  /**
   * Membrane time constant in ms, instead of the one chosen for the network, and with it c_m 1 and sPyNNaker's own
   * IFCurDelta; the thesis had 100.
   */
  readonly tauM?: number;
}

/** A layer's neurons as sPyNNaker is given them: what each has, in ms, nF and units of potential. */
export interface Population {
  readonly model: "IFCurDelta" | "IFCurrDeltaSoft";
  readonly tauM: Float64Array;
  readonly cm: Float64Array;
  readonly rest: Float64Array;
  readonly threshold: Float64Array;
  readonly resetTo: Float64Array;
  /** Beside bias and input. */
  readonly offset: Float64Array;
  /** By so much potentials lie above ours: a soft reset takes off the threshold, whatever ours takes off. */
  readonly above: Float64Array;
  /** Powers of two, one for all neurons of a column of weights: what a neuron is given and its potential are so many times ours. */
  readonly scale: Float64Array;
}

/** The layers as populations; MAPPING_IMPOSSIBLE for what they can't express, naming the layer. */
export function populationsOf(network: SpikingNetwork, options: PopulationOptions = {}): readonly Population[] {
  const { layers, coding } = network;
  if (spikingLayers(network) === layers.length)
    throw impossible(
      `On SpiNNaker the readout is a potential, and the network decodes ${coding.decoding}.`,
      "Use the decoding potential.",
    );
  return layers.map((layer, l) => {
    const cell = cellOf(network, layer, l, options);
    const units = unitsOf(network, layer, l, cell, options);
    const own = populationOf(cell, outputsOf(layer), l === layers.length - 1, units, options.tauM);
    const [initial, biases] = [layer.activation.initial, biasPerOutput(layer)];
    const largest = own.scale.map((scale, j) =>
      Math.max(
        ...[own.threshold, own.resetTo, own.rest, own.above, own.offset].map((values) => Math.abs(values[j])),
        ...[initial, biases].map((values) => Math.abs(values?.[j] ?? 0) * scale),
      ),
    );
    if (!largest.every((value) => value < LARGEST))
      throw impossible(
        `Layer ${l} has a threshold, reset, bias or initial potential that leaves s16.15, which ends at 65536.`,
        "Scale weights, biases and thresholds down together.",
      );
    if (own.cm.some((value) => value < SMALLEST_CM))
      throw impossible(
        `Layer ${l} has a gain that its leak leaves no capacitance for.`,
        "Multiply its weights by the gain instead.",
      );
    return own;
  });
}

function cellOf({ layers, coding }: SpikingNetwork, layer: SpikingLayer, l: number, options: PopulationOptions): Cell {
  const { pooling, synapses, activation } = layer;
  if (pooling)
    throw impossible(
      `Layer ${l} has ${pooling.kind} pooling, which its weights alone don't express.`,
      "Train with strides instead.",
    );
  if (layer.recurrent) throw impossible(`Layer ${l} is recurrent.`, "NEST runs it: --simulator nest.");
  if (activation.kind !== layers[0].activation.kind)
    throw impossible(
      `Layer ${l} is ${activation.kind} behind layers of ${layers[0].activation.kind}, and its clock is another.`,
      "Use one neuron model for all layers.",
    );
  if (l === 0 && synapses.kind === "convolution" && (coding.signedInputs || coding.biasInput))
    throw impossible(
      "Layer 0 is a convolution over signed inputs or a bias input, which are no part of an image.",
      "Use biases, and inputs that are not negative.",
    );
  const hardReset = options.hardReset === true || options.tauM !== undefined;
  const cell = simulated(activation.kind).onBoard(activation, { hardReset });
  if ("beta" in cell) return cell;
  throw impossible(`Layer ${l} ${cell[0]}.`, cell[1]);
}

function impossible(message: string, hint: string): DsqnError {
  return new DsqnError("MAPPING_IMPOSSIBLE", message, { hint });
}

/** In which units potentials are kept, one for each column of weights, and up to which R their inputs stay inside s16.15. */
interface Units {
  readonly scales: Float64Array;
  readonly limit: number;
}

/**
 * A power of two for each column of weights, so that what may arrive at a neuron is of one size in all of them: then 16
 * bits hold the weights of each neuron as finely as they can.
 *
 * That size is the power of two which costs least: a membrane of time constant tau_m loses 1/tau_m - 1/tau of its potential
 * per step where tau was wanted, and rounding 2^-15 of the machine's units. Small inputs leave room for a long tau_m.
 * MAPPING_IMPOSSIBLE where that is too much still.
 */
function unitsOf(
  { coding }: SpikingNetwork,
  layer: SpikingLayer,
  l: number,
  cell: Cell,
  { tauM }: PopulationOptions,
): Units {
  const reach = layer.synapses.kind === "convolution" ? LARGEST_PIXEL : LARGEST_OBSERVATION;
  const inputs = largestInputs(layer, cell, l === 0 ? reach * (coding.signedInputs ? 2 : 1) : 1);
  if (tauM !== undefined) return { scales: inputs.fill(1), limit: LARGEST_ACCUM };
  const [beta, threshold] = [smallest(cell.beta), smallest(cell.threshold)];
  const wanted = beta === 1 ? 0 : -log(beta);
  const scalesIn = (size: number): Float64Array =>
    inputs.map((input) => Math.min(LARGEST_SCALE, powerOfTwo(size - above(input))));
  const lossIn = (size: number): number => {
    const { tauM } = membrane(beta, LARGEST_ACCUM / powerOfTwo(size));
    return Math.max(0, 1 / tauM - wanted) + 1 / (ONE * threshold * scalesIn(size).reduce((a, b) => Math.min(a, b)));
  };
  const least = Math.min(...SIZES.map(lossIn));
  // Of the first layer the smallest that is good enough: room for observations beyond `reach`.
  const enough = l === 0 ? Math.max(NO_LOSS, 1.25 * least) : least;
  const best = SIZES.find((size) => lossIn(size) <= enough)!;
  if (lossIn(best) > LARGEST_LOSS)
    throw impossible(
      `Layer ${l} has a neuron whose input reaches ${largest(inputs).toPrecision(3)}, beside a threshold of ${threshold}: s16.15 has no room for both.`,
      "Scale the observations, or weights and biases, down.",
    );
  return { scales: scalesIn(best), limit: LARGEST_ACCUM / powerOfTwo(best) };
}

/** The exponent of the power of two above. */
const above = (x: number): number => exponentOf(x) + 1;

const largest = (values: Float64Array): number => values.reduce((a, b) => Math.max(a, b));

/** The smallest magnitude that is not 0, and no more than 1. */
function smallest(values: Values): number {
  let least = 1;
  for (const value of typeof values === "number" ? [values] : values)
    if (value !== 0) least = Math.min(least, Math.abs(value));
  return least;
}

/**
 * Of each column of weights, for one neuron: what may arrive of one sign, or, of the observation, which has any, of both,
 * times `reach`, with its bias and its offset, times its gain. At an image's border there are no more.
 */
function largestInputs(layer: SpikingLayer, { gain, offset }: Cell, reach: number): Float64Array {
  const [columns, biases] = [columnsOf(layer), biasPerOutput(layer)];
  const [plus, minus] = [new Float64Array(columns), new Float64Array(columns)];
  layer.weights.forEach((w, k) => (w > 0 ? (plus[k % columns] += w) : (minus[k % columns] -= w)));
  const inputs = new Float64Array(columns).fill(2 ** -15);
  for (let j = 0; j < outputsOf(layer); j++) {
    const c = j % columns;
    const arriving = reach === 1 ? Math.max(plus[c], minus[c]) : (plus[c] + minus[c]) * reach;
    const input = arriving + Math.abs(biases?.[j] ?? 0) + Math.abs(valueOf(offset, j));
    inputs[c] = Math.max(inputs[c], input * Math.max(1, valueOf(gain, j)));
  }
  return inputs;
}

function populationOf(cell: Cell, size: number, readout: boolean, { scales, limit }: Units, tauM?: number): Population {
  const fill = (f: (j: number) => number): Float64Array => Float64Array.from({ length: size }, (_, j) => f(j));
  const scale = fill((j) => scales[j % scales.length]);
  const made = new Map<string, Membrane>();
  const membranes = Array.from({ length: size }, (_, j): Membrane => {
    if (tauM !== undefined) return { tauM, cm: 1 };
    const [beta, gain] = [valueOf(cell.beta, j), valueOf(cell.gain, j)];
    const known = made.get(`${beta} ${gain}`) ?? membrane(beta, limit, gain);
    made.set(`${beta} ${gain}`, known);
    return known;
  });
  const { reset } = cell;
  const soft = reset.kind === "soft" && !readout;
  const by = (j: number): number => (reset.kind === "hard" ? 0 : eachOf(reset.by, j) * scale[j]);
  const threshold = fill((j) => fired(valueOf(cell.threshold, j) * scale[j], cell.fires));
  const shift = fill((j) => (soft ? by(j) - threshold[j] : 0));
  return {
    model: soft ? "IFCurrDeltaSoft" : "IFCurDelta",
    tauM: fill((j) => membranes[j].tauM),
    cm: fill((j) => membranes[j].cm),
    rest: fill((j) => valueOf(cell.rest, j) * scale[j] + shift[j]),
    threshold: readout ? fill(() => NO_THRESHOLD) : fill((j) => threshold[j] + shift[j]),
    resetTo: fill((j) => (reset.kind === "soft" || readout ? 0 : valueOf(reset.to, j) * scale[j])),
    offset: fill((j) => valueOf(cell.offset, j) * scale[j]),
    above: shift,
    scale,
  };
}

const eachOf = (values: Each, j: number): number => (typeof values === "number" ? values : values[j]);

/** The threshold from which on, and at which, the machine fires. */
function fired(threshold: number, fires: Cell["fires"]): number {
  if (fires === "nearest") return threshold;
  return (fires === "at" ? Math.ceil(threshold * ONE) : Math.floor(threshold * ONE) + 1) / ONE;
}

/** tau_m in ms and c_m in nF. */
interface Membrane {
  readonly tauM: number;
  readonly cm: number;
}

/**
 * The membrane whose decay is beta, and with it the c_m for which a unit of input charges it by `gain`: R (1 - decay) =
 * gain with the decay that the board computes. Without leak: the longest tau_m, a power of two. Where beta is so near 1
 * that R times the largest input would leave s16.15, which `limit` bounds, it leaks faster.
 */
export function membrane(beta: number, limit: number, gain = 1): Membrane {
  const own = beta === 1 ? powerOfTwo(exponentOf(limit)) : beta === 0 ? SHORTEST : -1 / log(beta);
  const tauM = Math.max(SHORTEST, Math.min(own, LONGEST, limit));
  return { tauM, cm: (tauM * (1 - boardDecay(accum(tauM)) / ONE)) / gain };
}

/** exp(-1/tau) in units of 2^-15 for `tau` in the same: sPyNNaker divides in integers and takes the board's exp(). */
function boardDecay(tau: number): number {
  return boardExp(Math.floor((ONE * ONE) / tau));
}

/** A population's parameters as the machine computes them. */
export function cellParameters(own: Population): CellParameters {
  const [tau, capacity] = [own.tauM, own.cm].map((values) => Int32Array.from(values, accum));
  const decays = new Map([...new Set(tau)].map((value) => [value, boardDecay(value)]));
  return {
    resistance: tau.map((value, j) => Math.floor((value * ONE) / capacity[j])),
    decay: tau.map((value) => decays.get(value)!),
    rest: Int32Array.from(own.rest, accum),
    threshold: Int32Array.from(own.threshold, accum),
    resetTo: Int32Array.from(own.resetTo, accum),
    subtracts: own.model === "IFCurrDeltaSoft",
  };
}

/** lagged-lif's potential after its step 0, in which nothing has arrived yet; the machine begins a step later. */
function afterEmptyStep(activation: SpikingLayer["activation"], initial: number): number {
  const [beta, threshold, resetBy] = [activation.beta, activation.threshold, activation.resetBy].map((v) =>
    valueOf(v, 0),
  );
  if (initial <= threshold) return beta * initial;
  return activation.reset === "subtraction" ? beta * initial - resetBy : 0;
}

/**
 * Potentials before the machine's first step: ours, or, where a layer's own first step comes `late`, those from which
 * its bias alone brings it there; ours after all where that path would spike.
 */
export function startOf(
  layer: SpikingLayer,
  own: Population,
  cell: CellParameters,
  { late, lag }: { late: number; lag: number },
): Int32Array {
  const biases = biasPerOutput(layer);
  return Int32Array.from(own.above, (above, j) => {
    const initial = layer.activation.initial?.[j] ?? 0;
    const first = (lag > 0 ? afterEmptyStep(layer.activation, initial) : initial) * own.scale[j] + above;
    const constant = (cell.resistance[j] / ONE) * ((biases?.[j] ?? 0) * own.scale[j] + own.offset[j]) + own.rest[j];
    let v = first;
    for (let k = 0; k < late; k++) {
      if (v >= own.threshold[j]) return accum(first);
      v = constant - (constant - v) / (cell.decay[j] / ONE);
      if (!(Math.abs(v) < LARGEST)) return accum(first);
    }
    return accum(v);
  });
}

/** The layers as the machine has them: in its units, and with signed inputs the first has its weights twice. */
export function layersOnMachine({ layers, coding }: SpikingNetwork, own: readonly Population[]): readonly Weighted[] {
  return layers.map((layer, l) => {
    const [{ scale }, columns] = [own[l], columnsOf(layer)];
    const scaled = { synapses: layer.synapses, weights: layer.weights.map((w, k) => w * scale[k % columns]) };
    return l === 0 && coding.signedInputs ? doubled(scaled) : scaled;
  });
}

/** Signed inputs: a second set of input neurons with negated weights. */
function doubled(layer: Weighted): Weighted {
  const { weights } = layer;
  const both = new Float32Array(2 * weights.length);
  both.set(weights);
  both.set(
    weights.map((w) => -w),
    weights.length,
  );
  return { synapses: { kind: "dense", inputs: 2 * synapticInputs(layer), outputs: outputsOf(layer) }, weights: both };
}
