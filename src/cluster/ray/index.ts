import { randomBytes } from "node:crypto";
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { DsqnError } from "../../errors.ts";
import { makeFolder, writeAtomically } from "../../files/atomic.ts";
import { leftNothing } from "../errors.ts";
import { ATTEMPTS, type Executor, type OpenJob, type Piece, type RunHooks } from "../executor.ts";
import { answerTo } from "../serve.ts";
import { bringHome } from "./carried.ts";
import { failureOf, RayDriver, type RayEvent } from "./driver.ts";
import { type RayOptions, rayOptions } from "./options.ts";

export { type RayOptions, rayOptions } from "./options.ts";

/**
 * Pieces as tasks of a Ray cluster: `--on ray[:address][,code=...][,node=...][,folder=own]`. Ray places them and tries again what dies with its node; what
 * a piece is, and that it counts once, is the job folder's matter (job.ts, lease.ts).
 */
export async function openRay(place?: string): Promise<Executor> {
  return new RayExecutor(rayOptions(place));
}

/** Without any machine left, this long for one to come. */
const PATIENCE_MS = 120_000;
/** To stop at a safe point; then Ray ends what still runs. */
const GRACE_MS = 60_000;
/** How long what a node has written may take to be seen here. */
const SEEN_MS = 10_000;

class RayExecutor implements Executor {
  readonly name = "ray";
  readonly detaches = false;
  readonly #options: RayOptions;
  #driver: RayDriver | undefined;
  #task: Record<string, unknown> = {};

  constructor(options: RayOptions) {
    this.#options = options;
  }

