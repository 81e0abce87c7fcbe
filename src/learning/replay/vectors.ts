import type { Stored } from "../algorithm.ts";
import { scaleObservations, type Scaling } from "../scaling.ts";
import { ReplayMemory } from "./memory.ts";
import { NStepWindow, type SavedWindow } from "./n-step.ts";
import type { Prioritisation, Replay } from "./replay.ts";

export interface VectorReplayOptions {
  readonly environments: number;
  readonly observationSize: number;
  readonly capacity: number;
  readonly prioritisation?: Prioritisation;
  readonly nStep: number;
  readonly gamma: number;
  /** What a time limit cuts is forgotten, instead of bootstrapped. */
  readonly dropTruncated: boolean;
  readonly scaling?: Scaling;
}

/** Transitions between observations that are lists of values, scaled before they are stored. */
export function vectorReplay(options: VectorReplayOptions): Replay {
  const { environments, observationSize: n, nStep, gamma, scaling } = options;
  const memory = new ReplayMemory(options.capacity, n, options.prioritisation);
  const windows = Array.from({ length: environments }, () => new NStepWindow(nStep, gamma, options.dropTruncated));
  const seen = new Array<Float32Array>(environments);
  const view = (values: Float32Array): Float32Array =>
    scaling ? scaleObservations(scaling, values, new Float32Array(values.length)) : values;
  const see = (i: number, shown: Float32Array): Float32Array => (seen[i] = scaling ? view(shown) : shown.slice());
  return {
    get size() {
      return memory.size;
    },
    begin: (i, shown) => void see(i, shown as Float32Array),
    observe(i, { shown, terminal, ...step }) {
      const observation = seen[i];
      const next = see(i, shown as Float32Array);
      windows[i].push({ ...step, observation, next, terminal }, (...transition) => memory.push(...transition));
    },
    clear: () => memory.clear(),
    current(running) {
      const rows = new Float32Array(running.length * n);
      running.forEach((i, row) => rows.set(seen[i], row * n));
      return rows;
    },
    view,
    sample: (size, random) => memory.sample(size, random),
    updatePriorities: (slots, errors) => memory.updatePriorities(slots, errors),
    resume(i, shown) {
      see(i, shown as Float32Array);
      return true;
    },
    save() {
      const { facts, tensors } = memory.save();
      return { facts: { memory: facts, windows: windows.map((window) => window.save()) }, tensors };
    },
    restore({ facts, tensors }) {
      const saved = facts as { memory: Stored["facts"]; windows: SavedWindow[] };
      memory.restore({ facts: saved.memory, tensors });
      windows.forEach((window, i) => window.restore(saved.windows[i]));
    },
  };
}
