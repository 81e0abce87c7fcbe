import type { Observations, RunOptions, SpikeEvents } from "../../network/engine.ts";
import { columnsOf, outputsOf, type SpikingLayer, synapticInputs } from "../../network/layer.ts";
import { observationSize, type SpikingNetwork } from "../../network/network.ts";
import { fanOut, forEachRun } from "../../network/synapses.ts";
import { Random } from "../../numeric/random.ts";
import { inputSpikes } from "../inputs.ts";
import type { Settings } from "../names.ts";
import { fixedPointTwin, type FixedPointOptions } from "../twins/fixed-point.ts";
import type { BoardOptions } from "./board.ts";

/** Of a core at 200 MHz: in one step of 1 ms, at time scale factor 1. */
export const CYCLES_OF_A_STEP = 200_000;

/**
 * What a step costs a core in cycles. Fitted to what the emulated board counts for sPyNNaker 7.4.1's own IF_curr_delta.aplx
 * with its table of an ARM968's costs, within 5 % of the busiest steps of cartpole-dqn-converted (339,226 cycles),
 * mountaincar-dqn-converted (376,220) and cartpole-snn-classifier (79,126). With 128 synapses to a row 41 cycles per event
 * in all, where real boards were measured at 5,000 events per ms and core, 40 each (Rhodes et al. 2018, Frontiers in
 * Neuroscience 12:816). Never compared with a real board here.
 */
const COST = { step: 1000, neuron: 200, row: 1450, event: 30 } as const;

/** What of a step a core may use: the rest is for what the table can't know (SDRAM shared by 18 cores, waits). */
const USABLE = 0.8;

/** Neurons of a population on one core. */
const NEURONS_PER_CORE = 256;

/** How long the busiest step of a layer's busiest core takes. */
export interface LayerTime {
  readonly layer: number;
  readonly cycles: number;
  /** Synaptic events of that core in that step. */
  readonly events: number;
}

/** What a network needs to keep up with the clock. */
export interface RealTime {
  /** In 16 of its observations, or in those given, by the twin. */
  readonly timeScaleFactor: number;
  /** Whatever spikes: were every source to spike in one step. */
  readonly timeScaleFactorAlways: number;
  /** Neurons per core with which the busiest step fits into 1 ms; 0 where no number of them helps. */
  readonly neuronsPerCore: number;
  readonly layers: readonly LayerTime[];
}

/** The factor by which the machine has to run slower than 1 ms per step, where a step takes a core so many cycles. */
export const timeScaleFactorFor = (cycles: number): number =>
  Math.max(1, Math.ceil(cycles / (USABLE * CYCLES_OF_A_STEP)));

/** By the twin, of the states given, all on the machine at once, or of 16 drawn ones, one by one. */
export async function realTimeOf(
  network: SpikingNetwork,
  options: FixedPointOptions & {
    readonly observations?: Observations;
    readonly steps?: number;
    readonly seed?: number;
  } = {},
): Promise<RealTime> {
  const { observations, steps: _, seed = 0, ...settings } = options;
  const size = observationSize(network);
  const states = observations ?? drawnStates(network);
  const steps = machineSteps(network, options.steps ?? network.coding.steps);
  const twin = await fixedPointTwin(settings).load(network);
  const run = await twin.run(states, { steps, seed, recordSpikes: true });
  const input = network.coding.encoding === "constant" ? undefined : inputSpikes(network, states, { steps, seed });
  const spikes = [input, ...(run.spikes ?? [])];
  const copies = observations ? states.length / size : 1;
  const layers = network.layers.map((layer, l) => ({
    layer: l,
    ...busiest(layer, copies, spikes[l], observations !== undefined),
  }));
  const always = network.layers.map((layer, l) => {
    const all = l === 0 && input === undefined ? 0 : mostEvents(layer);
    return cyclesOf(Math.min(NEURONS_PER_CORE, outputsOf(layer)), all, synapticInputs(layer));
  });
  const most = Math.max(...layers.map(({ cycles }) => cycles));
  return {
    timeScaleFactor: timeScaleFactorFor(most),
    timeScaleFactorAlways: timeScaleFactorFor(Math.max(...always)),
    neuronsPerCore: neuronsThatFit(layers, network),
    layers,
  };
}

/**
 * For each run on a board the time scale factor that it needs, by the twin beforehand: with `timeScaleFactor` among the
 * settings, that one.
 */
