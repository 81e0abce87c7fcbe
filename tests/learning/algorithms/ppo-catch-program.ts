// Runs PPO on a small game of pixels in a process of its own (TensorFlow's binding does not live in Jest's sandboxes), and prints what it came
// to. Arguments: a folder for checkpoints, the network and a teacher as JSON, and "whole", "killed" (by SIGKILL, in the midst) or "resumed".
import { join } from "node:path";
import { fastEngine } from "../../../src/engines/fast/index.ts";
import { pixelPpoSchema } from "../../../src/learning/algorithms/ppo-config.ts";
import { ppo } from "../../../src/learning/algorithms/index.ts";
import { saveModel } from "../../../src/network/file/model.ts";
import { observationSize } from "../../../src/network/network.ts";
import { catchGame } from "../../fixtures/catch.ts";
import { runToEnd } from "./killed-run.ts";

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
// In the midst of games, and of a rollout.
const end = { folder, mode, checkpointAt: 940, killedAt: 1000 };
// Short games: time cuts some, whose values go on.
const { trained, report } = await runToEnd(ppo, config, end, () => ({ makeEnvironments: catchGame({ limit: 45 }) }));
const { network } = trained;
if (mode === "whole" && !config.teacher) await saveModel(join(folder, "teacher.safetensors"), network, {});
// The saved network takes bytes as they are, in the engine.
const frames = Uint8Array.from({ length: 2 * observationSize(network) }, (_, k) => (k * 37) % 256);
const outputs = fastEngine().load(network).run(Float32Array.from(frames)).outputs.length;
// A pipe takes more than it holds only with time.
process.stdout.write(`${JSON.stringify({ ...report, outputs })}\n`, () => process.exit());
