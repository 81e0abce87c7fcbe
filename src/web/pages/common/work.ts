import type { Plain } from "./plain.ts";

/** A failure that a worker told of, or that is its end. */
class WorkFailed extends Error {
  readonly hint: string | undefined;
  readonly code: string | undefined;

  constructor({ message, hint, code }: Plain) {
    super(message);
    [this.hint, this.code] = [hint, code];
  }
}

/** What every worker of these pages answers with, besides what is its own. */
interface Answer {
  readonly type: string;
}

/**
 * Asks a worker of this folder once, and ends it: `hear` gets what it says on the way, the last answer ("done") is returned. A worker that
 * fails, dies or can't be started is a `WorkFailed`, and the page goes on.
 */
export function ask<Sent extends Answer>(
  script: string,
  question: unknown,
  hear: (sent: Exclude<Sent, { type: "done" | "failed" }>) => void,
  signal?: AbortSignal,
): Promise<Extract<Sent, { type: "done" }>> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL(`./${script}.js`, import.meta.url), { type: "module" });
    const end = (settle: () => void): void => {
      worker.terminate();
      signal?.removeEventListener("abort", stopped);
      settle();
    };
    const lost = (why: string): void =>
      end(() =>
        reject(
          new WorkFailed({
            message: `The worker that computes ${why}.`,
            hint: "Try again; if it happens again, close other pages or take a smaller file.",
            code: "WORKER_LOST",
          }),
        ),
      );
    const stopped = (): void => end(() => reject(new WorkFailed({ message: "Stopped.", code: "INTERRUPTED" })));
    worker.addEventListener("message", ({ data }: MessageEvent<Sent>) => {
      if (data.type === "done") end(() => resolve(data as Extract<Sent, { type: "done" }>));
      else if (data.type === "failed")
        end(() => reject(new WorkFailed((data as unknown as { problem: Plain }).problem)));
      else hear(data as Exclude<Sent, { type: "done" | "failed" }>);
    });
    worker.addEventListener("error", ({ message }) => lost(message ? `died: ${message}` : "could not be started"));
    worker.addEventListener("messageerror", () => lost("said something that can't be read"));
    signal?.addEventListener("abort", stopped);
    worker.postMessage(question);
  });
}
