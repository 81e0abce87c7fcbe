import { UsageError } from "../../errors.ts";
import { argmax } from "../../network/decide.ts";
import { chooseActions, decode } from "../../network/decoding.ts";
import { encoder, inputValues } from "../../network/encoding.ts";
import type { LoadedHere, RunOptions, RunResult, SpikeEvents } from "../../network/engine.ts";
import { outputsOf } from "../../network/layer.ts";
import { actionsOf, observationSize, type SpikingNetwork, spikingLayers } from "../../network/network.ts";
import { spikeCollector } from "../../network/spikes.ts";
import { copyState, createState, inputNeurons, type NetworkState } from "../../network/state.ts";
import { fanOut } from "../../network/synapses.ts";
import { validateRun } from "../../network/validate.ts";
import { countWork } from "../../network/work.ts";
import { runChanging } from "../changing.ts";
import { compile, type Compiled, type CompiledLayer, type FloatArray } from "./compiled.ts";
import { freeAfter } from "./kernels/memory.ts";

/** A spiking network on the kernels. The network must be valid, and nobody else's to change. */
export function loadSpiking(network: SpikingNetwork, element: 4 | 8): LoadedHere {
  const { coding } = network;
  const plans = createPlans(network, element);
  const size = observationSize(network);
  const round = element === 4 ? Math.fround : (x: number): number => x;
  /** Decisions that take nothing more than the kernel. */
  const light = coding.encoding === "constant" && coding.decoding === "potential" && !coding.signedInputs;
  let values: ArrayLike<number> = new Float64Array(actionsOf(network));
  let fans: Float64Array[] | undefined;

  const run = (observations: FloatArray, options: RunOptions = {}): RunResult => {
    if (options.changing) return runChanging(network, observations, options, run);
    const batch = validateRun(network, observations, options);
    const compiled = plans.get(options.steps ?? coding.steps, options.recordPotentials === true);
    fans ??= network.layers.map(fanOut);
    return runBatch(network, compiled, { observations, options, batch, round, fans });
  };
  return freeAfter(
    {
      run,
      decide(observation, seed) {
        if (observation.length !== size) throw mismatch(observation.length, size);
        if (!light) {
          const { outputs, actions } = run(Float64Array.from(observation), { seed });
          values = outputs;
          return actions[0];
        }
        const { observations, counters, potentials, run: runState } = plans.plain();
        for (let i = 0; i < size; i++) observations[i] = observation[i];
        for (const counts of counters) counts.fill(0);
        runState();
        values = potentials;
        return argmax(potentials, 0, potentials.length, coding.ties);
      },
      get values() {
        return values;
      },
      close: () => plans.free(),
    },
    plans.free,
  );
}

/** Plans of one network: one for its own number of steps, and one for whatever else was last asked for. */
function createPlans(network: SpikingNetwork, element: 4 | 8) {
  const { steps } = network.coding;
  let own: Compiled | undefined;
  let other: Compiled | undefined;
  let closed = false;
  const make = (options: { steps: number; record: boolean }): Compiled => {
    if (closed) throw new UsageError("NETWORK_CLOSED", "The network was closed.");
    return compile(network, element, options);
  };
  const plain = (): Compiled => (own ??= make({ steps, record: false }));
  return {
    plain,
    get(wanted: number, record: boolean): Compiled {
      if (wanted === steps && !record) return plain();
      if (other?.steps === wanted && (other.record || !record)) return other;
      other?.free();
      other = undefined; // should there be no room for the next
      return (other = make({ steps: wanted, record }));
    },
    free(): void {
      own?.free();
      other?.free();
      own = other = undefined;
      closed = true;
    },
  };
}

export function mismatch(values: number, size: number): UsageError {
  return new UsageError("OBSERVATION_MISMATCH", `An observation has ${values} values instead of ${size}.`);
}

interface Batch {
  readonly observations: FloatArray;
  readonly options: RunOptions;
  readonly batch: number;
  readonly round: (x: number) => number;
  readonly fans: readonly Float64Array[];
}

function runBatch(network: SpikingNetwork, compiled: Compiled, task: Batch): RunResult {
  const { options, batch, fans } = task;
  const { coding } = network;
  const { steps, layers } = compiled;
  const actions = actionsOf(network);
  const keep = options.state !== undefined || options.keepState === true;
  const stateful = keep || coding.encoding === "poisson" || coding.encoding === "equidistant-original";
  const state = options.state
    ? copyState(network, batch, options.state)
    : createState(network, stateful ? batch : 0, options.seed);
  const [outputs, potentials] = [new Float64Array(batch * actions), new Float64Array(batch * actions)];
  const recorder = createRecorder(network, compiled, options, batch);
  const top = layers[layers.length - 1];
  const trace = { steps, potential: top.potential, spike: top.spike };
  for (let b = 0; b < batch; b++) {
    encode(network, compiled, task, b, state, recorder.inputCounts);
    if (options.state) enter(layers, state, b);
    else for (const counts of compiled.counters) counts.fill(0);
    compiled.run();
    if (keep) leave(compiled, state, b);
    decode(coding.decoding, trace, outputs.subarray(b * actions, (b + 1) * actions));
    potentials.set(compiled.potentials, b * actions);
    recorder.record(b);
  }
  if (options.state) compiled.rest();
  return {
    outputs,
    potentials,
    actions: chooseActions(network, outputs, potentials, batch),
    ...recorder.results(fans),
    state: keep ? { ...state, step: state.step + steps } : undefined,
  };
}

