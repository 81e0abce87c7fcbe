import { createHash } from "node:crypto";
import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  ftruncateSync,
  readdirSync,
  rmdirSync,
  rmSync,
  statSync,
} from "node:fs";
import { join } from "node:path";
import { DsqnError } from "../../errors.ts";
import { makeFolder, openWritable, readRegular, writeWhole } from "../../files/atomic.ts";

/** Where a run keeps everything: config.json, progress.jsonl, TensorBoard events, checkpoints, models, summary.json. */
export interface RunFolder {
  readonly path: string;
  file(name: string): string;
}

/** `runs/2026-01-31T12-00-00-cartpole-dqn`: sorts by time. */
export function defaultRunPath(name: string, now = new Date()): string {
  return join("runs", `${now.toISOString().slice(0, 19).replaceAll(":", "-")}-${name}`);
}

/** RUN_NOT_FOUND where there is none to go on with, RUN_EXISTS where a new one would lie over another. */
export function checkRunFolder(path: string, { resume = false } = {}): void {
  const held = existsSync(join(path, "config.json"));
  if (resume && !held)
    throw new DsqnError("RUN_NOT_FOUND", `There is no run in "${path}".`, {
      hint: "Name the folder that holds the run's config.json.",
    });
  if (!resume && held)
    throw new DsqnError("RUN_EXISTS", `"${path}" already holds a run.`, {
      hint: `Go on with it: dsqn train --resume ${path}. Or choose another --out.`,
    });
}

/** Creates the folder of a new run, or finds that of one to go on with. */
export function openRunFolder(path: string, { resume = false } = {}): RunFolder {
  const file = (name: string): string => join(path, name);
  checkRunFolder(path, { resume });
  try {
    makeFolder(path);
    if (!statSync(path).isDirectory()) throw new Error("It is a file.");
    accessSync(path, constants.W_OK);
  } catch (cause) {
    throw new DsqnError("RUN_FOLDER_UNWRITABLE", `Nothing can be written to "${path}".`, {
      hint: "Name a folder of yours with --out, or free some disk space.",
      cause,
    });
  }
  return { path, file };
}

/** Removes a run that ended before it had learned anything, so that the same command may be given again once its cause is mended. */
export function discardUnbegun({ path, file }: RunFolder): void {
  const begun = readdirSync(path).some((name) => !/^(config\.json|progress\.jsonl|watch\.html|events\.out\..*)$/.test(name));
  if (begun || (existsSync(file("progress.jsonl")) && statSync(file("progress.jsonl")).size > 0)) return;
  for (const name of readdirSync(path)) rmSync(file(name));
  rmdirSync(path);
}

export function readJson(path: string): unknown {
  try {
    return JSON.parse(readRegular(path).toString("utf8"));
  } catch (cause) {
    throw new DsqnError("FILE_UNREADABLE", `"${path}" is missing or no JSON.`, {
      hint: "Check the path; restore the file if it was edited.",
      cause,
    });
  }
}

/** A log of one JSON document per line. */
export interface JsonLog {
  append(entry: object): void;
  readonly bytes: number;
  /** Of what it holds, in hex. */
  readonly sha256: string;
  close(): void;
}

/**
 * Opens a log; `keep`: cut it to its first `keep` bytes, what it held at a resumed run's checkpoint. CHECKPOINT_INVALID where these are not there, or
 * others than the checkpoint knows by their `sha256`.
 */
export function openJsonLog(path: string, keep = 0, sha256?: string): JsonLog {
  const held = keep > 0 && existsSync(path) ? readRegular(path).subarray(0, keep) : Buffer.alloc(0);
  const hash = createHash("sha256").update(held);
  if (held.length < keep || (sha256 !== undefined && hash.copy().digest("hex") !== sha256))
    throw new DsqnError("CHECKPOINT_INVALID", `"${path}" is not what it was when the checkpoint was taken.`, {
      hint: "Put it back if there is a copy, or start the run anew, in another folder.",
      facts: { path },
    });
  const file = openWritable(path, "a");
  ftruncateSync(file, keep);
  let bytes = keep;
  return {
    append(entry) {
      const line = Buffer.from(`${JSON.stringify(entry)}\n`);
      writeWhole(file, line, path);
      bytes += line.length;
      hash.update(line);
    },
    get bytes() {
      return bytes;
    },
    get sha256() {
      return hash.copy().digest("hex");
    },
    close: () => closeSync(file),
  };
}
