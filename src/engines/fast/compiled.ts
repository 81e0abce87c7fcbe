import { availableParallelism } from "node:os";
import type { Block } from "./kernels/memory.ts";
import { kernels } from "./kernels/module.ts";
import { createPlan, type Plan, type PlanOptions } from "./kernels/plan.ts";
import { acquirePool, type Pool } from "./kernels/pool.ts";
import { type SpikingNetwork, spikingLayers } from "../../network/old/spiking-network.ts";
import { countsSpikes, inputNeurons } from "../../network/state.ts";
import { populationOf, synapsesOfOne } from "../../network/populations.ts";
import { fanOut } from "../../network/synapses.ts";
import { placeWeights } from "./weights.ts";

/** A network laid out in the kernels' memory for running one state at a time. */
export interface Compiled {
  readonly steps: number;
  readonly record: boolean;
  readonly plan: Plan;
  /** Whether the network's populations are those that it was laid out for. */
  fits(network: SpikingNetwork): boolean;
  /** Copies the network's weights and biases there, and puts it at rest. The network must fit. */
  load(network: SpikingNetwork): void;
  /** Whether a network was. */
  readonly loaded: boolean;
  /** Back to the initial potentials, without currents and counts. */
  rest(network: SpikingNetwork): void;
  /** Of the network that was loaded, per layer: how many synapses leave each value that they start from. */
  readonly fans: readonly Float64Array[];
  /** Runs the state whose input lies in `observations` or `inputBits`, from the potentials, currents and counts that lie in the layers. */
  run(): void;
  /** Gives the memory back. */
  free(): void;
  /** Per layer, in the engine's precision: */
  readonly layers: readonly CompiledLayer[];
  /** [input neurons], for constant input */
  readonly observations: FloatArray;
  /** [steps, plane] bits, for spiking input */
  readonly inputBits: Uint8Array;
}

export type FloatArray = Float32Array | Float64Array;

export interface CompiledLayer {
  /** [outputs padded to 4] potentials and currents before the first step ... */
  readonly initial: FloatArray;
  readonly currents: FloatArray;
  /** ... and after the last */
  readonly final: FloatArray;
  readonly finalCurrents: FloatArray;
  /** [steps, width] potentials before each step; empty if they were not to be recorded (the output layer's always are) */
  readonly values: FloatArray;
  /** [steps, plane] bytes of spike bits; empty for a layer that does not spike */
  readonly bits: Uint8Array;
  /** [width] spikes since it was last filled with 0 */
  readonly counts: Int32Array;
  /** Max pooling of spikes: [inputs] counted so far, before and after, and [windows] sent since it was last filled with 0; else empty */
  readonly poolCounts: Int32Array;
  readonly poolSent: Int32Array;
  /** [windows], for max pooling of constant input; else empty */
  readonly maxima: FloatArray;
  readonly width: number;
  readonly plane: number;
}

/** More would wait for each other too often: a layer of Nature's network is 1 to 4 ms of work for one. */
const MOST_THREADS = 4;

/** Pictures are work enough for several threads; in small networks they would only wait for each other. */
function threadsFor(network: SpikingNetwork): number {
  return network.layers.some(({ convolution }) => convolution) ? Math.min(MOST_THREADS, availableParallelism()) : 1;
}

/**
 * `record`: keep the potentials of all layers and steps; `dense`: multiply instead of adding what spiked (for comparison); `threads`: how many
 * share the work of a state, which changes no bit; `populations` false: compute the current of each neuron of a population (for comparison).
 */
