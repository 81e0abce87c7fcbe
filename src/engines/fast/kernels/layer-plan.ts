import { withFilters } from "../../../network/convolution.ts";
import { columnsOf, inputsOf, isNeuron, type Layer, outputsOf, synapticInputs } from "../../../network/layer.ts";
import { GEOMETRY_WORDS, geometryWords, type LayerFields, neuronFields } from "./layout.ts";
import type { Block } from "./memory.ts";
import { express, lower, sendsSeveral } from "./neurons.ts";

/** What the kernels need to know of a layer. */
export interface PlannedLayer extends Pick<Layer, "pooling" | "synapses" | "biases" | "recurrent" | "activation"> {
  /** 2: the negative parts of signed inputs follow the positive ones. 1 unless given. */
  readonly copies?: 1 | 2;
  /** Steps to compute; 1 for layers without neurons. */
  readonly steps: number;
  readonly spikes: boolean;
  /** Potentials of each step are wanted afterwards; true unless given, and always in training. */
  readonly kept?: boolean;
  /** So many neurons side by side (of a convolution channels) have equal synapses: their current is computed once. Not in training. */
  readonly population?: number;
}

/** Takes so many bytes, and returns their offset. */
export type Place = (bytes: number) => number;

/** Of the plan that the layer belongs to. */
interface Context extends SharedRoom {
  readonly element: 4 | 8;
  readonly slots: number;
  readonly training?: unknown;
  readonly inputSpikes?: boolean;
  /** The first layer of the network. */
  readonly first: boolean;
  /** Where the descriptor of its units lies. */
  readonly unitAt: number;
}

/** Where a layer's buffers lie, as offsets. */
export interface LaidOut {
  readonly fields: { -readonly [K in keyof LayerFields]: LayerFields[K] };
  /** What has the weights: the layer itself, or one neuron of each of its populations. */
  readonly synapses: LayerFields;
  /** Elements of the weights, padding included. */
  readonly weightCount: number;
}

/** Room that layers take in turns; 0: none needs it. */
interface SharedRoom {
  /** Currents of layers whose potentials are not kept. */
  readonly currents: number;
  /** Currents of populations. */
  readonly units: number;
}

/** A row of `n` elements padded to whole vectors (of 4: two of float64). */
export const padded = (n: number): number => Math.ceil(n / 4) * 4;
/** Bytes of the spike bits of `n` neurons: whole 64-bit words. */
export const planeBytes = (n: number): number => Math.ceil(n / 64) * 8;

/** Bytes of a row of weights above which a layer's weights are packed in panels outside training (assembly/panels.ts). */
const WIDE = 512;
/** Bytes of a panel's row. */
export const PANEL = 128;

/** `inputs`: of the layer; `sources`: that its synapses start from; `units`: neurons with currents of their own. */
export function widthsOf(layer: PlannedLayer): Record<"inputs" | "sources" | "outputs" | "units" | "widest", number> {
  const { copies = 1, population = 1 } = layer;
  const [inputs, sources, outputs] = [inputsOf(layer) * copies, synapticInputs(layer) * copies, outputsOf(layer)];
  return { inputs, sources, outputs, units: outputs / population, widest: padded(Math.max(inputs, outputs)) };
}

export function sharedRoom(
  { layers, element, steps }: { layers: readonly PlannedLayer[]; element: number; steps: number },
  place: Place,
): SharedRoom {
  const room = (of: readonly PlannedLayer[], width: "outputs" | "units"): number =>
    of.length && place(element * steps * Math.max(...of.map((layer) => padded(widthsOf(layer)[width]))));
  return {
    currents: layers.some(({ kept }) => kept === false) ? room(layers, "outputs") : 0,
    units: room(
      layers.filter(({ population = 1 }) => population > 1),
      "units",
    ),
  };
}

/** Takes the layer's buffers. */
export function layOut(layer: PlannedLayer, context: Context, place: Place): LaidOut {
  const { element, slots, training, unitAt } = context;
  const { steps, spikes, kept = true, population = 1 } = layer;
  const { inputs, sources, outputs, units } = widthsOf(layer);
  const [width, plane] = [padded(outputs), planeBytes(outputs)];
  const { weightCount, ...own } = laySynapses(layer, context, place);
  const fields = {
    inputs: sources,
    outputs,
    width,
    steps,
    plane,
    spikes: Number(spikes),
    linear: Number(layer.activation.kind === "linear"),
    kept: Number(kept),
    population,
    gradient: 0,
    learned: 0,
    price: 0,
    after: Number(!training),
    sentRow: element * padded(inputs),
    biases: layer.biases ? place(element * width) : 0,
    transposed: training && !context.first ? place(4 * outputs * padded(sources)) : 0,
    values: kept ? place(element * slots * Math.max(1, steps) * width) : context.currents,
    bits: spikes ? place(slots * steps * plane) : 0,
    final: place(element * slots * width),
    counts: training ? 0 : place(4 * width),
    unit: 0,
    ...own,
    ...layNeurons(layer, context, width, place),
    ...layPooling(layer, context, place),
  };
  if (population === 1) return { fields, synapses: fields, weightCount };
  const one = { outputs: units, width: padded(units), biases: 0, values: context.units, pooling: 0, population: 1 };
  return {
    fields: { ...fields, weights: 0, convolution: 0, packed: 0, unit: unitAt },
    synapses: { ...fields, ...one },
    weightCount,
  };
}

