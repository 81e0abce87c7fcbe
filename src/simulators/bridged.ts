import { ndarray, type NdArray, type TypedArray, type Worker } from "../bridge/index.ts";
import { UsageError } from "../errors.ts";
import type { Awaitable, Engine, Loaded, Observations, RunOptions, RunResult, SpikeEvents } from "../network/engine.ts";
import type { Mapping } from "../network/mapping.ts";
import { type Network, observationSize, spikingLayers, type SpikingNetwork } from "../network/network.ts";
import type { OnProgress } from "../progress.ts";
import { inputSpikes } from "./inputs.ts";
import { networkMessage } from "./message.ts";
import type { Settings } from "./names.ts";
import { resultOf, spikingOnly, statesOf } from "./simulation.ts";

export interface BridgedOptions {
  /** The area of methods that serves it: nest, pynn, spinnaker. */
  readonly area: string;
  /** The simulator's name on both sides. */
  readonly name: string;
  /** Further parameters of every call. */
  readonly settings: Settings;
  /** Whether `close` ends the worker. */
  readonly owned: boolean;
  readonly onProgress?: OnProgress;
  /** Further parameters of a run, which depend on what is run. */
  readonly forRun?: (network: SpikingNetwork, observations: Observations, options: RunOptions) => Awaitable<object>;
  /** A remark for the user: an unknown version of the simulator. */
  readonly onWarning?: (message: string) => void;
}

type Arrays = Readonly<Record<string, NdArray>>;

/** A simulator that lives in a Python worker. What it has loaded lives there under handles. */
export async function bridgedEngine(worker: Worker, options: BridgedOptions): Promise<Engine> {
  const { area, name, settings, owned, onProgress } = options;
  const call = (method: string, params: Record<string, unknown>, arrays: Arrays = {}) =>
    worker.call(`${area}.${method}`, { simulator: name, ...settings, ...params }, arrays, { onProgress });
  const send = async (method: string, network: Network) => {
    const { network: description, arrays } = networkMessage(spikingOnly(network, name));
    return (await call(method, { network: description }, arrays)).result;
  };
  const info = (await call("info", {})).result as { version: string; known: boolean };
  if (!info.known)
    options.onWarning?.(
      `${name} ${info.version} is not among the versions that the mapping was tested with; certify says whether it holds.`,
    );
  const handles = new Set<string>();
  const release = async (handle: string): Promise<void> => {
    if (handles.delete(handle)) await worker.call("core.release", { handle });
  };
  return {
    name,
    version: info.version,
    describe: async (network) => (await send("map", network)).mapping as Mapping,
    async load(given): Promise<Loaded> {
      const network = spikingOnly(given, name);
      const handle = (await send("load", network)).handle as string;
      handles.add(handle);
      return {
        async run(observations, runOptions = {}) {
          if (!handles.has(handle))
            throw new UsageError("NETWORK_CLOSED", "The network was closed.", { hint: "Call load(network) again." });
          const encodes = settings.input === "chip";
          const more = await options.forRun?.(network, observations, runOptions);
          return runBridged(network, observations, runOptions, { area, encodes }, (params, arrays) =>
            call("run", { handle, ...params, ...more }, arrays),
          );
        },
        close: () => release(handle),
      };
    },
    async close() {
      // The worker may be the reason for closing.
      await Promise.all([...handles].map((handle) => release(handle).catch(() => undefined)));
      if (owned) await worker.close();
    },
  };
}

/** Areas that take another current in each step. */
const STEPPED: readonly string[] = ["nest", "pynn"];

/** `encodes`: the simulator makes the input's spikes itself. */
async function runBridged(
  network: SpikingNetwork,
  observations: Observations,
  options: RunOptions,
  { area, encodes }: { readonly area: string; readonly encodes: boolean },
  call: (params: Record<string, unknown>, arrays: Arrays) => ReturnType<Worker["call"]>,
): Promise<RunResult> {
  const states = statesOf(network, observations, options, STEPPED.includes(area));
  const size = observationSize(network);
  const { generators, recordSpikes = false, steps = network.coding.steps, seed = 0 } = options;
  const params = {
    steps,
    states,
    seed: options.seed,
    generators,
    recordSpikes: recordSpikes || spikingLayers(network) === network.layers.length,
  };
  const input: Record<string, TypedArray> =
    encodes || network.coding.encoding === "constant"
      ? { inputs: observations }
      : { ...inputSpikes(network, observations, { steps, seed }) };
  const shaped = Object.entries(input).map(([key, data]) => [
    key,
    ndarray(data, key === "inputs" ? [...(options.changing ? [steps] : []), states, size] : [data.length]),
  ]);
  const { result, arrays } = await call(params, Object.fromEntries(shaped) as Arrays);
  const recorded = {
    states,
    potentials: arrays.potentials.data as Float64Array,
    maxima: arrays.maxima?.data as Float64Array | undefined,
    spikes: layersOf(arrays),
  };
  return resultOf(network, recorded, result.seconds as RunResult["seconds"], recordSpikes);
}

/** `state0, step0, neuron0, state1, ...` */
function layersOf(arrays: Arrays): SpikeEvents[] {
  const spikes: SpikeEvents[] = [];
  for (let l = 0; arrays[`state${l}`]; l++) {
    const [state, step, neuron] = ["state", "step", "neuron"].map((name) => arrays[`${name}${l}`].data as Int32Array);
    spikes.push({ state, step, neuron });
  }
  return spikes;
}
