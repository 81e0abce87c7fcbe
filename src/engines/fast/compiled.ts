import { biasPerOutput, inputsOf, outputsOf } from "../../network/layer.ts";
import { actionsOf, observationSize, type SpikingNetwork, spikingLayers } from "../../network/network.ts";
import { populationOf, synapsesOfOne } from "../../network/populations.ts";
import { inputNeurons } from "../../network/state.ts";
import { processors } from "../../platform/node.ts";
import type { LayerFields } from "./kernels/layout.ts";
import type { Block } from "./kernels/memory.ts";
import { kernels } from "./kernels/module.ts";
import { createPlan, type Plan } from "./kernels/plan.ts";
import { acquirePool, type Pool } from "./kernels/pool.ts";
import { placeWeights } from "./weights.ts";

/** A spiking network in the kernels' memory, for running one state at a time. */
export interface Compiled {
  readonly steps: number;
  readonly record: boolean;
  readonly plan: Plan;
  /** In the engine's precision. */
  readonly layers: readonly CompiledLayer[];
  /** [input neurons], for constant input; the constant 1 of biasInput is there. */
  readonly observations: FloatArray;
  /** [steps, plane] bits, for spiking input */
  readonly inputBits: Uint8Array;
  /** [actions], the output layer's potentials after the last step */
  readonly potentials: FloatArray;
  /** What counts spikes in max pooling; to be filled with 0 before a run from rest. */
  readonly counters: readonly Int32Array[];
  /** Back to the initial potentials, without currents and counts. */
  rest(): void;
  /**
   * Runs the state whose input lies in `observations` or `inputBits`, from the potentials, currents and counts that lie in the layers; of these
   * only the counts change.
   */
  run(): void;
  /** Gives the memory back. */
  free(): void;
}

export type FloatArray = Float32Array | Float64Array;

export interface CompiledLayer {
  /** [outputs padded to 4] potentials and currents before the first step ... */
  readonly initial: FloatArray;
  readonly currents: FloatArray;
  /** ... and after the last; currents are empty where neurons have none */
  readonly final: FloatArray;
  readonly finalCurrents: FloatArray;
  /** [steps, width] as `LayerFields.values` says; empty if they were not to be recorded (the output layer's always are) */
  readonly values: FloatArray;
  /** [steps, plane] bytes of spike bits; empty for a layer that does not spike */
  readonly bits: Uint8Array;
  /** [width] spikes since it was last filled with 0 */
  readonly counts: Int32Array;
  /** Max pooling of spikes: [inputs] counted so far, before and after; else empty */
  readonly poolCounts: Int32Array;
  /** Pooling of spikes: [windows], in how many steps something left each since it was last filled with 0; else empty */
  readonly poolSent: Int32Array;
  /** Pooling of constant input: [windows], their values; else empty */
  readonly pooled: FloatArray;
  readonly plane: number;
  /** After a step; of layers that were recorded. */
  potential(step: number, neuron: number): number;
  /** [width], the spikes of the step before the first, where the layer has recurrent weights; else empty */
  readonly before: FloatArray;
  /** 0 or 1, or how many where neurons send several in a step */
  spike(step: number, neuron: number): number;
  /** Whether they do. */
  readonly several: boolean;
}

export interface CompileOptions {
  readonly steps?: number;
  /** Keep the potentials of all layers and steps. */
  readonly record?: boolean;
  /** Multiply instead of adding what spiked (for comparison). */
  readonly dense?: boolean;
  /** How many share the work of a state, which changes no bit. */
  readonly threads?: number;
  /** False: compute the current of each neuron of a population (for comparison). */
  readonly populations?: boolean;
}

/** More would wait for each other too often: a layer of Nature's network is 1 to 4 ms of work for one. */
const MOST_THREADS = 4;

/** Pictures are work enough for several threads; in small networks they would only wait for each other. */
function threadsFor({ layers }: SpikingNetwork): number {
  return layers.some(({ synapses }) => synapses.kind === "convolution") ? Math.min(MOST_THREADS, processors()) : 1;
}

