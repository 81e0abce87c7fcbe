// npm run cluster:ray [-- --seeds 20 --networks 2000 --out FOLDER]: a Ray cluster of two nodes on this machine (127.0.0.1 and 127.0.0.2, in a network that
// has nothing but loopback), one of which is killed with -9 in the middle of the work. Every result must equal that of this machine's own processes bit for
// bit. Resumable; writes docs/results/cluster-ray.json and its table in docs/cluster.md. Linux, root or user namespaces, the extra "ray"; some 15 minutes.
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { machine } from "../../src/cli/measured.ts";
import { ensurePython } from "../../src/setup/index.mjs";
import { markdownTable, withTable } from "../docs/tables.ts";
import { openExecutor, runJob } from "../../src/cluster/index.ts";
import { certificatesDiffer, seedsDiffer } from "./compare.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "20" },
    networks: { type: "string", default: "2000" },
    out: { type: "string", default: "runs/cluster-ray" },
  },
});
const [seeds, networks, out] = [Number(values.seeds), Number(values.networks), resolve(values.out)];

const EXTRAS = ["base", "nest", "ray"];

/** This script within a network of its own. */
function isolated(): never {
  const inner = 'ip link set lo up && exec "$0" "$@"';
  const words = [
    "-n",
    ...(process.getuid?.() === 0 ? [] : ["-r"]),
    "sh",
    "-c",
    inner,
    process.execPath,
    ...process.execArgv,
    ...process.argv.slice(1),
  ];
  const { status } = spawnSync("unshare", words, { stdio: "inherit" });
  process.exit(status ?? 1);
}

const alone = (): boolean =>
  readFileSync("/proc/net/dev", "utf8")
    .match(/^ *[\w@.-]+:/gm)
    ?.join() === "    lo:";

interface Nodes {
  readonly address: string;
  readonly token: string;
  say(line: string): Promise<void>;
  end(): Promise<void>;
}

