import type { PieceKinds } from "../../cluster/executor.ts";

/** What pieces of jobs can be; each is loaded when a process first meets one. */
export const pieceKinds: Record<string, PieceKinds[string]> = {
  certify: async () => (await import("./certify.ts")).performCertify,
  rehearsal: async () => (await import("./rehearsal.ts")).performRehearsal,
  train: async () => (await import("./train.ts")).performTraining,
};

/** Adds kinds of an application of the library (thesis/). */
export function registerPieces(kinds: PieceKinds): void {
  Object.assign(pieceKinds, kinds);
}
