import type { Command } from "./command.ts";

/** Every command with its summary, so that `dsqn --help` loads none of them. */
export const commands: readonly { name: string; summary: string; load: () => Promise<{ default: Command }> }[] = [
  {
    name: "start",
    summary: "The main job: train, convert, act, and check spike for spike in NEST; leaves a report",
    load: () => import("./commands/start.ts"),
  },
  {
    name: "doctor",
    summary: "Check what dsqn rests on, with a fix for whatever is missing",
    load: () => import("./commands/doctor.ts"),
  },
  { name: "train", summary: "Train an agent from a preset or a config file", load: () => import("./commands/train.ts") },
  { name: "evaluate", summary: "Score a model in the real environment", load: () => import("./commands/evaluate.ts") },
  {
    name: "collect",
    summary: "Collect the states a model visits, with its Q-values",
    load: () => import("./commands/collect.ts"),
  },
  { name: "convert", summary: "Convert a dense network to a spiking one", load: () => import("./commands/convert.ts") },
  {
    name: "sweep",
    summary: "Score and similarity of a spiking network against T, and which T to use",
    load: () => import("./commands/sweep.ts"),
  },
  { name: "bench", summary: "Ratios against peers, measured in one run", load: () => import("./commands/bench.ts") },
  { name: "reproduce", summary: "The thesis's tables, ours beside them", load: () => import("../../thesis/cli/reproduce.ts") },
  {
    name: "certify",
    summary: "Compare a spiking network with a reference simulator, spike for spike",
    load: () => import("./commands/certify.ts"),
  },
  { name: "forward", summary: "One forward pass: outputs, actions, spikes", load: () => import("./commands/forward.ts") },
  {
    name: "import",
    summary: "Make a model of weights from elsewhere (torch, NumPy, safetensors)",
    load: () => import("./commands/import.ts"),
  },
  { name: "export", summary: "Write a model in another format", load: () => import("./commands/export.ts") },
  { name: "map", summary: "What a network takes of a SpiNNaker board", load: () => import("./commands/map.ts") },
  { name: "models", summary: "Make the networks that ship, from their presets", load: () => import("./commands/models.ts") },
];
