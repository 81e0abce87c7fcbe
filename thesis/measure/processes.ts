import { fork } from "node:child_process";
import { extname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { DsqnError } from "../../src/errors.ts";
import { root } from "../../src/setup/index.mjs";
import type { Request } from "./request.ts";

const extension = extname(fileURLToPath(import.meta.url));

/** What another process of Node needs to run a module of ours: in a clone they are TypeScript, in a package JavaScript. */
const execArgv = extension === ".ts" ? ["--import", pathToFileURL(join(root, "scripts", "register-ts.mjs")).href] : [];

const AGAIN = "Run the command again: it goes on with what is not done yet.";

/** A note says how far the work on an answer is. */
type Message<A> = { readonly answer: A } | { readonly error: Failure } | { readonly note: string };
type Reply<A> = Exclude<Message<A>, { readonly note: string }>;

/** An error as it crosses to the parent; `cause`: the stack of what is behind it, a Python traceback for one. */
interface Failure {
  readonly code?: string;
  readonly message: string;
  readonly hint?: string;
  readonly facts?: Readonly<Record<string, unknown>>;
  readonly cause?: string;
}

export interface ProcessesOptions<A> {
  readonly processes: number;
  /** In order of completion; `index` is the request's. */
  readonly onAnswer?: (answer: A, index: number) => void;
  /** What a process says of the request it is working on. */
  readonly onNote?: (note: string, index: number) => void;
  readonly signal?: AbortSignal;
}

/** Who answers requests. */
export type AskProcesses = <Q extends Request, A>(requests: readonly Q[], options: ProcessesOptions<A>) => Promise<A[]>;

/** Answers `requests` in processes of process.ts. */
export function askProcesses<Q extends Request, A>(requests: readonly Q[], options: ProcessesOptions<A>): Promise<A[]> {
  return answerInProcesses<Q, A>(new URL(`./process${extension}`, import.meta.url), requests, options);
}

/**
 * Answers `requests` (structured data) in processes that run the module `script`, each one request at a time, and returns the
 * answers in the order of the requests. The first failure ends all processes.
 */
export async function answerInProcesses<Q, A>(
  script: URL,
  requests: readonly Q[],
  { processes, onAnswer, onNote, signal }: ProcessesOptions<A>,
): Promise<A[]> {
  const answers: A[] = [];
  const failure = new AbortController();
  const stop = signal ? AbortSignal.any([signal, failure.signal]) : failure.signal;
  let next = 0;
  const work = async (): Promise<void> => {
    const child = fork(fileURLToPath(script), [], {
      signal: stop,
      stdio: ["ignore", "ignore", "inherit", "ipc"],
      serialization: "advanced",
      execArgv,
    });
    // Ended while nobody asks: no news.
    child.on("error", () => undefined);
    const ask = (request: Q, index: number): Promise<Reply<A>> =>
      new Promise((resolve, reject) => {
        const settle = (): void => void child.off("message", answered).off("error", failed).off("exit", ended);
        const answered = (message: Message<A>): void => {
          if ("note" in message) return onNote?.(message.note, index);
          settle();
          resolve(message);
        };
        const failed = (error: Error): void => (settle(), reject(error));
        const ended = (code: number | null, signal: string | null): void => {
          settle();
          const message = `A process of the reproduction ended (${signal ?? `exit code ${code}`}).`;
          reject(new DsqnError("TRAINING_FAILED", message, { hint: AGAIN }));
        };
        child.on("message", answered).on("error", failed).on("exit", ended);
        child.send(request as object);
      });
    try {
      while (next < requests.length && !stop.aborted) {
        const index = next++;
        const reply = await ask(requests[index], index);
        if ("error" in reply) throw failureOf(reply.error);
        answers[index] = reply.answer;
        onAnswer?.(reply.answer, index);
      }
    } catch (error) {
      // The reason of the first failure; the others only end with it.
      failure.abort(error);
    } finally {
      // The child ends by itself when nobody can ask it any more.
      if (child.connected) child.disconnect();
    }
  };
  // All of them end before anyone hears of a failure: nothing goes on behind the caller's back.
  await Promise.all(Array.from({ length: Math.min(processes, requests.length) }, work));
  stop.throwIfAborted();
  return answers;
}

/**
 * The other side, in a process of `answerInProcesses`: gives `answer` one request after the other until the parent is gone. `note`
 * tells the parent how far it is.
 */
export function answerRequests<Q, A>(answer: (request: Q, note: (text: string) => void) => Promise<A>): void {
  const send = (message: Message<A>): void => {
    if (process.connected) process.send!(message);
  };
  process.on("message", async (request: Q) => {
    let reply: Reply<A>;
    try {
      reply = { answer: await answer(request, (note) => send({ note })) };
    } catch (error) {
      reply = { error: told(error) };
    }
    send(reply);
  });
  process.once("disconnect", () => process.exit());
}

function told(error: unknown): Failure {
  if (!(error instanceof DsqnError))
    return { message: String(error), cause: error instanceof Error ? error.stack : "" };
  const { code, message, hint, facts, cause } = error;
  return { code, message, hint, facts, cause: cause instanceof Error ? (cause.stack ?? cause.message) : undefined };
}

function failureOf({ code, message, hint, facts, cause }: Failure): DsqnError {
  const behind = cause === undefined ? undefined : Object.assign(new Error(message), { stack: cause });
  if (code !== undefined) return new DsqnError(code, message, { hint, facts, cause: behind });
  return new DsqnError("TRAINING_FAILED", `A part of the reproduction failed: ${message}`, {
    hint: AGAIN,
    cause: behind,
  });
}