/** Lays the network out at rest, in float32 (`element` 4) or float64 (8). */
export function compile(network: SpikingNetwork, element: 4 | 8, options: CompileOptions = {}): Compiled {
  const { steps = network.coding.steps, record = false, threads = threadsFor(network), populations = true } = options;
  const sizes = network.layers.map((layer) => (populations ? populationOf(layer) : 1));
  const pool = acquirePool(threads);
  const plan = planned(network, element, { ...options, steps, record, threads }, sizes, pool);
  const { block } = plan;
  const floats = (at: number, n: number): FloatArray => (element === 4 ? block.float32(at, n) : block.float64(at, n));
  const layers = plan.layers.map((fields, l) => compiledLayer(network, l, fields, block, floats));
  network.layers.forEach((layer, l) => {
    const weights = floats(plan.synapses[l].weights, plan.weightCounts[l]);
    placeWeights(synapsesOfOne(layer, sizes[l]), plan.synapses[l], copiesOf(network, l), weights);
    const biases = biasPerOutput(layer);
    if (biases) floats(plan.layers[l].biases, biases.length).set(biases);
    const { recurrent, width } = plan.layers[l];
    const outputs = outputsOf(layer);
    for (let j = 0; layer.recurrent && j < outputs; j++)
      floats(recurrent, outputs * width).set(layer.recurrent.subarray(j * outputs, (j + 1) * outputs), j * width);
  });
  const observations = floats(plan.observations, plan.observations && inputNeurons(network));
  if (network.coding.biasInput && plan.observations) observations[observationSize(network)] = 1;
  const { runSingle, runDouble } = kernels().exports;
  const run = element === 4 ? runSingle : runDouble;
  return {
    steps,
    record,
    plan,
    layers,
    observations,
    inputBits: block.uint8(plan.inputBits, plan.inputBits && steps * plan.inputPlane),
    potentials: layers.at(-1)!.final.subarray(0, actionsOf(network)),
    counters: layers.map(({ poolCounts }) => poolCounts).filter(({ length }) => length > 0),
    rest() {
      for (const [l, { initial, currents, poolCounts, before }] of layers.entries()) {
        const own = network.layers[l].activation.initial;
        if (own) initial.set(own);
        else initial.fill(0);
        currents.fill(0);
        poolCounts.fill(0);
        before.fill(0);
      }
    },
    run: () => run(plan.address, 0),
    free() {
      block.free();
      pool.release();
    },
  };
}

const copiesOf = ({ coding }: SpikingNetwork, l: number): 1 | 2 => (l === 0 && coding.signedInputs ? 2 : 1);

function planned(
  network: SpikingNetwork,
  element: 4 | 8,
  { steps, record, dense, threads }: CompileOptions & { steps: number; threads: number },
  sizes: readonly number[],
  pool: Pool,
): Plan {
  const spiking = spikingLayers(network);
  try {
    return createPlan({
      layers: network.layers.map((layer, l) => ({
        ...layer,
        copies: copiesOf(network, l),
        steps,
        spikes: l < spiking,
        kept: record || l === network.layers.length - 1,
        population: sizes[l],
      })),
      element,
      steps,
      maxBatch: 1,
      slots: 1,
      chunk: 1,
      threads,
      control: pool.control,
      inputSpikes: network.coding.encoding !== "constant",
      dense,
    });
  } catch (error) {
    pool.release(); // too large for the kernels' memory
    throw error;
  }
}

function compiledLayer(
  network: SpikingNetwork,
  l: number,
  f: LayerFields,
  block: Block,
  floats: (at: number, n: number) => FloatArray,
): CompiledLayer {
  const { steps, width, plane } = f;
  const outputs = outputsOf(network.layers[l]);
  const row = (at: number): FloatArray => floats(at, at && width);
  const [final, values, resetBy, resetTo] = [
    row(f.final),
    floats(f.values, f.kept && steps * width),
    row(f.resetBy),
    row(f.resetTo),
  ];
  const bits = block.uint8(f.bits, f.spikes && steps * plane);
  const sent = floats(f.sent, f.sent && steps * width);
  const several = sent.length > 0;
  const spike = (t: number, j: number): number =>
    several ? sent[t * width + j] : (bits[t * plane + (j >> 3)] >> (j & 7)) & 1;
  const rounded = new (values.constructor as Float32ArrayConstructor | Float64ArrayConstructor)(1);
  /** lif: what is left of a potential that was kept before its reset. */
  const discharged = (m: number, j: number): number => {
    if (f.replaces) return resetTo[j];
    rounded[0] = m - resetBy[j];
    return rounded[0];
  };
  return {
    initial: row(f.initial),
    currents: row(f.currents),
    final,
    finalCurrents: row(f.finalCurrents),
    values,
    bits,
    counts: block.int32(f.counts, outputs),
    poolCounts: block.int32(f.poolCounts, f.poolCounts && inputsOf(network.layers[l])),
    poolSent: block.int32(f.poolSent, f.poolSent && f.inputs),
    pooled: floats(f.pooled, f.poolSent ? 0 : f.pooled && f.inputs),
    plane,
    before: row(f.before),
    several,
    spike,
    potential(t, j) {
      if (t === steps - 1) return final[j];
      if (f.lagged) return values[(t + 1) * width + j];
      const m = values[t * width + j];
      if (f.full) return m; // kept after the step
      return f.spikes && spike(t, j) ? discharged(m, j) : m;
    },
  };
}
