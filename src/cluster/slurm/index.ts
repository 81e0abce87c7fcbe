import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { DsqnError, UsageError } from "../../errors.ts";
import { writeAtomically } from "../../files/atomic.ts";
import { exitCodes } from "../errors.ts";
import { ATTEMPTS, type Executor, type OpenJob, type Piece, type RunHooks } from "../executor.ts";
import { codeHash } from "../identity.ts";
import { pieceFolder } from "../job.ts";
import { answerTo } from "../serve.ts";
import { cancel, endOf, largestArray, refused, slurmVersion, submit, unfinished } from "./queue.ts";
import { type Batch, scriptsOf } from "./scripts.ts";

const FIRST_POLL_MS = 1_000;
const LAST_POLL_MS = 15_000;
/** What a node has written may take so long to be seen here (NFS keeps what it knows of a folder for a minute at most). */
const SETTLE_MS = 3_000;
/** The most tasks of an array, where Slurm can't be asked. */
const UNASKED = 1_000;

/** An array job: the queue decides when and where; this process submits, watches, and submits again what was lost. Ctrl-C only ends the watching. */
export function openSlurm(place?: string): Executor {
  if (place !== undefined && !/^[\w.,-]+$/.test(place))
    throw new UsageError("BAD_ARGUMENT", `"${place}" is no partition of Slurm.`, { hint: "--on slurm:PARTITION" });
  const partition = place;
  return {
    name: "slurm",
    detaches: true,
    async prepare(_job, { log }) {
      log(`Submitting to ${await slurmVersion()}.`);
    },
    run: (job, pieces, hooks) => follow(job, pieces, partition, hooks),
    plan: async (job, pieces) => write(describe(job, pieces, partition, UNASKED)),
    close: async () => undefined,
  };
}

/** The jobs of a batch by their numbers. */
interface Submitted {
  readonly check: string;
  readonly array: string;
  readonly collect: string;
  readonly token: string;
}

/** Rounds of submitting and watching, until each piece has a result or a failure. */
async function follow(
  job: OpenJob,
  pieces: readonly Piece[],
  partition: string | undefined,
  hooks: RunHooks,
): Promise<void> {
  const { log, signal } = hooks;
  const settled = (id: string): boolean => job.done(id) || job.failure(id) !== undefined;
  const lost = new Map<string, number>();
  let left = [...pieces];
  const told = new Set<string>();
  const tell = (): void => {
    for (const { id } of pieces)
      if (!told.has(id) && settled(id)) {
        told.add(id);
        hooks.onDone(id);
      }
    left = left.filter(({ id }) => !settled(id));
  };
  let batch = await submitted(job, signal);
  if (batch) log(`Array job ${batch.array} is in the queue already.`);
  while (left.length > 0) {
    if (!batch) {
      const plan = describe(job, left, partition, await largestArray());
      const script = write(plan).at(-1)!;
      await submit(script);
      batch = { ...numbersIn(plan.place)!, token: plan.token };
      log(`Array job ${batch.array}: ${left.length} pieces in ${plan.tasks.length} tasks, logs in ${plan.place}`);
    }
    await watch(job, batch, left, hooks, tell);
    if (left.length === 0) break;
    const begun = left.filter(({ id }) => existsSync(join(job.folder, "pieces", id)));
    if (begun.length === 0) throw refused(`array job ${batch.array} ended, and none of its pieces was begun.`);
    for (const { id } of begun) {
      // A lease that nobody gave back: its process was killed. Without one it was interrupted, and left a checkpoint.
      if (!existsSync(join(pieceFolder(job.folder, id), "lease"))) continue;
      lost.set(id, (lost.get(id) ?? 0) + 1);
      if (lost.get(id)! < ATTEMPTS) continue;
      const hint = "More memory or time: sbatch's own variables (SBATCH_MEM_PER_CPU, SBATCH_TIMELIMIT).";
      job.fail(
        id,
        new DsqnError("PIECE_LOST", `Its process ended ${ATTEMPTS} times in Slurm.`, { hint, facts: { piece: id } }),
      );
    }
    tell();
    batch = undefined;
    if (left.length > 0) log(`${left.length} pieces have no result; they are submitted again.`);
  }
}

