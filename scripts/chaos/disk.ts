import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Random } from "../../src/numeric/random.ts";
import { MISSED, settled } from "./bridge.ts";
import type { Outcome } from "./outcome.ts";
import { isSame, type Whole } from "./training.ts";

const DSQN = fileURLToPath(new URL("../dsqn.mjs", import.meta.url));
/** Two runs of a few seconds. */
const HANG_MS = 120_000;
const NO_MOUNT = 99;
const BLOCK_KB = 4;

export const fullDisks = ["the run's", "the run's and TMPDIR's"] as const;

/**
 * $1: kB; $2: folder that becomes the disk; $3: folder for what is to be looked at; $4: config; $5: TMPDIR, if there; then Node and the program.
 * The disk is one of memory, in a namespace of its own, which ends with this shell. After the first run it has room.
 */
const SCRIPT = `
mount -t tmpfs -o "size=$1k" tmpfs "$2" 2>/dev/null || exit ${NO_MOUNT}
disk=$2 seen=$3 config=$4
if [ -n "$5" ]; then export TMPDIR=$5; mkdir -p "$5"; fi
shift 5
"$@" train "$config" --out "$disk/run" --json >/dev/null 2>"$seen/said"
echo $? >"$seen/first"
mount -o remount,size=64m "$disk"
if [ -f "$disk/run/config.json" ]; then set -- "$@" train --resume "$disk/run"; else set -- "$@" train "$config" --out "$disk/run"; fi
"$@" --json >/dev/null 2>>"$seen/said"
echo $? >"$seen/second"
ls -A "$disk" >"$seen/left"
cp -R "$disk/run" "$seen/run"
`;

/** A disk that is full at some point of a run: an error in words; with room again the run goes on to the same curve, bit for bit. */
export async function strikeDisk(
  { folder }: Whole,
  which: (typeof fullDisks)[number],
  random: Random,
): Promise<Outcome> {
  const all = readdirSync(join(folder, "whole")).reduce((sum, name) => sum + statSync(join(folder, "whole", name)).size, 0); // prettier-ignore
  const kilobytes = BLOCK_KB * (1 + random.integer(Math.ceil((1.3 * all) / 1024 / BLOCK_KB)));
  const seen = join(folder, `disk-${random.uint32().toString(36)}`);
  const disk = join(seen, "disk");
  mkdirSync(disk, { recursive: true });
  const said = (name: string): string => (existsSync(join(seen, name)) ? readFileSync(join(seen, name), "utf8").trim() : ""); // prettier-ignore
  const args = [String(kilobytes), disk, seen, join(folder, "config.json"), which === "the run's" ? "" : join(disk, "tmp")]; // prettier-ignore
  const own = process.getuid?.() === 0 ? "-m" : "-Urm";
  const shell = spawn("unshare", [own, "sh", "-c", SCRIPT, "sh", ...args, process.execPath, DSQN], { stdio: "ignore", detached: true }); // prettier-ignore
  let over: number | undefined;
  shell.on("error", () => (over = NO_MOUNT));
  shell.on("exit", (code) => (over = code ?? 1));
  try {
    const ended = await settled(() => over !== undefined, HANG_MS);
    if (over === NO_MOUNT) return { hang: 0, orphans: 0, leaked: 0, lost: 0, wrong: 0, code: MISSED };
    if (!ended) process.kill(-shell.pid!, "SIGKILL");
    const [first, second] = [said("first"), said("second")];
    // INTERNAL, or a stack of Node's, is not an error in words.
    const codes = [...said("said").matchAll(/^dsqn: ([A-Z][A-Z_]+)/gm)].map(([, code]) => code);
    const inWords = first === "0" || (codes.length > 0 && !codes.includes("INTERNAL"));
    const left = said("left").split("\n").filter((name) => name.startsWith("dsqn-") && !name.startsWith("dsqn-logs")); // prettier-ignore
    const torn = existsSync(join(seen, "run")) ? readdirSync(join(seen, "run")).filter((name) => name.endsWith(".tmp")) : []; // prettier-ignore
    const wrong = inWords && second === "0" && isSame(join(seen, "run"), join(folder, "whole")) ? 0 : 1;
    const code = `${kilobytes} kB: ${first} ${codes.join(" ")}`.trim();
    return { hang: ended ? 0 : 1, orphans: 0, leaked: left.length + torn.length, lost: 0, wrong, code };
  } finally {
    rmSync(seen, { recursive: true, force: true });
  }
}