export function keepingUp(settings: Settings, onWarning?: (message: string) => void) {
  const { timeScaleFactor, tauM, hardReset, input } = settings as FixedPointOptions & BoardOptions;
  let told = 1;
  return async (network: SpikingNetwork, observations: Observations, run: RunOptions): Promise<object> => {
    if (timeScaleFactor !== undefined) return { timeScaleFactor };
    const { steps, seed } = run;
    const needed = await realTimeOf(network, {
      ...{ tauM, hardReset, poissonOnChip: input === "chip" },
      ...{ observations, steps, seed },
    });
    if (needed.timeScaleFactor > told) {
      told = needed.timeScaleFactor;
      onWarning?.(`The board runs ${told} times slower than 1 ms per step: ${busiestOf(needed)}.`);
    }
    return { timeScaleFactor: needed.timeScaleFactor };
  };
}

/** In words. */
export function busiestOf({ layers }: RealTime): string {
  const { layer, cycles, events } = layers.reduce((a, b) => (b.cycles > a.cycles ? b : a));
  const percent = Math.round((100 * cycles) / CYCLES_OF_A_STEP);
  return `a core of layer ${layer} has ${events} synaptic events in its busiest step, which take ${percent} % of a millisecond`;
}

/** Runs go on to a multiple of 16 steps, and time is needed in all of them. */
const machineSteps = ({ layers }: SpikingNetwork, steps: number): number =>
  16 * Math.ceil((steps + layers.length + 1) / 16);

const cyclesOf = (neurons: number, events: number, rows: number): number =>
  COST.step + neurons * COST.neuron + rows * COST.row + events * COST.event;

/** Events and rows shrink with a core's neurons, what a row costs does not. */
function neuronsThatFit(layers: readonly (LayerTime & { rows: number })[], network: SpikingNetwork): number {
  for (let neurons = NEURONS_PER_CORE; neurons >= 1; neurons = Math.floor(neurons / 2)) {
    const fits = layers.every(({ events, rows }, l) => {
      const own = Math.min(NEURONS_PER_CORE, outputsOf(network.layers[l]));
      const share = Math.min(1, neurons / own);
      return cyclesOf(own * share, events * share, rows) <= USABLE * CYCLES_OF_A_STEP;
    });
    if (fits) return neurons;
  }
  return 0;
}

/** Of all steps of all states the one that costs a core most; `together`: the states are side by side on the machine. */
function busiest(
  layer: SpikingLayer,
  copies: number,
  spikes: SpikeEvents | undefined,
  together: boolean,
): { cycles: number; events: number; rows: number } {
  const size = outputsOf(layer);
  const neurons = Math.min(NEURONS_PER_CORE, size * copies);
  const none = { cycles: cyclesOf(neurons, 0, 0), events: 0, rows: 0 };
  if (!spikes) return none;
  const cores = Math.ceil((size * copies) / NEURONS_PER_CORE);
  const slots = new Map<number, { events: Float64Array; rows: number }>();
  spikes.neuron.forEach((source, k) => {
    const key = together ? spikes.step[k] : spikes.state[k] * 1e6 + spikes.step[k];
    const slot = slots.get(key) ?? { events: new Float64Array(cores), rows: 0 };
    slots.set(key, slot);
    slot.rows++;
    addEvents(layer, source, together ? spikes.state[k] * size : 0, slot.events);
  });
  let most = none;
  for (const { events, rows } of slots.values()) {
    const largest = events.reduce((a, b) => Math.max(a, b));
    const cycles = cyclesOf(neurons, largest, rows);
    if (cycles > most.cycles) most = { cycles, events: largest, rows };
  }
  return most;
}

/** A source's synapses, counted by the core that its targets are on. */
function addEvents(layer: SpikingLayer, source: number, offset: number, events: Float64Array): void {
  const add = (first: number, count: number): void => {
    for (let from = first; from < first + count;) {
      const core = Math.floor(from / NEURONS_PER_CORE);
      const end = Math.min(first + count, (core + 1) * NEURONS_PER_CORE);
      events[core] += end - from;
      from = end;
    }
  };
  const { synapses } = layer;
  if (synapses.kind === "convolution") forEachRun(synapses, source, (target) => add(offset + target, columnsOf(layer)));
  else add(offset, outputsOf(layer));
}

/** Were every source to spike in one step: synapses of one core. */
function mostEvents(layer: SpikingLayer): number {
  const all = fanOut(layer).reduce((sum, synapses) => sum + synapses, 0);
  return all * Math.min(1, NEURONS_PER_CORE / outputsOf(layer));
}

/** 16 observations: what games show, pixels up to 255, or values up to 1. */
function drawnStates(network: SpikingNetwork): Float32Array {
  const random = Random.stream(0, "real time");
  const size = observationSize(network);
  const images = network.input.length === 3;
  return Float32Array.from({ length: 16 * size }, () => (images ? 255 * random.uniform() : 2 * random.uniform() - 1));
}