/** Takes what was asked for out of the kernels' memory, state by state, and counts what work is made of. */
function createRecorder(network: SpikingNetwork, { layers, steps }: Compiled, options: RunOptions, batch: number) {
  const spiking = layers.slice(0, spikingLayers(network));
  const widths = network.layers.map(outputsOf);
  const inputCounts = new Float64Array(inputNeurons(network));
  const pooledCounts = new Float64Array(layers[0].pooled.length);
  const collectors = options.recordSpikes ? spiking.map(() => spikeCollector()) : undefined;
  const membranes = options.recordPotentials ? widths.map((n) => new Float64Array(batch * steps * n)) : undefined;
  /** Of layers whose neurons send several spikes in a step: in how many steps each sent any. */
  const active = new Map(
    spiking.flatMap(({ several }, l) => (several ? [[l, new Float64Array(widths[l])] as const] : [])),
  );
  for (const { counts, poolSent } of layers) {
    counts.fill(0);
    poolSent.fill(0);
  }
  return {
    inputCounts,
    record(b: number): void {
      for (let w = 0; w < pooledCounts.length; w++) pooledCounts[w] += Number(layers[0].pooled[w] !== 0);
      collectors?.forEach(({ push }, l) =>
        eachSpike(layers[l], steps, (t, j) => {
          for (let n = layers[l].several ? layers[l].spike(t, j) : 1; n > 0; n--) push(b, t, j);
        }),
      );
      for (const [l, counts] of active) eachSpike(layers[l], steps, (_, j) => counts[j]++);
      membranes?.forEach((into, l) => {
        for (let t = 0, to = b * steps * widths[l]; t < steps; t++)
          for (let j = 0; j < widths[l]; j++) into[to++] = layers[l].potential(t, j);
      });
    },
    results(fans: readonly Float64Array[]) {
      const spikeCounts = spiking.map(({ counts }) => Float64Array.from(counts));
      const arrivals = network.layers.map(({ pooling }, l) => {
        if (pooling) return l === 0 && pooledCounts.length > 0 ? pooledCounts : layers[l].poolSent;
        return l === 0 ? inputCounts : (active.get(l - 1) ?? spikeCounts[l - 1]);
      });
      const work = countWork(network, batch, arrivals, spikeCounts, fans);
      return { spikeCounts, work, spikes: collectors?.map((each): SpikeEvents => each.events()), membranes };
    },
  };
}

function eachSpike({ bits, plane }: CompiledLayer, steps: number, visit: (step: number, neuron: number) => void): void {
  for (let t = 0; t < steps; t++)
    for (let k = 0; k < plane; k++)
      for (let byte = bits[t * plane + k], j = 8 * k; byte !== 0; byte >>= 1, j++) if (byte & 1) visit(t, j);
}

/** The input of one state: its currents, or the bits of its spikes in every step. */
function encode(
  network: SpikingNetwork,
  compiled: Compiled,
  { observations, round }: Batch,
  b: number,
  state: NetworkState,
  counts: Float64Array,
): void {
  const { coding } = network;
  if (coding.encoding === "constant") {
    const input = compiled.observations;
    const size = observationSize(network);
    if (coding.signedInputs) input.set(inputValues(network, observations, b, round));
    else input.set(observations.subarray(b * size, (b + 1) * size));
    for (let i = 0; i < input.length; i++) counts[i] += input[i] === 0 ? 0 : 1;
    return;
  }
  const values = inputValues(network, observations, b, round);
  const { inputBits, steps } = compiled;
  const { inputPlane } = compiled.plan;
  const step = encoder(network, values, b, state, round);
  const input = new Float64Array(values.length);
  inputBits.fill(0);
  for (let t = 0; t < steps; t++) {
    step(state.step + t, input);
    for (let i = 0; i < input.length; i++) {
      if (input[i] === 0) continue;
      inputBits[t * inputPlane + (i >> 3)] |= 1 << (i & 7);
      counts[i]++;
    }
  }
}

/** Element b of a state's batch. */
const part = (of: Float64Array, batch: number, b: number): Float64Array =>
  of.subarray((b * of.length) / batch, ((b + 1) * of.length) / batch);

function enter(layers: readonly CompiledLayer[], { batch, layers: states }: NetworkState, b: number): void {
  states.forEach(({ potential, current, counts, spikes }, l) => {
    layers[l].initial.set(part(potential, batch, b));
    layers[l].before.set(part(spikes, batch, b));
    layers[l].poolCounts.set(part(counts, batch, b));
    if (layers[l].currents.length) layers[l].currents.set(part(current, batch, b));
  });
}

function leave({ layers, steps }: Compiled, { batch, layers: states }: NetworkState, b: number): void {
  states.forEach(({ potential, current, counts, spikes }, l) => {
    const sent = part(spikes, batch, b);
    for (let j = 0; j < sent.length; j++) sent[j] = layers[l].bits.length ? layers[l].spike(steps - 1, j) : 0;
    const [v, i] = [part(potential, batch, b), part(current, batch, b)];
    v.set(layers[l].final.subarray(0, v.length));
    if (layers[l].finalCurrents.length) i.set(layers[l].finalCurrents.subarray(0, i.length));
    part(counts, batch, b).set(layers[l].poolCounts);
  });
}
