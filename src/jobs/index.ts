/** dsqn/jobs: what the CLI's larger commands do, as functions. */
export { runCartPole, type CartPoleOptions, type CartPoleRun } from "./cartpole.ts";
export * from "../cluster/index.ts";
export { pieceKinds, registerPieces } from "./pieces/index.ts";
