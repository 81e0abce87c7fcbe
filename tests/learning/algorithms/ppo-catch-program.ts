// Runs PPO on a small game of pixels in a process of its own (TensorFlow's binding does not live in Jest's sandboxes), and prints what it came
// to. Arguments: a folder for checkpoints, the network and a teacher as JSON, and "whole", "killed" (by SIGKILL, in the midst) or "resumed".
import { join } from "node:path";
import { fastEngine } from "../../../src/engines/fast/index.ts";
import { pixelPpoSchema } from "../../../src/learning/algorithms/ppo-config.ts";
import { ppo } from "../../../src/learning/algorithms/index.ts";
import { openCheckpoints } from "../../../src/learning/runs/checkpoint.ts";
import type { Snapshot } from "../../../src/learning/snapshot.ts";
import { saveModel } from "../../../src/network/file/model.ts";
import { observationSize } from "../../../src/network/network.ts";
import { catchGame } from "../../fixtures/catch.ts";

const [folder, changes, mode] = process.argv.slice(2);
const config = pixelPpoSchema.parse({
  method: "pixel-ppo",
  seed: 3,
  environment: { game: "Catch", count: 8 },
  steps: 24_000,
  gamma: 0.9,
  horizon: 16,
  epochs: 4,
  minibatches: 4,
  clipRange: 0.2,
  entropy: 0.02,
  learningRate: { kind: "constant", value: 2e-3 },
  clip: 0.5,
  evaluation: { every: 6000, episodes: 10, epsilon: 0 },
  ...(JSON.parse(changes) as object),
});
const checkpoints = openCheckpoints<Snapshot>(join(folder, "checkpoint.safetensors"), config);
const saved = mode === "resumed" ? checkpoints.load() : undefined;
const games: string[] = [];
let points = 0;
const result = await ppo(config, {
  // Short games: time cuts some, whose values go on.
  makeEnvironments: catchGame({ limit: 45 }),
  resume: saved?.snapshot,
  onEpisode: (entry) => games.push(JSON.stringify(entry)),
  onSafePoint({ snapshot }) {
    if (mode !== "killed") return;
    // In the midst of games, and of a rollout.
    if (++points === 1000) process.kill(process.pid, "SIGKILL");
    if (points === 940) checkpoints.save({ snapshot: snapshot(), marks: { log: games.length, events: 0 } });
  },
});
if (mode === "whole" && !config.teacher) await saveModel(join(folder, "teacher.safetensors"), result.network, {});
// The saved network takes bytes as they are: the engine decides as the learner did.
const frames = Uint8Array.from({ length: 2 * observationSize(result.network) }, (_, k) => (k * 37) % 256);
process.stdout.write(
  `${JSON.stringify({
    games,
    marks: saved?.marks.log,
    evaluations: result.evaluations.map(({ mean, environmentSteps }) => ({ mean, environmentSteps })),
    best: result.chosen.mean,
    updates: result.updates,
    outputs: fastEngine().load(result.network).run(Float32Array.from(frames)).outputs.length,
    weights: result.last.layers.flatMap(({ weights }) => [...weights]),
  })}\n`,
);
process.exit();
