// Runs a conv DQN on a small game in a process of its own (TensorFlow's binding does not live in Jest's sandboxes), and prints what it
// came to. Arguments: a folder for checkpoints, and "whole", "stopped" (as soon as it is good), "killed" (by SIGKILL, in the midst) or "resumed".
import { join } from "node:path";
import { convDqnSchema } from "../../../src/learning/algorithms/dqn-config.ts";
import { trainDqn } from "../../../src/learning/algorithms/index.ts";
import { catchGame } from "../../fixtures/catch.ts";
import { runToEnd } from "./killed-run.ts";

const [folder, mode] = process.argv.slice(2);
const stop = mode === "stopped" && { stop: { mean: 3, episodes: 20 } };
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
  evaluation: { every: 2500, episodes: 10, epsilon: 0, ...stop },
});
// In the midst of games, and after a checkpoint whose frames are written over by now but for the margin.
const end = { folder, mode, checkpointAt: 1400, killedAt: 1500 };
const { report } = await runToEnd(trainDqn, config, end, (resume) => ({
  makeEnvironments: catchGame(),
  ...(mode !== "whole" && { framesFile: { path: join(folder, "replay.frames"), resume } }),
}));
// A pipe takes more than it holds only with time.
process.stdout.write(`${JSON.stringify(report)}\n`, () => process.exit());
