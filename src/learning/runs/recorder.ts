import { openEventFile } from "./tensorboard.ts";
import type { Stored } from "../algorithm.ts";
import { openCheckpoints } from "./checkpoint.ts";
import { openJsonLog } from "./folder.ts";
import type { RunContext } from "./summary.ts";

/** What a run writes as it goes: progress.jsonl, the same for TensorBoard, and checkpoints. */
export interface Recorder<S extends Stored> {
  /** Where a resumed run goes on; undefined for a new one, or one that ended before its first checkpoint. */
  readonly resume: S | undefined;
  /** One line of the log, and its `scalars` at `step`. */
  note(kind: string, entry: object, step: number, scalars: Readonly<Record<string, number>>): void;
  /** Takes a checkpoint if it's the last, or due, or the one before is `checkpointSeconds` old. */
  safePoint(facts: { readonly snapshot: () => S; readonly last: boolean; readonly due?: boolean }): void;
  close(): void;
}

/** Opens the files of a run; those of a resumed run are cut back to what they held at its checkpoint. */
export function openRecorder<S extends Stored>(
  config: { readonly checkpointSeconds: number },
  { folder, resume }: RunContext,
): Recorder<S> {
  const checkpoints = openCheckpoints<S>(folder.file("checkpoint.safetensors"), config);
  const saved = resume === false ? undefined : checkpoints.load(typeof resume === "string" ? resume : undefined);
  const log = openJsonLog(folder.file("progress.jsonl"), saved?.marks.log, saved?.marks.sha256);
  const events = openEventFile(folder.file("events.out.tfevents.0.dsqn"), { keep: saved?.marks.events });
  let written = performance.now();
  return {
    resume: saved?.snapshot,
    note(kind, entry, step, scalars) {
      log.append({ kind, ...entry });
      events.scalars(step, scalars);
    },
    safePoint({ snapshot, last, due }) {
      if (!last && !due && performance.now() - written < config.checkpointSeconds * 1000) return;
      checkpoints.save({ snapshot: snapshot(), marks: { log: log.bytes, events: events.bytes, sha256: log.sha256 } });
      written = performance.now();
    },
    close() {
      log.close();
      events.close();
    },
  };
}
