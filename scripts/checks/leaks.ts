// npm run leaks -- [--workers 2000] [--steps 1000000] [--json] [--leak]: workers opened and closed, then environment steps; memory, handles and files
// may not grow by more than 5 % from the second tenth (in the first everything is still being warmed up) to the last. 0 leaves a part out; Ctrl-C
// ends a part, and the line says how much of it there was. Linux (/proc).
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { openWorker } from "../../src/bridge/index.ts";
import { makeVectorEnvironment } from "../../src/environments/index.ts";

const { values } = parseArgs({
  options: {
    workers: { type: "string", default: "2000" },
    steps: { type: "string", default: "1000000" },
    json: { type: "boolean", default: false },
    /** Something is kept at every turn, to see that the check sees it. */
    leak: { type: "boolean", default: false },
  },
});
const GROWTH = 0.05;
const COPIES = 10;
/** Of the memory of a process of 100 MB a page more or less says nothing. */
const SLACK = { megabytes: 4, handles: 1, threads: 1, files: 1 };
const folder = mkdtempSync(join(tmpdir(), "dsqn-leaks-"));
process.env["TMPDIR"] = folder;
const kept: unknown[] = [];
let interrupted = false;
process.on("SIGINT", () => (interrupted = true));

type Sample = Record<keyof typeof SLACK, number>;

function sample(pid: number): Sample {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const number = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(status)?.[1]);
  return {
    megabytes: number("VmRSS") / 1024,
    handles: readdirSync(`/proc/${pid}/fd`).length,
    threads: number("Threads"),
    files: readdirSync(folder, { recursive: true }).length,
  };
}

interface Verdict {
  readonly what: string;
  readonly turns: number;
  readonly first: Sample;
  readonly last: Sample;
  readonly grown: readonly string[];
}

/** Takes as many samples as turns, and compares the medians of the second and the last tenth. */
async function watched(what: string, turns: number, pid: number, turn: (k: number) => Promise<void>): Promise<Verdict> {
  const samples: Sample[] = [];
  const every = Math.max(1, Math.floor(turns / 500));
  let done = 0;
  interrupted = false;
  for (let k = 0; k < turns && !interrupted; done = ++k) {
    await turn(k);
    if (values.leak) kept.push(new Float64Array(20_000).fill(k));
    if (k % every === 0) {
      globalThis.gc?.();
      samples.push(sample(pid));
    }
    if (k % (50 * every) === 0) process.stderr.write(`${what} ${k}/${turns} ${JSON.stringify(samples.at(-1))}\n`);
  }
  const tenth = Math.max(1, Math.floor(samples.length / 10));
  const [first, last] = [median(samples.slice(tenth, 2 * tenth)), median(samples.slice(-tenth))];
  const names = Object.keys(SLACK) as (keyof Sample)[];
  const grown = names.filter((name) => last[name] > first[name] * (1 + GROWTH) && last[name] > first[name] + SLACK[name]); // prettier-ignore
  return { what, turns: done, first, last, grown };
}

function median(samples: readonly Sample[]): Sample {
  const names = Object.keys(SLACK) as (keyof Sample)[];
  const of = (name: keyof Sample): number => samples.map((one) => one[name]).sort((a, b) => a - b)[samples.length >> 1];
  return Object.fromEntries(names.map((name) => [name, of(name)])) as Sample;
}

const verdicts: Verdict[] = [];
try {
  const workers = Number(values.workers);
  const turns = Math.ceil(Number(values.steps) / COPIES);
  if (workers > 0)
    verdicts.push(
      await watched("workers opened and closed", workers, process.pid, async () => {
        const worker = await openWorker({ startTimeoutMs: 120_000 });
        await worker.call("core.echo", {});
        await worker.close();
      }),
    );
  if (turns > 0) verdicts.push(...(await stepped(turns)));
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** The same steps are watched twice, with the memory of either side. */
async function stepped(turns: number): Promise<Verdict[]> {
  const worker = await openWorker({ startTimeoutMs: 120_000 });
  const envs = await makeVectorEnvironment("CartPole-v1", { count: COPIES, worker });
  await envs.reset({ seed: 1 });
  const actions = new Int32Array(COPIES);
  const step = async (k: number): Promise<void> => void (await envs.step(actions.fill(k & 1)));
  const half = Math.ceil(turns / 2);
  const node = await watched(`steps of ${COPIES} environments, seen from Node`, half, process.pid, step);
  const python = await watched(`steps of ${COPIES} environments, seen from Python`, half, worker.pid, step);
  await envs.close();
  await worker.close();
  return [node, python];
}

const text = verdicts.map(({ what, turns, first, last, grown }) => {
  const pairs = (Object.keys(SLACK) as (keyof Sample)[]).map((name) => `${name} ${first[name].toFixed(0)} -> ${last[name].toFixed(0)}`); // prettier-ignore
  return `leaks: ${turns} ${what}: ${pairs.join(", ")}: ${grown.length > 0 ? `${grown.join(", ")} grew` : "no growth"}\n`; // prettier-ignore
});
process.stdout.write(values.json ? `${JSON.stringify(verdicts)}\n` : text.join(""));
process.exitCode = verdicts.some(({ grown }) => grown.length > 0) ? 1 : 0;
