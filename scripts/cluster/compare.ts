// Whether two runs of the same job, on whatever, came to the same.
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

type Json = Record<string, unknown>;

/** What of a result may differ: when, how long, and where. */
const CIRCUMSTANCE = new Set(["date", "seconds", "host", "model", "folder", "machine"]);

const readJson = (path: string): Json => JSON.parse(readFileSync(path, "utf8")) as Json;

/** The parts of a run that training makes: networks, and every episode and evaluation. */
const FILES = ["initial.safetensors", "best.safetensors", "last.safetensors", "progress.jsonl"] as const;

/** Seeds whose networks, progress or scores are not the same bit for bit, each with what differs. */
export function seedsDiffer(here: string, there: string, seeds: number): string[] {
  const found: string[] = [];
  for (let seed = 0; seed < seeds; seed++) {
    const [ours, theirs] = [here, there].map((folder) => {
      const result = readJson(join(folder, "pieces", `seed-${seed}`, "result.json"));
      return { result, folder: join(folder, result["folder"] as string) };
    });
    const names = FILES.filter((name) => hashOf(join(ours.folder, name)) !== hashOf(join(theirs.folder, name)));
    if (plain(ours.result["value"]) !== plain(theirs.result["value"])) names.push("value" as never);
    if (names.length > 0) found.push(`seed ${seed}: ${names.join(", ")}`);
  }
  return found;
}

/** Fields of two certificates that differ. */
export function certificatesDiffer(here: string, there: string): string[] {
  const [ours, theirs] = [readJson(here), readJson(there)];
  return [...new Set([...Object.keys(ours), ...Object.keys(theirs)])].filter(
    (name) => !CIRCUMSTANCE.has(name) && plain(ours[name]) !== plain(theirs[name]),
  );
}

const hashOf = (path: string): string =>
  existsSync(path) ? createHash("sha256").update(readFileSync(path)).digest("hex") : "none";

const plain = (value: unknown): string =>
  JSON.stringify(value, (name, inner: unknown) => (CIRCUMSTANCE.has(name) ? undefined : inner));
