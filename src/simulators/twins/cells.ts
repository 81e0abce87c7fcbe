import { DsqnError } from "../../errors.ts";
import { biasPerOutput, columnsOf, outputsOf, type SpikingLayer, synapticInputs } from "../../network/layer.ts";
import { type SpikingNetwork, spikingLayers } from "../../network/network.ts";
import { exponentOf, log, powerOfTwo } from "../../numeric/elementary.ts";
import { simulated } from "../neurons/index.ts";
import type { Cell } from "../neurons/neuron.ts";
import { accum, ONE } from "./accum.ts";
import { boardExp } from "./exp.ts";
import type { CellParameters } from "./membranes.ts";
import type { Weighted } from "./ring-buffers.ts";

/** s16.15 ends at 65536; tau_m times the largest input of a neuron stays below. */
const LARGEST_ACCUM = 60000;
/** What an observation is taken to reach when tau_m is chosen. */
const LARGEST_OBSERVATION = 5;

/** The layer's neurons as IFCurDelta; MAPPING_IMPOSSIBLE where it can't express them. */
export function cellOf({ activation }: SpikingLayer, l: number): Cell {
  const cell = simulated(activation.kind).onBoard(activation);
  if ("beta" in cell) return cell;
  throw impossible(`Layer ${l} ${cell[0]}.`, cell[1]);
}

/** Throws MAPPING_IMPOSSIBLE for what IFCurDelta populations can't express, naming the layer. */
export function assertMappable(network: SpikingNetwork): void {
  const { layers, coding } = network;
  if (spikingLayers(network) === layers.length)
    throw impossible(
      `On SpiNNaker the readout is a potential, and the network decodes ${coding.decoding}.`,
      "Use the decoding potential.",
    );
  layers.forEach((layer, l) => {
    if (layer.pooling)
      throw impossible(
        `Layer ${l} has ${layer.pooling.kind} pooling, which its weights alone don't express.`,
        "Train with strides instead.",
      );
    cellOf(layer, l);
    if (l === 0 && layer.synapses.kind === "convolution" && (coding.signedInputs || coding.biasInput))
      throw impossible(
        "Layer 0 is a convolution over signed inputs or a bias input, which are no part of an image.",
        "Use biases, and inputs that are not negative.",
      );
  });
}

function impossible(message: string, hint: string): DsqnError {
  return new DsqnError("MAPPING_IMPOSSIBLE", message, { hint });
}

/**
 * tau_m in ms of membranes that should not leak: a power of two, as long as the largest input of a neuron times tau_m
 * stays inside s16.15, and at most 512. (At 1024 the board's exp(-1/tau_m) is one unit of 2^-15 off, 3 % of the leak
 * and of the gain.)
 */
export function timeConstant(network: SpikingNetwork): number {
  const largest = network.layers.map((layer, l) => {
    const factor = l === 0 ? LARGEST_OBSERVATION * (network.coding.signedInputs ? 2 : 1) : 1;
    return largestInput(layer, factor);
  });
  return Math.min(512, powerOfTwo(exponentOf(LARGEST_ACCUM / Math.max(1, ...largest))));
}

/** Of one neuron: its weights' magnitudes times `factor`, and its bias. At an image's border there are no more. */
function largestInput(layer: SpikingLayer, factor: number): number {
  const columns = columnsOf(layer);
  const biases = biasPerOutput(layer);
  const totals = new Float64Array(columns);
  layer.weights.forEach((w, k) => (totals[k % columns] += Math.abs(w)));
  let largest = 0;
  for (let j = 0; j < outputsOf(layer); j++)
    largest = Math.max(largest, totals[j % columns] * factor + Math.abs(biases?.[j] ?? 0));
  return largest;
}

/** A membrane as sPyNNaker is given it, in ms and nF. */
export interface Membrane {
  readonly tauM: number;
  readonly cm: number;
}

/**
 * The membrane of a layer: `tauM` where it has no leak, else that whose decay is beta; and with it the c_m for which a
 * unit of input is a unit of potential, R (1 - decay) = 1 with the decay that the board computes. For tau_m of 256 and
 * 512 this c_m is 1.
 */
export function membrane({ beta }: Pick<Cell, "beta">, tauM: number): Membrane {
  const tau = beta === 1 ? tauM : -1 / log(beta);
  return { tauM: tau, cm: tau * (1 - boardDecay(accum(tau)) / ONE) };
}

/** exp(-1/tau) in units of 2^-15 for `tau` in the same: sPyNNaker divides in integers and takes the board's exp(). */
function boardDecay(tau: number): number {
  return boardExp(Math.floor((ONE * ONE) / tau));
}

/** A membrane's parameters as the machine computes them. `threshold` null: none that it could reach. */
export function cellParameters({ tauM, cm }: Membrane, threshold: number | null): CellParameters {
  const [tau, capacity] = [accum(tauM), accum(cm)];
  return {
    resistance: Math.floor((tau * ONE) / capacity),
    decay: boardDecay(tau),
    threshold: threshold === null ? Infinity : accum(threshold),
  };
}

/** The layers as the machine has them: with signed inputs the first has its weights twice. */
export function layersOnMachine({ layers, coding }: SpikingNetwork): readonly Weighted[] {
  return layers.map((layer, l) => (l === 0 && coding.signedInputs ? doubled(layer) : layer));
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
