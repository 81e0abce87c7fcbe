import { createHash } from "node:crypto";
import { existsSync, renameSync } from "node:fs";
import { DsqnError } from "../../errors.ts";
import { decodeSafetensors, encodeSafetensors, type SafetensorsFile } from "../../files/safetensors.ts";
import { bytesOf, tensor, type Tensor } from "../../files/tensor.ts";
import { readRegular, writeAtomically } from "../../files/atomic.ts";
import type { Stored } from "../algorithm.ts";
import type { Snapshot } from "../snapshot.ts";

/** A snapshot with how long the run's logs were when it was taken, and the SHA-256 of `log`. */
export interface Checkpoint<S extends Stored = Snapshot> {
  readonly snapshot: S;
  readonly marks: { readonly log: number; readonly events: number; readonly sha256?: string };
}

export interface Checkpoints<S extends Stored = Snapshot> {
  /** Replaces the newest checkpoint in one step and keeps the one before as `*.previous.*`. */
  save(checkpoint: Checkpoint<S>): void;
  /** The newest checkpoint, or the one in the file `from`; undefined where the run ended before its first. */
  load(from?: string): Checkpoint<S> | undefined;
}

/** The checkpoints of the run with this config, at `path` (a .safetensors file: arrays as tensors, the rest as JSON metadata). */
export function openCheckpoints<S extends Stored = Snapshot>(path: string, config: object): Checkpoints<S> {
  const previous = path.replace(/(\.\w+)?$/, ".previous$1");
  const identity = canonical(config);
  return {
    save({ snapshot, marks }) {
      const facts = JSON.stringify({ facts: snapshot.facts, marks });
      const tensors = Object.fromEntries(Object.entries(snapshot.tensors).map(([name, data]) => [name, tensor(data)]));
      const bytes = encodeSafetensors(tensors, {
        format: "dsqn-checkpoint",
        version: "3",
        config: identity,
        facts,
        sha256: digest(facts, tensors),
      });
      if (existsSync(path)) renameSync(path, previous);
      writeAtomically(path, bytes);
    },
    load(from) {
      // A run killed between the two renames has only the previous one.
      const file = from ?? (existsSync(path) || !existsSync(previous) ? path : previous);
      if (!existsSync(file)) {
        if (from === undefined) return undefined;
        throw new DsqnError("CHECKPOINT_INVALID", `There is no checkpoint "${file}".`, {
          hint: earlier(file, previous),
        });
      }
      return decode(file, identity, earlier(file, previous));
    },
  };
}

/** A config as one text, whatever the order of its fields. */
function canonical(config: object): string {
  return JSON.stringify(config, (_, value: unknown) =>
    typeof value === "object" && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );
}

function decode<S extends Stored>(file: string, identity: string, hint: string): Checkpoint<S> {
  const invalid = (problem: string, cause?: unknown): never => {
    throw new DsqnError("CHECKPOINT_INVALID", `The checkpoint "${file}" ${problem}.`, { hint, facts: { file }, cause });
  };
  let content: SafetensorsFile;
  try {
    content = decodeSafetensors(readRegular(file), file);
  } catch (cause) {
    return invalid("is damaged", cause);
  }
  const { metadata, tensors } = content;
  if (metadata.format !== "dsqn-checkpoint" || metadata.version !== "3")
    invalid("was not written by this version of dsqn");
  if (metadata.sha256 !== digest(metadata.facts, tensors)) invalid("is damaged: its checksum is wrong");
  if (metadata.config !== identity) invalid("belongs to a run with another config");
  const { facts, marks } = JSON.parse(metadata.facts) as Pick<Checkpoint, "marks"> & Pick<S, "facts">;
  const arrays = Object.fromEntries(Object.entries(tensors).map(([name, { data }]) => [name, data]));
  return { snapshot: { facts, tensors: arrays } as unknown as S, marks };
}

function earlier(file: string, previous: string): string {
  return file !== previous && existsSync(previous)
    ? `The one before it is untouched: dsqn train --resume ${previous}`
    : "Start the run anew, in another folder.";
}

function digest(facts: string, tensors: Readonly<Record<string, Tensor>>): string {
  const hash = createHash("sha256").update(facts);
  for (const name of Object.keys(tensors).sort()) {
    const { dtype, shape, data } = tensors[name];
    hash.update(JSON.stringify([name, dtype, shape])).update(bytesOf(data));
  }
  return hash.digest("hex");
}
