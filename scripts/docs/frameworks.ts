// npm run docs:frameworks -- [--networks DIR] [--published DIR] [--only NAME]: the tables of docs/frameworks.md.
//
//   --networks DIR    networks with the spikes that their frameworks made (default: DSQN_NETWORKS, or ../shared/networks)
//   --published DIR   the folder paper/01_lif of github.com/neuromorphs/NIR: one neuron on eleven platforms (without --networks that alone)
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { fastEngine } from "../../src/engines/fast/index.ts";
import { referenceEngine } from "../../src/engines/reference/index.ts";
import { DsqnError } from "../../src/errors.ts";
import { loadRecorded } from "../../src/formats/frameworks/reader.ts";
import type { RecordedNetwork } from "../../src/formats/frameworks/recorded.ts";
import { nirDialects, type NirOptions } from "../../src/formats/nir/options.ts";
import { readNir } from "../../src/formats/nir/read.ts";
import type { Engine } from "../../src/network/engine.ts";
import { outputsOf } from "../../src/network/layer.ts";
import { isSpiking, spikingLayers } from "../../src/network/network.ts";
import { certifyNetworks } from "../../src/simulators/certificate.ts";
import { openSimulator } from "../../src/simulators/open.ts";
import { markdownTable, withTable } from "./tables.ts";

const document = fileURLToPath(new URL("../../docs/frameworks.md", import.meta.url));
const SIMULATORS = ["nest", "nest2", "pynn-nest"] as const;

const NAMES: Readonly<Record<string, string>> = { snntorch: "snnTorch", spikingjelly: "SpikingJelly", norse: "Norse" };

const { values: flags } = parseArgs({
  options: { networks: { type: "string" }, published: { type: "string" }, only: { type: "string" } },
});
const folder = flags.networks ?? process.env.DSQN_NETWORKS ?? join("..", "shared", "networks");

/** What one column says of one network. */
interface Cell {
  readonly mismatched: number;
  readonly nearTie: boolean;
}

/** Mismatched bins between the framework's spikes and an engine's, or why there are none to count. */
async function judged(engine: Engine, { network, recording, framework }: RecordedNetwork): Promise<Cell | string> {
  try {
    const { steps, states, changing } = recording;
    const loaded = await engine.load(network);
    const theirs = await loaded.run(recording.inputs!, { steps, changing, recordSpikes: true });
    await loaded.close();
    const spikes = network.layers.slice(0, spikingLayers(network)).map((layer, l) => {
      const n = outputsOf(layer);
      const counts = new Uint32Array(steps * states * n);
      theirs.spikes![l].state.forEach(
        (b, k) => counts[(theirs.spikes![l].step[k] * states + b) * n + theirs.spikes![l].neuron[k]]++,
      );
      return counts;
    });
    let mismatched = 0;
    for (const [l, counts] of spikes.entries())
      counts.forEach((count, k) => (mismatched += Number(count !== recording.spikes[l][k])));
    return { mismatched, nearTie: mismatched > 0 && (await tied(network, recording, framework)) };
  } catch (error) {
    if (error instanceof DsqnError && error.code === "MAPPING_IMPOSSIBLE") return error.message;
    throw error;
  }
}

/** Whether the first bin in which float64 differs from the framework is one that the order of float32 sums decides. */
async function tied(
  network: RecordedNetwork["network"],
  recording: RecordedNetwork["recording"],
  by: string,
): Promise<boolean> {
  const run = { ...recording, by, version: "" };
  const subject = {
    name: "",
    network,
    inputs: recording.inputs!,
    changing: recording.changing,
    source: "recorded" as const,
    recording: run,
  };
  const { results } = await certifyNetworks([subject], 1, { engine: referenceEngine });
  return results[0].firstMismatch?.reason.startsWith("A near tie") ?? false;
}

const bins = ({ network, recording }: RecordedNetwork): number =>
  recording.steps *
  recording.states *
  network.layers.slice(0, spikingLayers(network)).reduce((sum, layer) => sum + outputsOf(layer), 0);

