// npm run docs:film: docs/images/breakout.png, the converted network of models/ playing Breakout, every neuron beside the screen.
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { loadSpikingNetwork, withAtari } from "../../src/index.ts";
import { filmOf } from "../../src/jobs/film.ts";

const root = new URL("../../", import.meta.url);
const network = await loadSpikingNetwork(fileURLToPath(new URL("models/breakout-dqn-converted.safetensors", root)));
await withAtari({ game: "BreakoutDeterministic-v4" }, async (make) => {
  const games = await make(1);
  const { png, frames, points } = await filmOf(network, games, { steps: 96, seed: 300003 });
  writeFileSync(new URL("docs/images/breakout.png", root), png);
  process.stdout.write(`docs/images/breakout.png: ${frames} frames, ${points} points, ${png.length >> 10} KiB\n`);
  await games.close();
});
