import { join } from "node:path";
import { DsqnError } from "../../errors.ts";
import { withLock } from "../../setup/index.mjs";

/**
 * Does `task` while the run in `folder` is this process's (`run.lock`): two of them would write into the same files. The lock of a process that ended
 * without giving it back is taken over.
 *
 * @throws DsqnError RUN_LOCKED where another process, or another task of this one, has it.
 */
export function withRun<T>(folder: string, task: () => Promise<T>): Promise<T> {
  const file = join(folder, "run.lock");
  return withLock(file, task, {
    onWait(holder) {
      throw new DsqnError("RUN_LOCKED", `The run in "${folder}" is under way: ${holder} works on it.`, {
        hint: `Wait for it, or stop it. If there is no such process, delete ${file}.`,
        facts: { folder, holder },
      });
    },
  });
}
