import type { Command } from "./command.ts";

/** A command by what its summary says; the rest of it is loaded when it is called. */
export interface CommandEntry {
  readonly summary: string;
  readonly load: () => Promise<{ readonly default: Command }>;
}

/** Every command by name, so that `dsqn --help` loads none of them. */
export const commands: Record<string, CommandEntry> = {
  start: {
    summary: "The main job: train, convert, act, and check spike for spike in NEST; leaves a report",
    load: () => import("./commands/start.ts"),
  },
  doctor: {
    summary: "Check what dsqn rests on, with a fix for whatever is missing",
    load: () => import("./commands/doctor.ts"),
  },
  train: { summary: "Train an agent from a preset or a config file", load: () => import("./commands/train.ts") },
  evaluate: { summary: "Score a model in the real environment", load: () => import("./commands/evaluate.ts") },
  collect: {
    summary: "Collect the states a model visits, with its Q-values",
    load: () => import("./commands/collect.ts"),
  },
  convert: { summary: "Convert a network to a spiking one", load: () => import("./commands/convert.ts") },
  sweep: {
    summary: "Score and similarity of a spiking network against T, and which T to use",
    load: () => import("./commands/sweep.ts"),
  },
  pareto: {
    summary: "Score against what a decision costs: operations, energy, T, bits of weights",
    load: () => import("./commands/pareto.ts"),
  },
  bench: { summary: "Ratios against peers, measured in one run", load: () => import("./commands/bench.ts") },
  certify: {
    summary: "Compare a spiking network with a reference simulator, spike for spike",
    load: () => import("./commands/certify.ts"),
  },
  forward: { summary: "One forward pass: outputs, actions, spikes", load: () => import("./commands/forward.ts") },
  import: {
    summary: "Make a model of weights from elsewhere (torch, Keras, ONNX, NIR, safetensors, ...)",
    load: () => import("./commands/import.ts"),
  },
  export: { summary: "Write a model in another format", load: () => import("./commands/export.ts") },
  map: { summary: "What a network takes of a SpiNNaker board", load: () => import("./commands/map.ts") },
  board: {
    summary: "A SpiNNaker board in software: sPyNNaker's scripts run on it",
    load: () => import("./commands/board.ts"),
  },
  web: {
    summary: "Pages in the browser: watch an agent think, train one, convert, compute certificates anew",
    load: () => import("./commands/web.ts"),
  },
  runs: {
    summary: "List, compare, pack and remove training runs, and find their reports",
    load: () => import("./commands/runs.ts"),
  },
  watch: {
    summary: "Follow a training run: a page with its learning curve that keeps itself up to date",
    load: () => import("./commands/watch.ts"),
  },
  completion: {
    summary: "Words for a shell to complete: bash, zsh, fish",
    load: () => import("./commands/completion.ts"),
  },
  piece: {
    summary: "Pieces of a job of --on: what its processes and nodes call",
    load: () => import("./commands/piece.ts"),
  },
  models: { summary: "Make the networks that ship, from their presets", load: () => import("./commands/models.ts") },
};

/** Adds commands of an application of the library (thesis/): `dsqn` then has them beside its own. */
export function registerCommands(entries: Readonly<Record<string, CommandEntry>>): void {
  Object.assign(commands, entries);
}
