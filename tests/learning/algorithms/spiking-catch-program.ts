// Runs a DSQN on a small game of pixels in a process of its own (TensorFlow's binding does not live in Jest's sandboxes), with the
// network given as JSON, and prints what it came to.
import { fastEngine } from "../../../src/engines/fast/index.ts";
import { loadTfjs } from "../../../src/engines/tensorflow/tfjs.ts";
import { spikingPixelLearner } from "../../../src/learning/algorithms/dqn-frames.ts";
import { convDqnSchema } from "../../../src/learning/algorithms/dqn-config.ts";
import { trainDqn } from "../../../src/learning/algorithms/index.ts";
import type { Snapshot } from "../../../src/learning/snapshot.ts";
import { observationSize, type SpikingNetwork } from "../../../src/network/network.ts";
import { catchGame } from "../../fixtures/catch.ts";

const config = convDqnSchema.parse({
  method: "pixel-dsqn",
  seed: 5,
  environment: { game: "Catch", count: 4 },
  network: JSON.parse(process.argv[2]) as object,
  steps: 12_000,
  gamma: 0.9,
  nStep: 3,
  epsilon: { kind: "linear", start: 1, end: 0.05, steps: 4000 },
  replay: { capacity: 4000, initial: 400 },
  optimizer: { kind: "adam", learningRate: { kind: "constant", value: 1e-3 } },
  target: { every: 400 },
  evaluation: { every: 3000, episodes: 10, epsilon: 0 },
});
let last: Snapshot | undefined;
const result = await trainDqn(config, {
  makeEnvironments: catchGame(),
  onSafePoint: ({ snapshot, last: ends }) => void (ends && (last = snapshot())),
});
const network = result.network as SpikingNetwork;

// The saved network takes bytes as they are: the engine's values are the learner's.
const frames = Uint8Array.from({ length: 2 * observationSize(network) }, (_, k) => (k * 37) % 256);
const learner = spikingPixelLearner(config, network, await loadTfjs(), { count: 4 });
const values = learner.values(frames, 2).slice();
const { outputs } = fastEngine().load(network).run(Float32Array.from(frames));
const again = learner.network() as SpikingNetwork;

process.stdout.write(
  `${JSON.stringify({
    evaluations: result.evaluations.map(({ mean }) => mean),
    updates: result.updates,
    saved: Object.keys(last!.tensors).filter((name) => !name.includes("replay")),
    difference: outputs.reduce((most, value, k) => Math.max(most, Math.abs(value - values[k])), 0),
    same: again.layers.every(({ weights }, l) => weights.every((w, k) => w === network.layers[l].weights[k])),
  })}\n`,
);
process.exit();
