// Writes docs/board.md's table of agents that keep up in real time: node --import ./scripts/register-ts.mjs scripts/docs/board.ts [MODEL ...]
// Up to 100 decisions of an episode each on the emulated board, at 1 ms a step; a late spike or a skipped synapse ends it as BOARD_FAILED. Some minutes each.
import { readdirSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { type Board, openBoard } from "../../src/board/index.ts";
import { withGymnasium } from "../../src/environments/gymnasium-worlds.ts";
import { evaluate } from "../../src/learning/evaluate.ts";
import { policyOf } from "../../src/learning/policy.ts";
import type { Engine } from "../../src/network/engine.ts";
import { loadModel } from "../../src/network/file/model.ts";
import { isSpiking, type SpikingNetwork } from "../../src/network/network.ts";
import { openSimulator } from "../../src/simulators/open.ts";
import { CYCLES_OF_A_STEP, realTimeOf } from "../../src/simulators/spinnaker/real-time.ts";
import { markdownTable, withTable } from "./tables.ts";

const PAGE = new URL("../../docs/board.md", import.meta.url);
const MODELS = new URL("../../models/", import.meta.url).pathname;
const HEADINGS = [
  "network",
  "T",
  "factor by `map`",
  "its busiest step",
  "decisions",
  "return",
  "the twin's",
  "busiest step there",
];

const given = process.argv.slice(2);
const names =
  given.length > 0
    ? given
    : readdirSync(MODELS)
        .filter((name) => /-(?:thrift|few)\.safetensors$/.test(name))
        .map((name) => name.replace(".safetensors", ""));
const percent = (part: number): string => `${(100 * part).toFixed(0)} %`;

/** Of an episode, at most. */
const DECISIONS = 100;

/** An episode, or its begin: how many decisions, what it returned, and on a machine the busiest step of its cores. */
async function played(network: SpikingNetwork, id: string, engine: Engine, machine?: Board): Promise<number[]> {
  const policy = policyOf(network, { engine });
  const { decisions, mean } = await withGymnasium({ id, maxSteps: DECISIONS }, (make) =>
    evaluate(policy, make, { episodes: 1 }),
  );
  const cores = (await machine?.status())?.cores ?? []; // which are empty once the network is let go
  await policy.close?.();
  return [decisions, mean, Math.max(...cores.map(({ busiestStep }) => busiestStep))];
}

const rows: string[][] = [];
for (const name of names) {
  const { network, card } = await loadModel(`${MODELS}${name}.safetensors`);
  if (!isSpiking(network)) continue;
  const id = String((card as { environment?: unknown }).environment);
  const { timeScaleFactor, layers } = await realTimeOf(network);
  const machine = await openBoard({ version: 3, onProblem: ({ message }) => process.stderr.write(`${message}\n`) });
  const settings = { host: machine.machineName, boardVersion: 3, emulated: true, timeScaleFactor: 1 };
  const board = await openSimulator("spinnaker", { settings });
  const twin = await openSimulator("spinnaker-twin");
  try {
    const [decisions, there, busiest] = await played(network, id, board, machine);
    const [, here] = await played(network, id, twin);
    rows.push([
      `\`${name}\``,
      ...[network.coding.steps, timeScaleFactor].map(String),
      percent(Math.max(...layers.map(({ cycles }) => cycles)) / CYCLES_OF_A_STEP),
      ...[String(decisions), there.toFixed(1), here.toFixed(1), percent(busiest)],
    ]);
    process.stdout.write(`${rows.at(-1)!.join(" | ")}\n`);
  } finally {
    for (const open of [board, twin, machine]) await open.close();
  }
}
await writeFile(PAGE, withTable(await readFile(PAGE, "utf8"), "board-thrift", markdownTable(HEADINGS, rows)));
