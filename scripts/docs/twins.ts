// Writes the table of docs/simulators/twins.md: node --import ./scripts/register-ts.mjs scripts/docs/twins.ts
import { readFile, writeFile } from "node:fs/promises";
import { loadReplay } from "../../src/formats/replay.ts";
import { policyOf } from "../../src/learning/policy.ts";
import { loadModel } from "../../src/network/file/model.ts";
import { openSimulator } from "../../src/simulators/open.ts";
import { markdownTable, withTable } from "./tables.ts";

const PAGE = new URL("../../docs/simulators/twins.md", import.meta.url);
const MODELS = new URL("../../models/", import.meta.url).pathname;
const EVERY = 40;
/** The largest magnitudes among the states. */
const inputRange = [2.307, 2.211, 0.119, 0.761];

const columns = [
  undefined,
  {},
  { hardReset: true },
  { input: "chip" },
  { input: "chip", inputRange },
  { input: "chip", inputRange, hardReset: true },
];
const headings = [
  "converted network",
  "our engine",
  "twin",
  "`--hard-reset`",
  "`--input chip`",
  `and \`--input-range ${inputRange.join(",")}\``,
  "and `--hard-reset`",
];

const { states, size, observationSize } = await loadReplay(`${MODELS}cartpole-dqn-replay`);
const count = size / EVERY;
const chosen = new Float32Array(count * observationSize);
for (let k = 0; k < count; k++) {
  const first = k * EVERY * observationSize;
  chosen.set(states.subarray(first, first + observationSize), k * observationSize);
}

const rows: string[][] = [];
for (const name of ["dqn", "classifier", "reinforce"]) {
  const dense = await policyOf((await loadModel(`${MODELS}cartpole-${name}.safetensors`)).network).act(chosen, count);
  const { network } = await loadModel(`${MODELS}cartpole-${name}-converted.safetensors`);
  const row = [`cartpole-${name}`];
  for (const settings of columns) {
    const engine = settings && (await openSimulator("spinnaker-twin", { settings }));
    const actions = await policyOf(network, { engine }).act(chosen, count);
    row.push(String((100 * actions.filter((action, k) => action === dense[k]).length) / count));
  }
  rows.push(row);
}
await writeFile(PAGE, withTable(await readFile(PAGE, "utf8"), "twin-actions", markdownTable(headings, rows)));