/** Until the array has ended, or nothing is left to wait for. */
async function watch(
  job: OpenJob,
  batch: Submitted,
  left: readonly Piece[],
  { signal, onNote, log }: RunHooks,
  tell: () => void,
): Promise<void> {
  let checked = false;
  let waits = "";
  for (let wait = FIRST_POLL_MS, gone = 0; ; wait = Math.min(LAST_POLL_MS, 1.3 * wait)) {
    await pause(wait, signal);
    checked ||= await checkPassed(job, batch);
    tell();
    if (left.every(({ id }) => job.done(id) || job.failure(id))) return;
    for (const { id } of left) {
      const progress = job.done(id) ? undefined : job.progress(id);
      if (progress) onNote?.(id, progress);
    }
    const tasks = await unfinished(batch.array);
    const pending = tasks.find(({ state }) => state === "PENDING");
    if (pending && pending.reason !== waits && pending.reason !== "None")
      log(`The queue waits: ${(waits = pending.reason)}`);
    if (tasks.length > 0) gone = 0;
    else if ((gone += wait) >= SETTLE_MS) return tell();
  }
}

/** @throws DsqnError where the check failed; the array is then cancelled. */
async function checkPassed(job: OpenJob, { check, array, collect, token }: Submitted): Promise<boolean> {
  const file = join(job.folder, "probes", token);
  const answered = (): boolean =>
    existsSync(`${file}.answer`) && readFileSync(`${file}.answer`, "utf8") === answerTo(readFileSync(file, "utf8"));
  if (answered()) return true;
  const end = await endOf(check);
  if (!end) return false;
  if (end.exitCode === 0 && end.state === "COMPLETED") {
    await pause(SETTLE_MS);
    if (answered()) return true;
  }
  await cancel(array, ...(collect ? [collect] : []));
  const hint = "docs/cluster.md#what-every-node-needs";
  const facts = { check, ...end };
  if (end.exitCode === exitCodes.version)
    throw new DsqnError("CLUSTER_VERSION", `A node of Slurm has another version of dsqn or Node.js (check ${check}).`, {
      hint,
      facts,
    });
  if (end.exitCode === exitCodes.folder || (end.exitCode === 0 && end.state === "COMPLETED"))
    throw new DsqnError("CLUSTER_FOLDER", `A node of Slurm does not share "${job.folder}" (check ${check}).`, {
      hint: "Name a folder that every node sees under the same path: --out.",
      facts,
    });
  throw refused(`the check ${check} ended ${end.state}, exit code ${end.exitCode}; 127: Node.js or dsqn is not there.`);
}

/** A batch that was submitted and has not ended. */
async function submitted(job: OpenJob, signal: AbortSignal): Promise<Submitted | undefined> {
  const place = join(job.folder, "slurm");
  if (!existsSync(place)) return undefined;
  for (const number of readdirSync(place)
    .map(Number)
    .filter(Number.isInteger)
    .sort((a, b) => b - a)) {
    signal.throwIfAborted();
    const folder = join(place, String(number));
    const numbers = numbersIn(folder);
    if (numbers && (await unfinished(numbers.array)).length > 0)
      return { ...numbers, token: readFileSync(join(folder, "token"), "utf8") };
  }
  return undefined;
}

function numbersIn(folder: string): Omit<Submitted, "token"> | undefined {
  const file = join(folder, "submitted.txt");
  if (!existsSync(file)) return undefined;
  const [check, array, collect = ""] = readFileSync(file, "utf8").trim().split(" ");
  return { check, array, collect };
}

/** The next batch: pieces dealt to tasks in turns. */
function describe(job: OpenJob, pieces: readonly Piece[], partition: string | undefined, largest: number): Batch {
  const place = join(job.folder, "slurm");
  const before = existsSync(place) ? readdirSync(place).map(Number).filter(Number.isInteger) : [];
  const count = Math.min(pieces.length, largest);
  return {
    folder: job.folder,
    place: join(place, String(Math.max(0, ...before) + 1)),
    name: job.description.name.replace(/[^\w.-]/g, "-"),
    tasks: Array.from({ length: count }, (_, task) =>
      pieces.filter((_piece, k) => k % count === task).map(({ id }) => id),
    ),
    cpus: Math.max(...pieces.map(({ cpus }) => cpus)),
    partition,
    code: codeHash(),
    token: randomBytes(16).toString("hex"),
    collect: job.description.command,
    cwd: process.cwd(),
  };
}

/** Writes a batch's scripts, and the question that the check is to answer; returns their paths, the script that submits last. */
function write(batch: Batch): string[] {
  const { folder, place, token } = batch;
  mkdirSync(place, { recursive: true });
  writeAtomically(join(folder, "probes", token), randomBytes(16).toString("hex"));
  writeAtomically(join(place, "token"), token);
  return Object.entries(scriptsOf(batch)).map(([name, text]) => {
    writeAtomically(join(place, name), text);
    return join(place, name);
  });
}

function pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const stop = (): void => {
      clearTimeout(timer);
      reject(signal!.reason as Error);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, milliseconds);
    signal?.addEventListener("abort", stop, { once: true });
  });
}
