import { kernels } from "../../kernels/module.ts";
import { createPlan, type Plan } from "../../kernels/plan.ts";
import { type SpikingNetwork, spikingLayers } from "../network.ts";
import { inputNeurons } from "../state.ts";

/** A network laid out in the kernels' memory for running one state at a time. */
export interface Compiled {
  readonly steps: number;
  readonly plan: Plan;
  /** Copies the network's weights, biases and initial potentials there. */
  load(network: SpikingNetwork): void;
  /** Runs the state whose input lies in `observations` or `inputBits`. */
  run(): void;
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
  /** [steps, width] potentials before each step */
  readonly values: FloatArray;
  /** [steps, plane] bytes of spike bits; empty for a layer that does not spike */
  readonly bits: Uint8Array;
  /** [width] spikes since it was last filled with 0 */
  readonly counts: Int32Array;
  readonly width: number;
  readonly plane: number;
}

export function compile(network: SpikingNetwork, element: 4 | 8, steps: number, dense = false): Compiled {
  const spiking = spikingLayers(network);
  const inputSpikes = network.encoding !== "constant";
  const inputs = inputNeurons(network);
  const plan = createPlan({
    layers: network.layers.map((layer, l) => ({
      inputs: l === 0 ? inputs : layer.inputs,
      outputs: layer.outputs,
      biases: layer.biases !== null,
      steps,
      spikes: l < spiking,
      dynamics: layer,
    })),
    element,
    steps,
    maxBatch: 1,
    slots: 1,
    chunk: 1,
    threads: 1,
    training: false,
    inputSpikes,
    dense,
  });
  const { block } = plan;
  const floats = (at: number, n: number): FloatArray => (element === 4 ? block.float32(at, n) : block.float64(at, n));
  const layers = plan.layers.map((f): CompiledLayer => ({
    initial: floats(f.initial, f.width),
    currents: floats(f.currents, f.width),
    final: floats(f.final, f.width),
    finalCurrents: floats(f.finalCurrents, f.width),
    values: floats(f.values, steps * f.width),
    bits: block.uint8(f.bits, f.spikes ? steps * f.plane : 0),
    counts: block.int32(f.counts, f.width),
    width: f.width,
    plane: f.plane,
  }));
  const weights = plan.layers.map((f) => floats(f.weights, f.inputs * f.width));
  const biases = plan.layers.map((f) => (f.biases ? floats(f.biases, f.width) : null));
  const { exports } = kernels();
  const run = element === 4 ? exports.runSingle : exports.runDouble;
  return {
    steps,
    plan,
    layers,
    observations: floats(plan.observations, inputSpikes ? 0 : inputs),
    inputBits: block.uint8(plan.inputBits, inputSpikes ? steps * plan.inputPlane : 0),
    load(source) {
      source.layers.forEach((layer, l) => {
        const { width } = layers[l];
        spread(layer.weights, layer.outputs, width, weights[l]);
        // The second half of signed inputs: their negative parts, through negated weights.
        if (l === 0 && source.signedInputs) {
          const half = weights[0].subarray(layer.inputs * width);
          spread(layer.weights, layer.outputs, width, half);
          for (let k = 0; k < half.length; k++) half[k] = -half[k];
        }
        if (layer.biases) biases[l]!.set(layer.biases);
        layers[l].initial.fill(0);
        if (layer.initialPotential) layers[l].initial.set(layer.initialPotential);
        layers[l].currents.fill(0);
      });
    },
    run: () => run(plan.address, 0),
  };
}

/** Rows of `columns` values to rows of `width`. */
function spread(from: Float32Array, columns: number, width: number, to: FloatArray): void {
  if (columns === width) return to.set(from);
  for (let row = 0, at = 0; at < from.length; row += width) for (let j = 0; j < columns; j++) to[row + j] = from[at++];
}

const compiled = { 4: new WeakMap<SpikingNetwork, Compiled>(), 8: new WeakMap<SpikingNetwork, Compiled>() };
const registry = new FinalizationRegistry<() => void>((free) => free());

/** The layout of a network, made once for a number of steps and kept as long as the network lives. */
export function compiledFor(network: SpikingNetwork, element: 4 | 8, steps: number): Compiled {
  const kept = compiled[element].get(network);
  if (kept?.steps === steps) return kept;
  if (kept) {
    registry.unregister(kept);
    kept.plan.block.free();
  }
  const made = compile(network, element, steps);
  compiled[element].set(network, made);
  const { block } = made.plan;
  registry.register(network, () => block.free(), made);
  return made;
}
