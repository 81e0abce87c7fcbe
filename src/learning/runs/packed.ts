import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { zipSync } from "fflate";
import { DsqnError, UsageError } from "../../errors.ts";
import { readBytes, readRegular, writeAtomically } from "../../files/atomic.ts";
import { unzip } from "../../formats/zip.ts";
import { checkRunFolder, openRunFolder } from "./folder.ts";
import { withRun } from "./lock.ts";

/** What a run can go on without: the checkpoint before the last, locks, and what a write left behind. */
const LEFT_OUT = /^(checkpoint\.previous\..*|run\.lock.*|\..*|.*\.tmp)$/;
/** Bytes in all; more is no state of a run that learns from what it does. */
const LARGEST = 2 ** 29;
/** So that the same run gives the same bytes. */
const EPOCH = "1980-01-01T12:00:00";

/** What went into an archive, or came out of one. */
export interface PackedRun {
  readonly folder: string;
  readonly archive: string;
  readonly files: readonly string[];
  /** Of the archive. */
  readonly bytes: number;
}

/**
 * Puts a run that is not under way into one file (a zip archive), from which `unpackRun` makes a folder that `dsqn train --resume` goes on with,
 * here or on another machine.
 *
 * @throws DsqnError RUN_NOT_FOUND, RUN_LOCKED; UsageError BAD_ARGUMENT for a run with more than 512 MB, as the replay memory of frames has
 */
export async function packRun(folder: string, archive: string): Promise<PackedRun> {
  checkRunFolder(folder, { resume: true });
  return withRun(folder, async () => {
    const files = readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isFile() && !LEFT_OUT.test(entry.name))
      .map(({ name }) => name)
      .sort();
    const size = files.reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
    if (size > LARGEST)
      throw new UsageError(
        "BAD_ARGUMENT",
        `The run in "${folder}" has ${Math.round(size / 2 ** 20)} MB, more than the ${LARGEST / 2 ** 20} that are packed.`,
        { hint: "Copy its folder: a replay memory of frames is best moved as it is.", facts: { folder, bytes: size } },
      );
    const content = Object.fromEntries(files.map((name) => [name, new Uint8Array(readRegular(join(folder, name)))]));
    const bytes = zipSync(content, { level: 6, mtime: EPOCH });
    writeAtomically(archive, bytes);
    return { folder, archive, files, bytes: bytes.length };
  });
}

/**
 * Makes a run's folder of what `packRun` has written.
 *
 * @throws DsqnError FILE_UNREADABLE for anything else, RUN_EXISTS, RUN_FOLDER_UNWRITABLE
 */
export async function unpackRun(archive: string, folder: string): Promise<PackedRun> {
  const bytes = await readBytes(archive);
  const content = filesIn(archive, bytes);
  openRunFolder(folder);
  const files = Object.keys(content).sort();
  const taken = files.find((name) => existsSync(join(folder, name)));
  if (taken !== undefined)
    throw new DsqnError("RUN_EXISTS", `"${join(folder, taken)}" is there already.`, { hint: "Choose another --out." });
  // The config last: what was interrupted before is no run yet.
  for (const name of [...files.filter((one) => one !== "config.json"), "config.json"])
    writeAtomically(join(folder, name), content[name]);
  return { folder, archive, files, bytes: bytes.length };
}

function filesIn(archive: string, bytes: Uint8Array): Record<string, Uint8Array> {
  const invalid = (problem: string, cause?: unknown): never => {
    throw new DsqnError("FILE_UNREADABLE", `"${archive}" is no packed run: ${problem}.`, {
      hint: "dsqn runs pack makes one.",
      facts: { archive },
      cause,
    });
  };
  let content: Record<string, Uint8Array>;
  try {
    content = unzip(bytes);
  } catch (cause) {
    return invalid(cause instanceof Error ? cause.message : String(cause), cause);
  }
  const strange = Object.keys(content).find((name) => !/^[\w-][\w.-]*$/.test(name));
  if (strange !== undefined) invalid(`it holds "${strange}"`);
  if (!("config.json" in content)) invalid("it has no config.json");
  return content;
}
