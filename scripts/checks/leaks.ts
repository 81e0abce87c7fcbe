// npm run leaks -- [--workers 2000] [--steps 1000000]: workers opened and closed, then environment steps; memory, handles and files may not grow by
// more than 5 % from the first tenth, in which everything is still being warmed up, to the last. Linux (/proc).
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
  for (let k = 0; k < turns; k++) {
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
  return { what, turns, first, last, grown };
}

function median(samples: readonly Sample[]): Sample {
  const names = Object.keys(SLACK) as (keyof Sample)[];
  const of = (name: keyof Sample): number => samples.map((one) => one[name]).sort((a, b) => a - b)[samples.length >> 1];
  return Object.fromEntries(names.map((name) => [name, of(name)])) as Sample;
}

const verdicts: Verdict[] = [];
try {
  verdicts.push(
    await watched("workers opened and closed", Number(values.workers), process.pid, async () => {
      const worker = await openWorker({ startTimeoutMs: 120_000 });
      await worker.call("core.echo", {});
      await worker.close();
    }),
  );
  const worker = await openWorker({ startTimeoutMs: 120_000 });
  const envs = await makeVectorEnvironment("CartPole-v1", { count: COPIES, worker });
  await envs.reset({ seed: 1 });
  const actions = new Int32Array(COPIES);
  const step = async (k: number): Promise<void> => void (await envs.step(actions.fill(k & 1)));
  const turns = Math.ceil(Number(values.steps) / COPIES);
  // The same steps are watched twice, with the memory of either side.
  verdicts.push(await watched("steps, seen from Node", Math.ceil(turns / 2), process.pid, step));
  verdicts.push(await watched("steps, seen from Python", Math.ceil(turns / 2), worker.pid, step));
  await envs.close();
  await worker.close();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
const text = verdicts.map(({ what, turns, first, last, grown }) => {
  const pairs = (Object.keys(SLACK) as (keyof Sample)[]).map((name) => `${name} ${first[name].toFixed(0)} -> ${last[name].toFixed(0)}`); // prettier-ignore
  return `leaks: ${turns} ${what}: ${pairs.join(", ")}: ${grown.length > 0 ? `${grown.join(", ")} grew` : "no growth"}\n`; // prettier-ignore
});
process.stdout.write(values.json ? `${JSON.stringify(verdicts)}\n` : text.join(""));
process.exitCode = verdicts.some(({ grown }) => grown.length > 0) ? 1 : 0;
