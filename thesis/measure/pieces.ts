import type { Piece, PieceContext, PieceResult } from "../../src/cluster/executor.ts";
import { UsageError } from "../../src/errors.ts";
import { answer } from "./answer.ts";
import type { AskProcesses, ProcessesOptions } from "./processes.ts";
import type { Request, RowRequest, TrainingRequest } from "./request.ts";

/** Rows and trainings as pieces of a job, which run anywhere. */
type Apart = RowRequest | TrainingRequest;

/** A piece for each request. */
export const piecesOf = (requests: readonly Apart[]): Omit<Piece, "cpus">[] =>
  requests.map((request) => ({ id: nameOf(request), kind: "reproduce", input: apart(request) }));

function nameOf(request: Apart): string {
  if (request.part === "row") return `row-${request.trial}-${request.side}`;
  return `training-${request.preset}-${request.learningRate}-seed-${request.seed}`;
}

/** Without folders that only this machine may have: a piece has one of its own, and its result is kept. */
function apart(request: Apart): Apart {
  if (request.part === "training") return { ...request, folder: undefined };
  return { ...request, keep: undefined };
}

/** Does a piece. */
export async function performRequest(input: unknown, context: PieceContext): Promise<unknown> {
  const request = input as Apart;
  const { folder, onProgress, signal } = context;
  const note = (text: string): void => onProgress({ stage: "reproduce", done: 0, note: text });
  return answer(request.part === "training" ? { ...request, folder, signal } : request, note);
}

/** Answers requests by what pieces have come to. */
export function answersOf(results: readonly PieceResult[]): AskProcesses {
  const values = new Map(results.map(({ id, value }) => [id, value]));
  return async <Q extends Request, A>(requests: readonly Q[], { onAnswer }: ProcessesOptions<A>): Promise<A[]> =>
    requests.map((request, index) => {
      const name = nameOf(request as unknown as Apart);
      if (!values.has(name)) throw new UsageError("BAD_ARGUMENT", `Nothing was measured for ${name}.`);
      const value = values.get(name) as A;
      onAnswer?.(value, index);
      return value;
    });
}
