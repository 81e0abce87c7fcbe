import type { Command } from "./command.ts";

/** Every command with its summary, so that `dsqn --help` loads none of them. */
export const commands: readonly { name: string; summary: string; load: () => Promise<{ default: Command }> }[] = [
  { name: "doctor", summary: "Check what dsqn rests on, with a fix for whatever is missing", load: () => import("./doctor.ts") },
];