export function compile(
  network: SpikingNetwork,
  element: 4 | 8,
  steps: number,
  { record = false, dense = false, threads = threadsFor(network), populations = true } = {},
): Compiled {
  const pool = acquirePool(threads);
  const spiking = spikingLayers(network);
  const inputSpikes = network.encoding !== "constant";
  const inputs = inputNeurons(network);
  const sizes = populations ? network.layers.map(populationOf) : network.layers.map(() => 1);
  const options: PlanOptions = {
    layers: network.layers.map((layer, l) => ({
      inputs: l === 0 ? inputs : layer.inputs,
      outputs: layer.outputs,
      biases: layer.biases !== null,
      steps,
      spikes: l < spiking,
      kept: record || l === network.layers.length - 1,
      convolution: layer.convolution,
      population: sizes[l],
      pooling: layer.pooling,
      dynamics: layer,
    })),
    element,
    steps,
    maxBatch: 1,
    slots: 1,
    chunk: 1,
    threads,
    control: pool.control,
    training: false,
    inputSpikes,
    dense,
  };
  let plan: Plan;
  try {
    plan = createPlan(options);
  } catch (error) {
    pool.release(); // too large for the kernels' memory
    throw error;
  }
  const { block } = plan;
  const floats = (at: number, n: number): FloatArray => (element === 4 ? block.float32(at, n) : block.float64(at, n));
  const layers = plan.layers.map((f, l): CompiledLayer => ({
    initial: floats(f.initial, f.width),
    currents: floats(f.currents, f.width),
    final: floats(f.final, f.width),
    finalCurrents: floats(f.finalCurrents, f.width),
    values: floats(f.values, f.kept ? steps * f.width : 0),
    bits: block.uint8(f.bits, f.spikes ? steps * f.plane : 0),
    counts: block.int32(f.counts, f.width),
    poolCounts: block.int32(f.poolCounts, countsSpikes(network, l) ? network.layers[l].inputs : 0),
    poolSent: block.int32(f.poolSent, countsSpikes(network, l) ? f.inputs : 0),
    maxima: floats(f.pooled, f.pooling && !countsSpikes(network, l) ? f.inputs : 0),
    width: f.width,
    plane: f.plane,
  }));
  const weights = plan.synapses.map((f, l) => floats(f.weights, plan.weightCounts[l]));
  const biases = plan.layers.map((f) => (f.biases ? floats(f.biases, f.width) : null));
  const { exports } = kernels();
  const run = element === 4 ? exports.runSingle : exports.runDouble;
  const rest = (source: SpikingNetwork): void =>
    source.layers.forEach(({ initialPotential }, l) => {
      layers[l].initial.fill(0);
      if (initialPotential) layers[l].initial.set(initialPotential);
      layers[l].currents.fill(0);
      layers[l].poolCounts.fill(0);
    });
  let fans: readonly Float64Array[] | undefined;
  return {
    steps,
    record,
    plan,
    layers,
    observations: floats(plan.observations, inputSpikes ? 0 : inputs),
    inputBits: block.uint8(plan.inputBits, inputSpikes ? steps * plan.inputPlane : 0),
    fits: (source) => !populations || source.layers.every((layer, l) => populationOf(layer) === sizes[l]),
    load(source) {
      source.layers.forEach((layer, l) => {
        placeWeights(
          synapsesOfOne(layer, sizes[l]),
          plan.synapses[l],
          l === 0 && source.signedInputs ? 2 : 1,
          weights[l],
        );
        if (layer.biases) biases[l]!.set(layer.biases);
      });
      fans = source.layers.map(fanOut);
      rest(source);
    },
    get loaded() {
      return fans !== undefined;
    },
    rest,
    get fans() {
      return fans!;
    },
    run: () => run(plan.address, 0),
    free: freeing(block, pool),
  };
}

/** Made out here, where it sees no network: the registry below keeps it, and must not keep the network with it. */
function freeing(block: Block, pool: Pool): () => void {
  return () => {
    block.free();
    pool.release();
  };
}

const compiled = { 4: new WeakMap<SpikingNetwork, Compiled>(), 8: new WeakMap<SpikingNetwork, Compiled>() };
const registry = new FinalizationRegistry<() => void>((free) => free());

/** Whether there is a layout of this network. */
export const isCompiled = (network: SpikingNetwork, element: 4 | 8): boolean => compiled[element].has(network);

/** The layout of a network, made once for a number of steps and kept as long as the network lives. `unchanged`: its weights are what they were. */
export function compiledFor(
  network: SpikingNetwork,
  element: 4 | 8,
  { steps, record, unchanged }: { steps: number; record: boolean; unchanged: boolean },
): Compiled {
  const kept = compiled[element].get(network);
  if (kept?.steps === steps && (kept.record || !record) && (unchanged || kept.fits(network))) return kept;
  if (kept) {
    registry.unregister(kept);
    kept.free();
  }
  const made = compile(network, element, steps, { record });
  compiled[element].set(network, made);
  registry.register(network, made.free, made);
  return made;
}
