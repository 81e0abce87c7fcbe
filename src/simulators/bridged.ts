import { ndarray, type NdArray, type TypedArray, type Worker } from "../bridge/index.ts";
import { DsqnError } from "../errors.ts";
import type { OnProgress } from "../progress.ts";
import type { SpikeEvents } from "../network/engine.ts";
import { observationSize, spikingLayers, type SpikingNetwork } from "../network/old/spiking-network.ts";
import { decode } from "./decode.ts";
import { inputSpikes } from "./inputs.ts";
import { networkMessage } from "./message.ts";
import type { Mapping, SimulationOptions, SimulationResult, Simulator } from "./simulator.ts";

export interface BridgedOptions {
  /** The area of methods that serves it: nest, pynn, spinnaker. */
  readonly area: string;
  /** The simulator's name on both sides. */
  readonly name: string;
  /** Further parameters of `load` (a board's address, time-outs). */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** Whether `close` ends the worker. */
  readonly owned: boolean;
  readonly onProgress?: OnProgress;
  /** A remark for the user: an unknown version of the simulator. */
  readonly onWarning?: (message: string) => void;
}

/** A simulator that lives in a Python worker. */
export async function bridgedSimulator(worker: Worker, options: BridgedOptions): Promise<Simulator> {
  const call = (method: string, params: Record<string, unknown>, arrays: Record<string, NdArray> = {}) =>
    worker.call(`${options.area}.${method}`, { simulator: options.name, ...options.settings, ...params }, arrays, {
      onProgress: options.onProgress,
    });
  const info = (await call("info", {})).result as { version: string; known: boolean };
  if (!info.known)
    options.onWarning?.(
      `${options.name} ${info.version} is not among the versions that the mapping was tested with; certify says whether it holds.`,
    );
  let loaded: { network: SpikingNetwork; handle: string } | undefined;

  const release = async (): Promise<void> => {
    if (loaded) await worker.call("core.release", { handle: loaded.handle });
    loaded = undefined;
  };
  return {
    name: options.name,
    version: info.version,
    async map(network) {
      const { network: description, arrays } = networkMessage(network);
      return (await call("map", { network: description }, arrays)).result.mapping as Mapping;
    },
    async load(network) {
      await release();
      const { network: description, arrays } = networkMessage(network);
      const { result } = await call("load", { network: description }, arrays);
      loaded = { network, handle: result.handle as string };
    },
    async run(inputs, runOptions = {}) {
      if (!loaded)
        throw new DsqnError("NETWORK_NOT_LOADED", `${options.name} has no network yet.`, {
          hint: "Call load(network) first.",
        });
      const { network, handle } = loaded;
      const message = inputMessage(network, inputs, runOptions, options.settings?.input === "chip");
      const { generators, recordSpikes = true, steps = network.steps } = runOptions;
      const params = {
        handle,
        steps,
        states: message.states,
        seed: runOptions.seed,
        generators,
        recordSpikes: recordSpikes || spikingLayers(network) === network.layers.length,
      };
      const { result, arrays } = await call("run", params, message.arrays);
      return simulationResult(network, message.states, result.seconds as SimulationResult["seconds"], arrays);
    },
    async close() {
      await release().catch(() => undefined); // the worker may be the reason for closing
      if (options.owned) await worker.close();
    },
  };
}

/** Observations as they are under constant input or where the simulator `encodes` them, else the spikes that our encoders make of them. */
function inputMessage(
  network: SpikingNetwork,
  inputs: Float32Array | Float64Array,
  { steps = network.steps, seed = 0 }: SimulationOptions,
  encodes: boolean,
): { states: number; arrays: Record<string, NdArray> } {
  const size = observationSize(network);
  const states = inputs.length / size;
  if (!Number.isInteger(states) || states === 0)
    throw new DsqnError(
      "SHAPE_MISMATCH",
      `${inputs.length} values are not a whole number of observations of length ${size}.`,
      {
        hint: `Give inputs of shape [states, ${size}].`,
      },
    );
  if (encodes || network.encoding === "constant")
    return { states, arrays: { inputs: ndarray(inputs as TypedArray, [states, size]) } };
  const spikes = inputSpikes(network, inputs, { steps, seed });
  return {
    states,
    arrays: {
      state: ndarray(spikes.state as TypedArray),
      step: ndarray(spikes.step as TypedArray),
      neuron: ndarray(spikes.neuron as TypedArray),
    },
  };
}

function simulationResult(
  network: SpikingNetwork,
  states: number,
  seconds: SimulationResult["seconds"],
  arrays: Record<string, NdArray>,
): SimulationResult {
  const spikes: SpikeEvents[] = [];
  for (let l = 0; arrays[`state${l}`]; l++)
    spikes.push({
      state: arrays[`state${l}`].data as Int32Array,
      step: arrays[`step${l}`].data as Int32Array,
      neuron: arrays[`neuron${l}`].data as Int32Array,
    });
  const potentials = arrays.potentials.data as Float64Array;
  const maxima = arrays.maxima?.data as Float64Array | undefined;
  const output = spikes.length === network.layers.length ? spikes.at(-1) : undefined;
  return { spikes, potentials, seconds, ...decode(network, { states, potentials, maxima, spikes: output }) };
}
