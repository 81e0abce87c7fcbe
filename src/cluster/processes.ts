import { type ChildProcess, fork } from "node:child_process";
import { availableParallelism } from "node:os";
import { DsqnError, UsageError } from "../errors.ts";
import type { Progress } from "../progress.ts";
import { leftNothing } from "./errors.ts";
import { ATTEMPTS, type Executor, type OpenJob, type Piece, type RunHooks } from "./executor.ts";
import { program } from "./identity.ts";

/** What a child is told, and says: `dsqn piece JOB --serve`. */
export type Order = { readonly piece: string } | { readonly stop: true };
export type Reply =
  | { readonly note: Progress }
  | { readonly done: string }
  | { readonly error: { readonly code?: string; readonly message: string; readonly hint?: string } };

/** So long a child may take to leave its checkpoint before it is killed. */
const GRACE_MS = 60_000;
const TAIL = 4_000;

/** Processes of this machine, each with one piece after the other: what one of them has loaded and opened serves the next. */
export function openProcesses(place?: string): Executor {
  const cores = place === undefined ? availableParallelism() : Number(place);
  if (!Number.isInteger(cores) || cores < 1 || cores > 4096)
    throw new UsageError("BAD_ARGUMENT", `"${place}" is no number of cores.`, { hint: "--on processes:4" });
  return {
    name: "processes",
    detaches: false,
    // They run this very installation, on this very disk.
    prepare: async () => undefined,
    run: (job, pieces, hooks) => new Pool(job, pieces, cores, hooks).run(),
    close: async () => undefined,
  };
}

/** One run of pieces over children. */
class Pool {
  readonly #job: OpenJob;
  readonly #waiting: Piece[];
  readonly #hooks: RunHooks;
  readonly #attempts = new Map<string, number>();
  readonly #children = new Set<Child>();
  readonly #idle: Child[] = [];
  #free: number;
  readonly #cores: number;
  #failure: unknown;

  constructor(job: OpenJob, pieces: readonly Piece[], cores: number, hooks: RunHooks) {
    this.#job = job;
    this.#waiting = [...pieces];
    this.#hooks = hooks;
    this.#cores = cores;
    this.#free = cores;
  }

  async run(): Promise<void> {
    const { signal } = this.#hooks;
    const stop = (): void => this.#stop();
    signal.addEventListener("abort", stop);
    const working = new Set<Promise<void>>();
    try {
      while ((this.#waiting.length > 0 && !this.#stopped) || working.size > 0) {
        for (let next = this.#takeNext(); next; next = this.#takeNext()) {
          const piece = next;
          const work = this.#work(piece).finally(() => {
            this.#free += this.#shareOf(piece);
            working.delete(work);
          });
          working.add(work);
        }
        if (working.size > 0) await Promise.race(working);
      }
    } finally {
      signal.removeEventListener("abort", stop);
      await Promise.all([...this.#children].map((child) => child.end()));
    }
    signal.throwIfAborted();
    if (this.#failure !== undefined) throw this.#failure;
  }

  get #stopped(): boolean {
    return this.#hooks.signal.aborted || this.#failure !== undefined;
  }

  /** A piece that wants more than there is has all of it. */
  #shareOf = ({ cpus }: Piece): number => Math.min(cpus, this.#cores);

  /** In order: a large piece is not overtaken by small ones for ever. */
  #takeNext(): Piece | undefined {
    const [next] = this.#waiting;
    if (!next || this.#stopped || this.#shareOf(next) > this.#free) return undefined;
    this.#free -= this.#shareOf(next);
    return this.#waiting.shift();
  }

  async #work(piece: Piece): Promise<void> {
    const { id } = piece;
    const { onNote, onDone, log } = this.#hooks;
    const child = this.#idle.pop() ?? this.#start();
    onNote?.(id);
    const reply = await child.do(id, (progress) => onNote?.(id, progress));
    if ("done" in reply) {
      this.#idle.push(child);
      if (this.#job.done(id) || this.#job.failure(id)) return onDone(id);
      if (this.#stopped) return; // interrupted, resumable
      return this.#fail(leftNothing(id, this.#job.folder));
    }
    if ("error" in reply) {
      this.#idle.push(child);
      const { code, message, hint } = reply.error;
      return this.#fail(new DsqnError(code ?? "INTERNAL", message, { hint, facts: { piece: id } }));
    }
    this.#children.delete(child);
    if (this.#stopped) return;
    const attempts = (this.#attempts.get(id) ?? 0) + 1;
    this.#attempts.set(id, attempts);
    if (attempts < ATTEMPTS) {
      log(`Piece ${id}: its process ended (${reply.ended}); it is begun again.`);
      this.#waiting.unshift(piece);
      return;
    }
    const hint = "Is there enough memory? The same command tries it again.";
    const facts = { piece: id, attempts, tail: child.tail };
    this.#job.fail(
      id,
      new DsqnError("PIECE_LOST", `Its process ended ${attempts} times (${reply.ended}).`, { hint, facts }),
    );
    onDone(id);
  }

  #start(): Child {
    const child = new Child(this.#job.folder);
    this.#children.add(child);
    return child;
  }

  #fail(error: unknown): void {
    this.#failure ??= error;
    this.#stop();
  }

  #stop(): void {
    for (const child of this.#children) child.stop();
  }
}

/** A process that does pieces of one job. */
class Child {
  readonly #process: ChildProcess;
  readonly #ended: Promise<string>;
  /** The end of what it wrote to stderr. */
  tail = "";

  constructor(folder: string) {
    this.#process = fork(program, ["piece", folder, "--serve"], {
      execArgv: [],
      stdio: ["ignore", "ignore", "pipe", "ipc"],
      serialization: "json",
    });
    this.#process
      .stderr!.setEncoding("utf8")
      .on("data", (text: string) => (this.tail = (this.tail + text).slice(-TAIL)));
    this.#ended = new Promise((resolve) => {
      this.#process.on("error", (error) => resolve(error.message));
      this.#process.on("exit", (code, signal) => resolve(signal ?? `exit code ${code}`));
    });
  }

  async do(
    id: string,
    onNote: (progress: Progress) => void,
  ): Promise<Exclude<Reply, { note: Progress }> | { readonly ended: string }> {
    let answered: (reply: Reply) => void = () => undefined;
    try {
      const reply = new Promise<Exclude<Reply, { note: Progress }>>((resolve) => {
        answered = (message) => ("note" in message ? onNote(message.note) : resolve(message));
        this.#process.on("message", answered);
      });
      this.#send({ piece: id });
      return await Promise.race([reply, this.#ended.then((ended) => ({ ended }))]);
    } finally {
      this.#process.off("message", answered);
    }
  }

  /** Asks it to stop at the next safe point. */
  stop(): void {
    this.#send({ stop: true });
  }

  /** When it has ended: what does not do so in time is killed. */
  async end(): Promise<void> {
    if (this.#process.connected) this.#process.disconnect();
    const timer = setTimeout(() => this.#process.kill("SIGKILL"), GRACE_MS);
    await this.#ended;
    clearTimeout(timer);
  }

  #send(order: Order): void {
    // It may have ended meanwhile, which `#ended` tells.
    if (this.#process.connected) this.#process.send(order, () => undefined);
  }
}
