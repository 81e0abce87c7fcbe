/** Many independent pieces of work, and where they run. */
export {
  ATTEMPTS,
  type Executor,
  type JobDescription,
  type OpenJob,
  type PerformPiece,
  type Piece,
  type PieceContext,
  type PieceFailure,
  type PieceKinds,
  type PieceResult,
  type RunHooks,
} from "./executor.ts";
export { executors, openExecutor } from "./open.ts";
export { runJob, type JobOptions } from "./run.ts";