/** tests/cluster/ray-nodes.py, which holds the cluster. */
async function startNodes(folder: string): Promise<Nodes> {
  const { python } = await ensurePython(EXTRAS);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const child = spawn(python, [join(root, "tests/cluster/ray-nodes.py"), folder, "2", "2"], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const line = async (): Promise<string> => {
    const { value, done } = (await lines.next()) as { value: string; done?: boolean };
    if (done) throw new Error("The cluster's nodes did not start.");
    return value;
  };
  const { address, token } = JSON.parse(await line()) as { address: string; token: string };
  return {
    address,
    token,
    async say(text) {
      child.stdin.write(`${text}\n`);
      await line();
    },
    async end() {
      child.stdin.end();
      await new Promise((ended) => child.once("exit", ended));
    },
  };
}

/** The command line, with its output beside the results. */
function dsqn(
  words: readonly string[],
  log: string,
  env: NodeJS.ProcessEnv = {},
): { child: ChildProcess; done: Promise<void> } {
  const child = spawn(process.execPath, [join(root, "scripts/dsqn.mjs"), ...words], {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => (said += text));
  const done = new Promise<void>((ended, failed) =>
    child.once("exit", (code) => {
      writeFileSync(log, said);
      // 1: a seed that missed its score, which is no matter of the cluster's.
      if (code === 0 || (code === 1 && !/PIECES_FAILED|RAY_|CLUSTER_|INTERNAL/.test(said))) ended();
      else failed(new Error(`dsqn ${words.join(" ")}: exit code ${code}\n${said.slice(-3000)}`));
    }),
  );
  return { child, done };
}

const results = (folder: string): string[] =>
  existsSync(join(folder, "pieces"))
    ? readdirSync(join(folder, "pieces")).filter((id) => existsSync(join(folder, "pieces", id, "result.json")))
    : [];

const pause = (ms: number): Promise<void> => new Promise((over) => setTimeout(over, ms));

/** The same command here and on the cluster, of which one node is killed as soon as so many `results` are there. */
async function twice(name: string, words: (folder: string) => readonly string[], few: number) {
  const [here, there] = ["processes", "ray"].map((place) => join(out, `${name}-${place}`));
  const told = `${there}.done.json`;
  if (existsSync(told))
    return { here, there, before: (JSON.parse(readFileSync(told, "utf8")) as { before: number }).before };
  await dsqn([...words(here), "--on", "processes:2"], `${here}.log`).done;
  rmSync(there, { recursive: true, force: true });
  const nodes = await startNodes(join("/tmp", `dsqn-nodes-${process.pid}`));
  try {
    const run = dsqn([...words(there), "--on", `ray:${nodes.address}`], `${there}.log`, {
      RAY_AUTH_TOKEN_PATH: nodes.token,
    });
    let over = false;
    const done = run.done.finally(() => (over = true));
    while (!over && results(there).length < few) await pause(50);
    const before = results(there).length;
    if (over) throw new Error(`${name}: nothing was left to be killed in the middle of`);
    await nodes.say("kill 1");
    await done;
    writeFileSync(told, JSON.stringify({ before }));
    return { here, there, before };
  } finally {
    await nodes.end();
  }
}

/** Turnaround of pieces that do nothing, in ms of one core: here and on the cluster. */
async function overheads(): Promise<{ processes: number; ray: number }> {
  const nodes = await startNodes(join("/tmp", `dsqn-nodes-${process.pid}`));
  try {
    process.env["RAY_AUTH_TOKEN_PATH"] = nodes.token;
    return { processes: await turnaround("processes:4"), ray: await turnaround(`ray:${nodes.address}`) };
  } finally {
    await nodes.end();
  }
}

const IDLE = 100;
const CORES = 4;

async function turnaround(on: string): Promise<number> {
  const folder = join(out, `idle-${on.split(":")[0]}`);
  rmSync(folder, { recursive: true, force: true });
  const input = { text: "idle", steps: 0, milliseconds: 0 };
  const pieces = Array.from({ length: IDLE }, (_, i) => ({ id: `idle-${i}`, kind: "rehearsal", input, cpus: 1 }));
  const executor = await openExecutor(on);
  const times: number[] = [];
  try {
    await runJob(executor, {
      folder,
      name: "idle",
      command: [],
      pieces,
      onResult: () => times.push(performance.now()),
    });
  } finally {
    await executor.close();
  }
  // The first of each process begins with the process.
  return ((times.at(-1)! - times[2 * CORES]) / (IDLE - 1 - 2 * CORES)) * CORES;
}

if (!alone()) {
  await ensurePython(EXTRAS); // while there is a registry to be reached
  isolated();
}
mkdirSync(out, { recursive: true });
const idle = await overheads();
console.log("turnaround of idle pieces, ms of a core:", idle);
const trained = await twice(
  "train",
  (folder) => ["train", "cartpole-dqn", "--seeds", String(seeds), "--out", folder],
  Math.ceil(0.4 * seeds),
);
const differing = seedsDiffer(trained.here, trained.there, seeds);
console.log(`train: ${seeds} seeds, node killed after ${trained.before}; ${differing.length} differ`, differing);
const certified = await twice(
  "certify",
  (folder) => ["certify", "--random", String(networks), "--job", folder, "--out", `${folder}.json`],
  1,
);
const unequal = certificatesDiffer(`${certified.here}.json`, `${certified.there}.json`);
console.log(`certify: ${networks} networks; differences:`, unequal);
const report = {
  date: new Date().toISOString().slice(0, 10),
  machine: machine(),
  seeds,
  seedsEqual: seeds - differing.length,
  seedsBeforeKill: trained.before,
  networks,
  certificateEqual: unequal.length === 0,
  turnaroundMs: idle,
};
writeFileSync(join(root, "docs/results/cluster-ray.json"), `${JSON.stringify(report, null, 2)}\n`);
const page = join(root, "docs/cluster.md");
if (existsSync(page)) {
  const equal = `${report.seedsEqual} of ${seeds} equal those of this machine's processes bit for bit`;
  const rows = [
    [`${seeds} seeds of cartpole-dqn, one node of two killed with -9 after ${trained.before} of them`, equal],
    [`certify --random ${networks}, one node killed`, unequal.length === 0 ? "the same certificate" : "DIFFERS"],
    [
      "a piece that does nothing, of one core's time",
      `${idle.ray.toFixed(0)} ms (${idle.processes.toFixed(0)} with --on processes)`,
    ],
  ];
  const table = markdownTable(["what", "measured"], rows);
  writeFileSync(page, withTable(readFileSync(page, "utf8"), "cluster-ray", table));
}
process.exit(differing.length === 0 && unequal.length === 0 ? 0 : 1);
