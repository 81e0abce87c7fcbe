// Runs a conv DQN on a small game in a process of its own (TensorFlow's binding does not live in Jest's sandboxes), and prints what it
// came to. Arguments: a folder for checkpoints, and "whole", "killed" (by SIGKILL, in the midst) or "resumed".
import { join } from "node:path";
import { convDqnSchema } from "../../../src/learning/pixels/config.ts";
import { type FrameFile, openFrameFile } from "../../../src/learning/pixels/frame-file.ts";
import type { PixelSnapshot } from "../../../src/learning/pixels/state.ts";
import { trainConvDqn } from "../../../src/learning/pixels/train.ts";
import { openCheckpoints } from "../../../src/learning/runs/checkpoint.ts";
import { loadTfjs } from "../../../src/engines/tensorflow/tfjs.ts";
import { catchGame } from "../../fixtures/catch.ts";

const [folder, mode] = process.argv.slice(2);
const config = convDqnSchema.parse({
  method: "conv-dqn",
  seed: 3,
  environment: { game: "Catch", count: 4 },
  network: {
    layers: [
      { kind: "convolution", filters: 8, kernel: [4, 4], strides: [2, 2] },
      { kind: "dense", outputs: 48 },
    ],
  },
  steps: 10_000,
  gamma: 0.9,
  nStep: 3,
  epsilon: { kind: "linear", start: 1, end: 0.05, steps: 5000 },
  advantageLearning: 0.3,
  replay: { capacity: 4000, initial: 400, prioritisation: {} },
  optimizer: { kind: "adam", learningRate: { kind: "constant", value: 1e-3 } },
  target: { every: 400 },
  evaluation: { every: 2500, episodes: 10, epsilon: 0 },
});
const checkpoints = openCheckpoints<PixelSnapshot>(join(folder, "checkpoint.safetensors"), config);
const saved = mode === "resumed" ? checkpoints.load() : undefined;
const games: string[] = [];
let frames: FrameFile | undefined;
let points = 0;
const result = await trainConvDqn(config, {
  tf: await loadTfjs(),
  makeEnvironments: catchGame(),
  resume: saved?.snapshot,
  onMemory(memory) {
    if (mode !== "whole")
      frames = openFrameFile(join(folder, "replay.frames"), memory, { resume: saved !== undefined });
  },
  onRestored: () => frames!.restore(),
  onEpisode: (entry) => games.push(JSON.stringify(entry)),
  onSafePoint({ snapshot }) {
    if (mode !== "killed") return;
    // In the midst of games, and after a checkpoint whose frames are written over by now but for the margin.
    if (++points === 1500) process.kill(process.pid, "SIGKILL");
    if (points !== 1400 && !frames!.due(2)) return;
    frames!.save();
    checkpoints.save({ snapshot: snapshot(), marks: { log: games.length, events: 0 } });
  },
});
const { progression, last } = result;
const weights = last.layers.flatMap((layer) => ("weights" in layer ? [...layer.weights] : []));
process.stdout.write(
  `${JSON.stringify({
    games,
    marks: saved?.marks.log,
    evaluations: progression.evaluations.map(({ mean, environmentSteps }) => ({ mean, environmentSteps })),
    best: progression.chosen!.mean,
    updates: progression.updates,
    weights,
  })}\n`,
);
