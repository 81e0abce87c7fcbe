import { parentPort, workerData } from "node:worker_threads";
import { BoardError, type Problem } from "./problems.ts";
import { BoardServer, type ServerOptions } from "./server.ts";
import { type BoardStatus } from "./emulator.ts";

/** What the thread of a board says to whoever opened it. */
export type FromBoard =
  | { readonly kind: "open" }
  | {
      readonly kind: "failed";
      readonly code: string;
      readonly message: string;
      readonly hint: string;
      readonly facts: Readonly<Record<string, unknown>>;
    }
  | { readonly kind: "status"; readonly id: number; readonly status: BoardStatus }
  | { readonly kind: "problem"; readonly problem: Problem }
  | { readonly kind: "trace"; readonly line: string };

/** What it is asked for. */
export type ToBoard = { readonly kind: "status"; readonly id: number };

export type ThreadOptions = Omit<ServerOptions, "onProblem" | "onTrace"> & { readonly trace: boolean };

async function serve(port: NonNullable<typeof parentPort>): Promise<void> {
  const say = (message: FromBoard): void => port.postMessage(message);
  const { trace, ...options } = workerData as ThreadOptions;
  let server: BoardServer;
  try {
    server = new BoardServer({
      ...options,
      onProblem: (problem) => say({ kind: "problem", problem }),
      onTrace: trace ? (line) => say({ kind: "trace", line }) : undefined,
    });
    await server.open();
  } catch (error) {
    if (!(error instanceof BoardError)) throw error;
    const { code, message, hint, facts } = error;
    say({ kind: "failed", code, message, hint, facts });
    return port.close();
  }
  port.on("message", ({ kind, id }: ToBoard) => say({ kind, id, status: server.status() }));
  say({ kind: "open" });
}

if (parentPort) await serve(parentPort);