  async prepare(job: OpenJob, { signal, log }: Pick<RunHooks, "signal" | "log">): Promise<void> {
    this.#driver ??= await RayDriver.open(this.#options, { signal, log });
    const driver = this.#driver;
    const nodes = await driver.nodes();
    const cores = nodes.reduce((sum, { cpus }) => sum + cpus, 0);
    if (cores === 0)
      throw new DsqnError("RAY_NO_NODES", "No node of the Ray cluster has a core to work with.", {
        hint: "ray start --address=HOST:PORT on another machine adds one.",
      });
    log(`dsqn: Ray ${driver.version}: ${nodes.length} node(s), ${cores} cores`);
    const token = randomBytes(12).toString("hex");
    this.#task = {
      ...driver.task(),
      folder: job.folder,
      token,
      shared: this.#options.shared,
      // For nodes that do not see the folder.
      job: readFileSync(join(job.folder, "job.json"), "utf8"),
    };
    await this.#check(job, token, signal);
  }

  /** Asks every node whether it sees the job's folder and runs the same code; and whether what it writes there is seen here. */
  async #check(job: OpenJob, token: string, signal: AbortSignal): Promise<void> {
    const probes = join(job.folder, "probes");
    const question = join(probes, token);
    makeFolder(probes);
    writeAtomically(question, token);
    try {
      const answers = await this.#driver!.check(this.#task, signal);
      this.#task["nodes"] = answers.map(({ id }) => id);
      const refusal = answers.find(({ error }) => error !== undefined);
      if (refusal) throw failureOf(refusal.error!);
      if (this.#options.shared)
        await seen(
          () => existsSync(`${question}.answer`) && readFileSync(`${question}.answer`, "utf8") === answerTo(token),
          () => unshared(job.folder),
        );
    } finally {
      rmSync(question, { force: true });
      rmSync(`${question}.answer`, { force: true });
    }
  }

  async run(job: OpenJob, pieces: readonly Piece[], hooks: RunHooks): Promise<void> {
    const driver = this.#driver!;
    const open = new Set(pieces.map(({ id }) => id));
    const { signal } = hooks;
    const watch = watchNotes(job, open, hooks);
    const settled = new Set<Promise<void>>();
    try {
      await new Promise<void>((resolve, reject) => {
        const patience = new Patience(reject);
        let force: NodeJS.Timeout | undefined;
        const end = (finish: () => void): void => {
          unlisten();
          patience.stop();
          clearTimeout(force);
          signal.removeEventListener("abort", stop);
          finish();
        };
        const over = (): void => void (open.size === 0 && end(resolve));
        const stop = (): void => {
          // What has not begun never tells of its end.
          driver.stop(false).catch(() => undefined);
          force = setTimeout(() => void driver.stop(true).catch(() => undefined), GRACE_MS);
          void this.#whenStill(end, resolve);
        };
        const heard = (event: RayEvent): void => {
          if (event.kind === "nodes") return patience.look(event, hooks.log);
          if (event.kind !== "piece" || !open.has(event.piece)) return;
          const done = this.#settle(job, event, hooks).then(
            () => {
              open.delete(event.piece);
              if (!event.stopped) hooks.onDone(event.piece);
              over();
            },
            (error: unknown) => end(() => reject(error)),
          );
          settled.add(done);
        };
        const unlisten = driver.listen(heard, (error) => end(() => reject(error)));
        signal.addEventListener("abort", stop);
        const inputs =
          this.#options.shared || !existsSync(join(job.folder, "inputs"))
            ? undefined
            : ([job.folder, inputsOf(job.folder)] as const);
        const submitted = pieces.map((piece) => ({ id: piece.id, cpus: piece.cpus, piece }));
        driver.submit(this.#task, submitted, inputs).catch((error: unknown) => end(() => reject(error)));
        if (signal.aborted) stop();
      });
    } catch (error) {
      await driver.stop(false).catch(() => undefined);
      throw error;
    } finally {
      watch.stop();
      await Promise.allSettled(settled);
    }
    signal.throwIfAborted();
  }

  /** After a stop: until nothing runs any more. */
  async #whenStill(end: (finish: () => void) => void, resolve: () => void): Promise<void> {
    try {
      while (((await this.#driver!.call("running", {}))["running"] as number) > 0) await pause(100);
    } catch {
      // The cluster is gone, and all that ran on it.
    }
    end(resolve);
  }

  async #settle(job: OpenJob, event: Extract<RayEvent, { kind: "piece" }>, { signal }: RunHooks): Promise<void> {
    const { piece: id, error, lost, files, stopped } = event;
    if (stopped || signal.aborted) return;
    if (error) throw failureOf(error);
    if (lost !== undefined) {
      const hint = "Is there enough memory on the nodes? The same command tries it again.";
      return job.fail(
        id,
        new DsqnError("PIECE_LOST", `Its process or its node ended ${ATTEMPTS} times (${lost}).`, {
          hint,
          facts: { piece: id },
        }),
      );
    }
    if (files) await bringHome(job, id, files, this.#driver!);
    await seen(
      () => job.done(id) || job.failure(id) !== undefined,
      () => leftNothing(id, job.folder),
    );
  }

  async close(): Promise<void> {
    await this.#driver?.close();
    this.#driver = undefined;
  }
}

/** When no node is left: whether one comes again. */
class Patience {
  #timer: NodeJS.Timeout | undefined;
  readonly #lose: (error: Error) => void;

  constructor(lose: (error: Error) => void) {
    this.#lose = lose;
  }

  look({ went, came, cpus }: Extract<RayEvent, { kind: "nodes" }>, log: (line: string) => void): void {
    if (went.length > 0)
      log(`dsqn: node ${went.join(", ")} is gone; Ray begins its pieces again elsewhere (${cpus} cores are left).`);
    if (came.length > 0) log(`dsqn: node ${came.join(", ")} has come (${cpus} cores now).`);
    this.stop();
    if (cpus > 0) return;
    const hint = "What is done is kept: the same command with the same --out goes on once there are nodes again.";
    this.#timer = setTimeout(
      () => this.#lose(new DsqnError("RAY_LOST", "No node of the Ray cluster is left.", { hint })),
      PATIENCE_MS,
    );
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}

/** Passes on what pieces wrote down of their progress. */
function watchNotes(job: OpenJob, open: ReadonlySet<string>, { onNote }: RunHooks): { stop(): void } {
  const told = new Map<string, string>();
  const look = (): void => {
    for (const id of open) {
      const progress = job.progress(id);
      const text = JSON.stringify(progress);
      if (progress && told.get(id) !== text) onNote?.(id, progress);
      told.set(id, text);
    }
  };
  const timer = setInterval(look, 2_000);
  timer.unref();
  return { stop: () => clearInterval(timer) };
}

const inputsOf = (folder: string): string[] =>
  readdirSync(join(folder, "inputs"), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name).slice(folder.length + 1));

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Until `look` is true: other machines' writing may come late over a network's disk. */
async function seen(look: () => boolean, otherwise: () => Error): Promise<void> {
  for (const end = performance.now() + SEEN_MS; !look(); await pause(50))
    if (performance.now() > end) throw otherwise();
}

function unshared(folder: string): DsqnError {
  return new DsqnError("CLUSTER_FOLDER", `What the nodes write to "${folder}" is not seen here.`, {
    hint: "Name a folder on a disk that all share with --out, or say that there is none: --on ray:ADDRESS,folder=own",
    facts: { folder },
  });
}
