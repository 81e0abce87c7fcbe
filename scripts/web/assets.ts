// npm run web:assets: what the pages show and cannot make themselves: a game of Breakout as it was played, and a certificate by NEST.
// Needs the Python environment with its extras "atari" and "nest".
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { loadSpikingNetwork, withAtari } from "../../src/index.ts";
import { fastEngine } from "../../src/engines/fast/index.ts";
import type { AtariEnvironments } from "../../src/environments/atari-worlds.ts";
import { indexed, packGame, stackOf } from "../../src/web/pages/watch/game.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const assets = `${root}src/web/pages/assets`;
/** Of the hundred games of docs/breakout.md the first that is not over too soon; what is kept of it at most. */
const [SEED, DECISIONS] = [300_000, 2000];

await withAtari({ game: "BreakoutDeterministic-v4" }, async (make) => {
  const games = await make(1);
  const packed = await play(games);
  const bytes = gzipSync(packed, { level: 9 });
  bytes[9] = 255; // "unknown" instead of the operating system: the same bytes everywhere
  writeFileSync(`${assets}/breakout.game`, bytes);
  process.stdout.write(`breakout.game: ${bytes.length >> 10} KiB\n`);
  await games.close();
});
const certificate = `${assets}/cartpole-dsqn.certificate.json`;
const model = "models/cartpole-dsqn.safetensors";
const states = ["--replay", "models/cartpole-dqn-replay", "--states", "48", "--spikes"];
const { status } = spawnSync(
  process.execPath,
  ["scripts/dsqn.mjs", "certify", model, ...states, "--out", certificate],
  {
    cwd: root,
    stdio: ["ignore", "ignore", "inherit"],
  },
);
if (status !== 0) throw new Error(`dsqn certify ended with ${status}`);
spawnSync("rm", ["-f", certificate.replace(".json", ".html")]);

/** One game, or its first decisions: the console's screens, the frames that the network saw, what it chose, and the points. */
async function play(games: AtariEnvironments): Promise<Uint8Array> {
  const network = await loadSpikingNetwork(`${root}models/breakout-thrift.safetensors`);
  const engine = fastEngine().load(network);
  const { height, width, stack } = games;
  const game = {
    screen: { width: 160, height: 210 },
    frame: { width, height, stack },
    frames: [] as Uint8Array[],
    actions: [] as number[],
    points: [] as number[],
    actionNames: games.actionNames,
  };
  const screens: Uint8Array[] = [];
  let observations = await games.reset({ seed: [SEED] });
  // What lay in the stack before the first decision.
  for (let back = stack - 1; back > 0; back--) game.frames.push(plane(observations, stack, stack - 1 - back));
  let points = 0;
  for (let t = 0; t < DECISIONS; t++) {
    game.frames.push(plane(observations, stack, stack - 1));
    if (stackOf(game, t).some((value, k) => value !== observations[k])) throw new Error(`decision ${t}: another stack`);
    const { actions } = engine.run(observations);
    screens.push((await games.render(0)).data);
    game.actions.push(actions[0]);
    const step = await games.step(actions);
    observations = step.observations;
    points += step.rewards[0];
    game.points.push(points);
    if (step.terminated[0] || step.truncated[0]) break;
  }
  engine.close();
  process.stdout.write(`seed ${SEED}: ${game.actions.length} decisions, ${points} points\n`);
  return packGame({ ...game, ...indexed(screens) });
}

/** One frame of a stack. */
function plane(observations: Float32Array, stack: number, channel: number): Uint8Array {
  return Uint8Array.from({ length: observations.length / stack }, (_, k) => observations[k * stack + channel]);
}
