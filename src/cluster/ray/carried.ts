import { randomBytes } from "node:crypto";
import { existsSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { DsqnError } from "../../errors.ts";
import { makeFolder } from "../../files/atomic.ts";
import type { OpenJob, PieceFailure, PieceResult } from "../executor.ts";
import { hashOf, makePieceFolder, pieceOf, publish, readIfWhole } from "../job.ts";
import type { RayDriver } from "./driver.ts";

/** Puts what a piece left on a node without a shared disk into the job's folder, then publishes its result, so that it counts once as any other. */
export async function bringHome(
  job: OpenJob,
  id: string,
  files: Uint8Array,
  driver: Pick<RayDriver, "unpack">,
): Promise<void> {
  const carried = join(job.folder, `.carried-${id}-${randomBytes(4).toString("hex")}`);
  try {
    makeFolder(carried);
    await driver.unpack(files, carried);
    if (job.done(id)) return;
    const own = join(carried, "pieces", id);
    const result = readIfWhole<PieceResult>(join(own, "result.json"));
    const failure = readIfWhole<PieceFailure>(join(own, "failure.json"));
    makePieceFolder(job.folder, id);
    for (const name of readdirSync(carried)) {
      if (name !== id && !name.startsWith(`${id}.attempt-`)) continue;
      rmSync(join(job.folder, name), { recursive: true, force: true });
      renameSync(join(carried, name), join(job.folder, name));
    }
    if (result && result.piece === hashOf(pieceOf(job, id)) && result.sha256 === hashOf(result.value))
      publish(job.folder, result);
    else if (failure && !existsSync(join(own, "result.json")))
      job.fail(
        id,
        new DsqnError(failure.code, failure.message, {
          hint: failure.hint,
          facts: { ...failure.facts, host: failure.host },
        }),
      );
    else
      throw new DsqnError("FILE_UNREADABLE", `What came back of piece ${id} is not whole.`, {
        hint: "The same command tries it again.",
      });
  } finally {
    rmSync(carried, { recursive: true, force: true });
  }
}
