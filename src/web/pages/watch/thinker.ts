import {
  actionsOf,
  fastEngine,
  type LoadedHere,
  observationSize,
  referenceEngine,
  type RunResult,
  type SpikingNetwork,
} from "../../index.ts";
import { type Rows, rowsOf } from "./rows.ts";
import type { Stage } from "./stage.ts";

/** An agent in its world: what it sees, what it decides, and why. */
export interface Thinker {
  readonly network: SpikingNetwork;
  readonly stage: Stage;
  readonly rows: Rows;
  /** States that the agent visits, for everything that is measured on more than one. */
  readonly states: Float32Array;
  /** Time steps of a decision; may be changed. */
  steps: number;
  /** Thinks about what is there now, without acting. */
  think(): RunResult;
  close(): void;
}

/** States that costs are measured on. */
const SAMPLE = 96;

/** `kernels`: whether the fast engine runs here; else the reference does, which needs no WebAssembly. */
export function thinkerOf(network: SpikingNetwork, stage: Stage, kernels: boolean): Thinker {
  if (actionsOf(network) !== stage.actions.length)
    throw new Error(
      `The network chooses among ${actionsOf(network)} actions, and ${stage.id} has ${stage.actions.length}.`,
    );
  const loaded: LoadedHere = (kernels ? fastEngine() : referenceEngine).load(network);
  const states = visited(loaded, stage, observationSize(network), stage.recorded ? 24 : SAMPLE);
  const { spikeCounts } = loaded.run(states, {});
  return {
    network,
    stage,
    states,
    rows: rowsOf(spikeCounts),
    steps: network.coding.steps,
    think() {
      return loaded.run(stage.observation(), { steps: this.steps, recordSpikes: !stage.recorded });
    },
    close: () => loaded.close(),
  };
}

/** An episode by the agent itself, every few steps. */
function visited(loaded: LoadedHere, stage: Stage, size: number, count: number): Float32Array {
  const states = new Float32Array(count * size);
  const apart = stage.recorded ? 12 : 2;
  let observation = stage.reset(1000);
  for (let step = 0, kept = 0, seed = 1001; kept < count; step++) {
    if (step % apart === 0) states.set(observation, size * kept++);
    const { observation: next, ended } = stage.step(stage.recorded ? 0 : loaded.decide(observation));
    observation = ended ? stage.reset(seed++) : next;
  }
  return states;
}