/** Weights: rows padded to whole vectors, or panels; a convolution's once for each image of inputs. */
function laySynapses(layer: PlannedLayer, { element, training }: Context, place: Place) {
  const { synapses, copies = 1, population = 1 } = layer;
  const { sources, units } = widthsOf(layer);
  const dense = synapses.kind === "dense";
  const packed = !training && dense && element * padded(units) > WIDE;
  const panel = packed ? PANEL / element : padded(units);
  const weightCount = dense
    ? sources * Math.ceil(padded(units) / panel) * panel
    : copies * synapses.kernel[0] * synapses.kernel[1] * synapses.input[2] * padded(columnsOf(layer) / population);
  return {
    weightCount,
    weights: place(element * weightCount),
    packed: Number(packed),
    convolution: dense ? 0 : place(4 * GEOMETRY_WORDS),
  };
}

/** What neurons start from, and their parameters. */
function layNeurons(layer: PlannedLayer, { element, training }: Context, width: number, place: Place) {
  const { activation, recurrent, steps, spikes } = layer;
  const neurons = isNeuron(activation) ? express(activation, recurrent !== undefined) : undefined;
  const row = (wanted: unknown): number => (wanted ? place(element * width) : 0);
  const parameters = neuronFields.map((name) => [name, row(neurons?.parameters[name] !== undefined)]);
  return {
    ...(neurons?.fields ?? { lagged: 0, replaces: 0, plain: 0, each: 0, full: 0, current: 0, late: 0 }),
    initial: row(neurons),
    ...(Object.fromEntries(parameters) as Pick<LayerFields, (typeof neuronFields)[number]>),
    recurrent: recurrent ? place(element * width * outputsOf(layer)) : 0,
    before: row(recurrent),
    sent: spikes && sendsSeveral(activation) ? place(element * steps * width) : 0,
    currents: row(neurons?.current),
    finalCurrents: row(neurons?.current && !training),
  };
}

const windows = { "max": 0, "average": 1, "sum": 2, "step-max": 3 } as const;

/** Windows: of constant currents their values, of spikes what max pooling counts, or what one step's come to. */
function layPooling(layer: PlannedLayer, { element, first, inputSpikes = false }: Context, place: Place) {
  const { pooling, steps } = layer;
  const { inputs, sources } = widthsOf(layer);
  const spikes = !first || inputSpikes;
  const counts = pooling?.kind === "max" && spikes;
  const passes = spikes && (pooling?.kind === "max" || pooling?.kind === "step-max");
  const words = (wanted: unknown, n: number): number => (wanted ? place(4 * n) : 0);
  return {
    windows: pooling ? windows[pooling.kind] : 0,
    poolPlane: planeBytes(sources),
    pooling: words(pooling, GEOMETRY_WORDS),
    pooled: pooling ? place(Math.max(passes ? steps * planeBytes(sources) : 0, element * sources)) : 0,
    poolCounts: words(counts, inputs),
    poolLargest: words(counts, sources),
    poolSent: words(pooling && spikes, sources),
  };
}

/** Writes what a layer has besides weights and biases: geometries, neurons' parameters, initial potentials. */
export function fillLayer(block: Block, layer: PlannedLayer, { fields, synapses }: LaidOut, element: 4 | 8): void {
  const { synapses: own, pooling, activation, population = 1 } = layer;
  if (own.kind === "convolution")
    block.int32(synapses.convolution, GEOMETRY_WORDS).set(geometryWords(withFilters(own, own.output[2] / population)));
  if (pooling) block.int32(fields.pooling, GEOMETRY_WORDS).set(geometryWords(pooling.window));
  if (!isNeuron(activation)) return;
  const { parameters, firesAt } = express(activation, layer.recurrent !== undefined);
  const row = (at: number): Float32Array | Float64Array =>
    element === 4 ? block.float32(at, fields.outputs) : block.float64(at, fields.outputs);
  for (const name of neuronFields) {
    const values = parameters[name];
    if (typeof values === "number") row(fields[name]).fill(values);
    else if (values) row(fields[name]).set(values);
  }
  if (firesAt) lower(row(fields.threshold));
  if (activation.initial) row(fields.initial).set(activation.initial);
}
