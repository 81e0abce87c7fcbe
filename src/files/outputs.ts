import { closeSync, openSync, readSync, realpathSync, statSync } from "node:fs";
import { UsageError } from "../errors.ts";

/**
 * Refuses to write over what dsqn did not make: OUTPUT_TAKEN. A file that isn't there, an empty one, a device and a folder may be written to, and so
 * may what is known by its content as a model, a card, an export, a page or a certificate of dsqn.
 */
export function mayReplace(path: string, hint = "Choose another name with --out, or remove that file."): void {
  const found = statSync(path, { throwIfNoEntry: false });
  if (!found?.isFile() || found.size === 0 || isOurs(path, found.size)) return;
  throw new UsageError("OUTPUT_TAKEN", `${path} is there already, and dsqn did not make it: nothing was written.`, {
    hint,
    facts: { path },
  });
}

/** Refuses an output that is one of the inputs, whatever names and links lead there: OUTPUT_IS_INPUT. */
export function mustDiffer(out: string, inputs: readonly string[]): void {
  const place = realPlace(out);
  const same = place === undefined ? undefined : inputs.find((input) => realPlace(input) === place);
  if (same === undefined) return;
  throw new UsageError("OUTPUT_IS_INPUT", `${out} is what is to be read: it would be replaced by what is made of it.`, {
    hint: "Choose another name with --out.",
    facts: { path: out, input: same },
  });
}

function realPlace(path: string): string | undefined {
  try {
    return statSync(path).isFile() ? realpathSync(path) : undefined;
  } catch {
    return undefined;
  }
}

/** So much of a file's beginning and end is looked at. */
const SEEN = 2 ** 16;
/** JSON is read as a whole, if it is no larger. */
const LARGEST_JSON = 2 ** 28;

function isOurs(path: string, size: number): boolean {
  const [head, tail] = ends(path, size);
  const [first] = head;
  // safetensors: the metadata says so. A zip archive: the names of its files stand at its end.
  if (head[8] === 0x7b && head.includes('"format":"dsqn')) return true;
  if (head.subarray(0, 2).toString() === "PK") return tail.includes("dsqn.json");
  if (head.subarray(1, 4).toString() === "HDF") return head.includes("dsqn") || tail.includes("dsqn");
  if (/^\s*\{/.test(head.subarray(0, 64).toString())) return size <= LARGEST_JSON && isOurJson(whole(path, size));
  if (first === 0x89 && head.subarray(1, 4).toString() === "PNG") return head.includes("tEXtSoftware\0dsqn");
  if (first === 0x3c) return markup.test(head.toString());
  return /^"""A spiking network in (NEST|PyNN)/.test(head.subarray(0, 64).toString());
}

/** Pages, and drawings as report/theme.ts begins them. */
const markup =
  /^<!doctype html>[\s\S]*<meta name="generator" content="dsqn"|^<svg xmlns="http:\/\/www.w3.org\/2000\/svg" viewBox="[^"]*" width="[^"]*" role="img" aria-label="/i;

function ends(path: string, size: number): [head: Buffer, tail: Buffer] {
  const file = openSync(path, "r");
  try {
    const read = (at: number): Buffer => {
      const buffer = Buffer.alloc(Math.min(SEEN, size));
      return buffer.subarray(0, readSync(file, buffer, 0, buffer.length, at));
    };
    return [read(0), read(Math.max(0, size - SEEN))];
  } finally {
    closeSync(file);
  }
}

function whole(path: string, size: number): string {
  const file = openSync(path, "r");
  try {
    const buffer = Buffer.alloc(size);
    return buffer.subarray(0, readSync(file, buffer, 0, size, 0)).toString();
  } finally {
    closeSync(file);
  }
}

/** Cards, certificates, and what `export` writes as JSON. */
const shapes: readonly (readonly string[])[] = [
  ["format", "name", "kind", "shape", "sha256", "createdAt"],
  ["simulator", "networks", "bins", "mismatchedBins"],
  ["kind", "observationSize", "input", "layers"],
];

function isOurJson(text: string): boolean {
  try {
    const value = JSON.parse(text) as Record<string, unknown>;
    const names = Object.keys(value);
    if (value.generatedBy === "dsqn") return true;
    if (names.length > 0 && names.every((name) => /^layers\.\d+\.(weight|bias|\w+)$/.test(name))) return true;
    return shapes.some((shape) => shape.every((name) => names.includes(name)));
  } catch {
    return false;
  }
}
