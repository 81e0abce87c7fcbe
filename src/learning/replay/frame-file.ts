import { closeSync, existsSync, fstatSync, fsyncSync, ftruncateSync, readSync } from "node:fs";
import { DsqnError } from "../../errors.ts";
import { openWritable, writeWhole, writing } from "../../files/atomic.ts";
import type { FrameMemory } from "./frame-memory.ts";

/**
 * The frames of a replay memory in a file, so that a checkpoint writes only those that are new. Like the memory it is a ring per lane,
 * longer by twice a margin: as long as at most `margin` frames of a lane come between two checkpoints, writing the newest
 * overwrites nothing that the last or the last but one needs.
 */
export interface FrameFile {
  /** Frames of a lane after which a checkpoint is due. */
  readonly margin: number;
  /** Whether any lane is within `step` frames of its margin. */
  due(step: number): boolean;
  /** Writes what came since the last call, down to the disk. */
  save(): void;
  /** Fills the memory's frames; `memory.pushed` says which. */
  restore(): void;
  close(): void;
}

/** Opens the file of `memory`'s frames, or creates it. */
export function openFrameFile(path: string, memory: FrameMemory, { resume = false } = {}): FrameFile {
  const { frameSize, environments } = memory.options;
  const margin = Math.max(64, Math.ceil(memory.lane / 8));
  const ring = memory.lane + 2 * margin;
  if (resume && !existsSync(path))
    throw new DsqnError("CHECKPOINT_INVALID", `The replay memory's frames "${path}" are missing.`, {
      hint: "Start the run anew, in another folder.",
    });
  const file = openWritable(path, resume ? "r+" : "w+");
  const size = ring * environments * frameSize;
  if (resume && fstatSync(file).size !== size) {
    closeSync(file);
    throw new DsqnError("CHECKPOINT_INVALID", `The replay memory's frames "${path}" do not have ${size} bytes.`, {
      hint: "Start the run anew, in another folder.",
    });
  }
  writing(path, () => ftruncateSync(file, size));
  let saved = memory.pushed.map(() => 0);

  /** Calls `run` for every stretch of frames [from, to) that lies in one piece both in memory and in the file. */
  const stretches = (
    lane: number,
    from: number,
    to: number,
    run: (bytes: Uint8Array, position: number) => void,
  ): void => {
    for (let n = from; n < to;) {
      const length = Math.min(to - n, memory.lane - (n % memory.lane), ring - (n % ring), 4096);
      const at = (n % memory.lane) * frameSize;
      const bytes = memory.frames[lane].subarray(at, at + length * frameSize);
      run(bytes, (lane * ring + (n % ring)) * frameSize);
      n += length;
    }
  };

  return {
    margin,
    due: (step) => memory.pushed.some((pushed, lane) => pushed - saved[lane] + step > margin),
    save() {
      for (const [lane, pushed] of memory.pushed.entries())
        stretches(lane, saved[lane], pushed, (bytes, position) => writeWhole(file, bytes, path, position));
      writing(path, () => fsyncSync(file));
      saved = [...memory.pushed];
    },
    restore() {
      for (const [lane, pushed] of memory.pushed.entries())
        stretches(lane, Math.max(0, pushed - memory.lane), pushed, (bytes, position) => {
          for (let done = 0; done < bytes.length;) {
            const read = readSync(file, bytes, done, bytes.length - done, position + done);
            if (read === 0) throw new DsqnError("CHECKPOINT_INVALID", `"${path}" ends too early.`);
            done += read;
          }
        });
      saved = [...memory.pushed];
    },
    close: () => closeSync(file),
  };
}
