import { UsageError } from "../../errors.ts";
import { chooseActions, decode } from "../../network/decoding.ts";
import { encoder, inputValues } from "../../network/encoding.ts";
import type { LocalEngine, RunOptions, RunResult } from "../../network/engine.ts";
import { outputsOf } from "../../network/layer.ts";
import {
  actionsOf,
  isSpiking,
  type Network,
  observationSize,
  type SpikingNetwork,
  spikingLayers,
} from "../../network/network.ts";
import { type Arithmetic, float32, float64 } from "../../network/neurons/index.ts";
import { packParameters, withParameters } from "../../network/parameters.ts";
import { spikeCollector } from "../../network/spikes.ts";
import { copyState, createState } from "../../network/state.ts";
import { validateNetwork, validateRun } from "../../network/validate.ts";
import { countWork } from "../../network/work.ts";
import { packageVersion } from "../../setup/version.ts";
import { runChanging } from "../changing.ts";
import { ownMapping } from "../mapping.ts";
import { runningLayers, runState } from "./spiking.ts";
import { layerPasses, rows } from "./values.ts";

/**
 * The engine that defines what a network means, in float64: written to be read. Its neurons' equations are in
 * network/neurons.
 */
export const referenceEngine: LocalEngine = referenceIn(float64);

/** The same in float32, every operation rounded: what the fast engine must equal bit for bit. */
export const referenceEngine32: LocalEngine = referenceIn(float32);

function referenceIn(arithmetic: Arithmetic): LocalEngine {
  const { precision } = arithmetic;
  return {
    name: "reference",
    version: packageVersion(),
    precision,
    describe(network) {
      validateNetwork(network);
      return ownMapping("reference", precision, network);
    },
    load(given) {
      validateNetwork(given);
      const network = withParameters(given, packParameters(given));
      let values: ArrayLike<number> = new Float64Array(actionsOf(network));
      const run = (observations: Float32Array | Float64Array, options: RunOptions = {}): RunResult => {
        if (options.changing) return runChanging(network, observations, options, run);
        const batch = validateRun(network, observations, options);
        return isSpiking(network)
          ? runSpiking(network, observations, options, batch, arithmetic)
          : runPlain(network, observations, batch, arithmetic);
      };
      return {
        run,
        decide(observation, seed) {
          if (observation.length !== observationSize(network))
            throw new UsageError(
              "OBSERVATION_MISMATCH",
              `An observation has ${observation.length} values instead of ${observationSize(network)}.`,
            );
          const { outputs, actions } = run(Float64Array.from(observation), { seed });
          values = outputs;
          return actions[0];
        },
        get values() {
          return values;
        },
        close() {},
      };
    },
    close() {},
  };
}

function runPlain(network: Network, observations: ArrayLike<number>, batch: number, arithmetic: Arithmetic): RunResult {
  const passes = layerPasses(network, observations, batch, arithmetic);
  const outputs = passes[passes.length - 1].y;
  const arrivals = passes.map(({ x }) => {
    const counts = new Float64Array(x.length / batch);
    x.forEach((value, k) => (counts[k % counts.length] += Number(value !== 0)));
    return counts;
  });
  const actions = chooseActions(network, outputs, outputs, batch);
  return { outputs, potentials: outputs, actions, spikeCounts: [], work: countWork(network, batch, arrivals, []) };
}

function runSpiking(
  network: SpikingNetwork,
  observations: ArrayLike<number>,
  options: RunOptions,
  batch: number,
  arithmetic: Arithmetic,
): RunResult {
  const { layers, coding } = network;
  const { steps = coding.steps, seed = 0 } = options;
  const { round } = arithmetic;
  const state = options.state ? copyState(network, batch, options.state) : createState(network, batch, seed);
  const outputs = new Float64Array(batch * actionsOf(network));
  const kept = keeper(network, options, batch, steps);
  for (let b = 0; b < batch; b++) {
    const encode = encoder(network, inputValues(network, observations, b, round), b, state, round);
    const running = runningLayers(network, state, b);
    const { v, s } = running[layers.length - 1];
    const [trace, spikes] = [new Float64Array(steps * v.length), new Float64Array(steps * v.length)];
    runState(network, running, { encode, firstStep: state.step, steps, arithmetic }, (t, l) => {
      kept.keep(b, t, l, running[l]);
      if (l < layers.length - 1) return;
      trace.set(v, t * v.length);
      spikes.set(s, t * v.length);
    });
    const [potential, spike] = [trace, spikes].map((of) => (t: number, a: number) => of[t * v.length + a]);
    decode(coding.decoding, { steps, potential, spike }, rows(outputs, batch)(b));
  }
  const potentials = state.layers[layers.length - 1].potential.slice();
  return {
    outputs,
    potentials,
    actions: chooseActions(network, outputs, potentials, batch),
    ...kept.results(),
    state: options.state || options.keepState ? { ...state, step: state.step + steps } : undefined,
  };
}

/** Keeps of a run what was asked for, and counts what work is made of. */
function keeper(network: SpikingNetwork, { recordSpikes, recordPotentials }: RunOptions, batch: number, steps: number) {
  const { layers, coding } = network;
  const counts = layers.slice(0, spikingLayers(network)).map((layer) => new Float64Array(outputsOf(layer)));
  const collectors = recordSpikes ? counts.map(() => spikeCollector()) : undefined;
  const membranes = recordPotentials
    ? layers.map((layer) => new Float64Array(batch * steps * outputsOf(layer)))
    : undefined;
  const arrivals: Float64Array[] = [];
  return {
    keep(b: number, t: number, l: number, { v, x, s }: { v: Float64Array; x: Float64Array; s: Float64Array }): void {
      arrivals[l] ??= new Float64Array(x.length);
      const once = l === 0 && coding.encoding === "constant"; // the same current in every step
      if (!once || t === 0) for (let p = 0; p < x.length; p++) arrivals[l][p] += Number(x[p] !== 0);
      for (let j = 0; l < counts.length && j < s.length; j++) {
        if (s[j] === 0) continue;
        counts[l][j] += s[j];
        for (let n = 0; collectors && n < s[j]; n++) collectors[l].push(b, t, j); // one entry for each of several spikes
      }
      membranes?.[l].set(v, (b * steps + t) * v.length);
    },
    results: () => ({
      spikeCounts: counts,
      work: countWork(network, batch, arrivals, counts),
      spikes: collectors?.map((collector) => collector.events()),
      membranes,
    }),
  };
}