async function matrix(): Promise<string> {
  const names = readdirSync(folder).filter(
    (name) => name.endsWith(".json") && (flags.only === undefined || name.includes(flags.only)),
  );
  const judges: Record<string, Engine> = {};
  for (const name of SIMULATORS)
    if (name !== "nest2" || process.env.DSQN_NEST2_PYTHON) judges[name] = await openSimulator(name);
  const notes: string[] = [];
  const shown = (cell: Cell | string): string => {
    if (typeof cell !== "string") return cell.nearTie ? `${cell.mismatched} (near tie)` : String(cell.mismatched);
    const reason = cell.replace(/^Layer \d+ /, "");
    if (!notes.includes(reason)) notes.push(reason);
    return `no (${notes.indexOf(reason) + 1})`;
  };
  const rows: string[][] = [];
  const total = { bins: 0, wrong: 0 };
  for (const name of names) {
    const read = await loadRecorded(join(folder, name));
    const own = [referenceEngine, fastEngine()];
    const ours = await Promise.all(own.map((engine) => judged(engine, read)));
    const theirs: string[] = [];
    for (const simulator of SIMULATORS) {
      const judge = judges[simulator];
      theirs.push(judge ? shown(await judged(judge, read)) : "not run");
    }
    total.bins += bins(read);
    total.wrong += ours.reduce((sum, cell) => sum + (typeof cell === "string" ? 0 : cell.mismatched), 0);
    const [{ activation }] = read.network.layers;
    const by = read.framework === "sj" ? "spikingjelly" : read.framework;
    const full = `${NAMES[by] ?? by} ${read.versions[by] ?? ""}`.trim();
    rows.push([
      read.name,
      full,
      `${activation.kind}, ${activation.reset}`,
      bins(read).toLocaleString("en"),
      ...ours.map(shown),
      ...theirs,
    ]);
    process.stderr.write(`${rows.at(-1)!.join("  ")}\n`);
  }
  const versions = SIMULATORS.map((name) => judges[name]?.version ?? "not run");
  for (const judge of Object.values(judges)) await judge.close();
  const heads = [
    "network",
    "framework",
    "neuron",
    "bins",
    "dsqn float64",
    "dsqn float32",
    `NEST ${versions[0]}`,
    `NEST 2 (${versions[1]})`,
    `PyNN ${versions[2]}`,
  ];
  const count = `${total.wrong} of ${(2 * total.bins).toLocaleString("en")} bins differ in dsqn's two engines.`;
  const made = `Made on ${new Date().toISOString().slice(0, 10)}. Cells are mismatched bins beside the framework's own spikes. ${count}`;
  return [made, "", markdownTable(heads, rows), "", notesTable(notes)].join("\n");
}

function notesTable(notes: readonly string[]): string {
  if (notes.length === 0) return "";
  return markdownTable(["", "why NEST does not run it"], notes.map((note, k) => [String(k + 1), note])); // prettier-ignore
}

/** Input, potential and spike of one neuron, a line for each step. */
function published(dir: string): string {
  const bytes = readFileSync(join(dir, "lif_norse.nir"));
  const files = readdirSync(dir).filter((name) => /^lif_.*\.csv$/.test(name));
  const columns = (name: string): number[][] => readFileSync(join(dir, name), "utf8").trim().split("\n").map((line) => line.split(",").map(Number)); // prettier-ignore
  const input = Float32Array.from(columns("lif_exact.csv"), ([x]) => x);
  // As sinabs' own notebook fed it: its csv holds inputs of dt / tau, which then go in as they are.
  const scaled = Math.fround(columns("lif_sinabs.csv").reduce((largest, [x]) => Math.max(largest, x), 0));
  const readings: readonly (NirOptions & { name: string; scale?: number })[] = [
    ...nirDialects.map((dialect) => ({ name: dialect, dialect })),
    { name: `sinabs, norm_input False, inputs times ${scaled.toPrecision(2)}`, dialect: "sinabs", normInput: false, scale: scaled }, // prettier-ignore
  ];
  const read = readings.map(({ name: dialect, scale = 1, ...options }) => {
    try {
      const { network } = readNir(bytes, "lif_norse.nir", { ...options, dt: 1e-4 });
      if (!isSpiking(network)) throw new Error("The file has a neuron that spikes.");
      const coding = { ...network.coding, decoding: "spikes", steps: input.length } as const;
      const { spikes } = referenceEngine.load({ ...network, coding }).run(
        input.map((x) => scale * x),
        { changing: true, recordSpikes: true },
      );
      return { dialect, at: [...spikes![0].step] };
    } catch (error) {
      // A dialect that the file contradicts is no reading of it.
      if (error instanceof DsqnError) return { dialect, refused: error.message };
      throw error;
    }
  });
  const meant = read.flatMap(({ dialect, at }) => (at ? [{ dialect, at }] : []));
  const rows = files.map((name) => {
    const at = columns(name).flatMap(([, , spike], t) => (spike > 0 ? [t] : []));
    const equal = meant.filter((own) => own.at.join() === at.join()).map(({ dialect }) => dialect);
    const later = meant.filter((own) => own.at.map((t) => t + 1).join() === at.join()).map(({ dialect }) => dialect);
    const nir = meant.find(({ dialect }) => dialect === "nir")!.at;
    const wrong = new Set([...at, ...nir].filter((t) => at.includes(t) !== nir.includes(t))).size;
    const says =
      equal.length > 0 ? equal.join(", ") : later.length > 0 ? `${later.join(", ")}, each spike a step later` : "none";
    return [name.slice(4, -4).replaceAll("_", " "), at.join(", "), `${wrong} of ${input.length}`, says];
  });
  const table = markdownTable(
    ["platform", "spikes in steps", "mismatched, dialect nir", "equal to the dialects"],
    rows,
  );
  const means = read.map(({ dialect, at, refused }) => [dialect, at ? at.join(", ") : `refused: ${refused}`]);
  return `What the one file \`lif_norse.nir\` means with a step of 0.1 ms, by dialect:\n\n${markdownTable(["dialect", "spikes in steps"], means)}\n\nWhat the platforms made of it:\n\n${table}`;
}

const fill = (table: string, content: string): void =>
  writeFileSync(document, withTable(readFileSync(document, "utf8"), table, content));
if (flags.published !== undefined) fill("published", published(flags.published));
if (flags.published !== undefined && flags.networks === undefined) process.exit();
if (existsSync(folder)) fill("conformance", await matrix());
else process.stderr.write(`There is no folder ${folder}: the table of networks stays as it is.\n`);
