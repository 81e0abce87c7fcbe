// npm run fuzz -- --inputs N [--seed S] [--reader NAME] [--folder F] [--json]: damaged and forged files for every reader.
// It goes on where it was stopped (Ctrl-C); what it finds is kept in the folder, byte for byte. docs/security.md.
// npm run fuzz -- --reader NAME --file F: one file that was kept, once more.
import { readFileSync } from "node:fs";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { fuzz, type State } from "./fuzz/campaign.ts";
import { type Fault, tryInput } from "./fuzz/loop.ts";
import { pythonTargets, targetOf, targets } from "./fuzz/targets.ts";

const faults: readonly Fault[] = ["untyped", "hang", "slow", "memory", "polluted", "executed"];

const { values } = parseArgs({
  options: {
    inputs: { type: "string", default: "20000" },
    seed: { type: "string", default: "1" },
    reader: { type: "string", multiple: true },
    folder: { type: "string" },
    file: { type: "string" },
    json: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});
const names = targets.map(({ name }) => name);
const [inputs, seed] = [Number(values.inputs), Number(values.seed)];
const readers = values.reader ?? names;
const known = [...names, ...pythonTargets.map(({ name }) => name)];
const unknown = readers.find((name) => !known.includes(name));
if (
  values.help ||
  unknown !== undefined ||
  !(Number.isSafeInteger(inputs) && inputs > 0 && Number.isSafeInteger(seed))
) {
  const usage = `npm run fuzz -- --inputs N [--seed S] [--reader NAME]... [--folder F] [--file F] [--json]\nreaders: ${known.join(", ")}\n`;
  process.stderr.write(
    unknown === undefined ? usage : `dsqn: BAD_ARGUMENT  There is no reader "${unknown}".\n${usage}`,
  );
  process.exit(values.help ? 0 : 2);
}
process.exitCode = values.file === undefined ? await campaign() : await once(values.file);

async function campaign(): Promise<number> {
  const folder = values.folder ?? join("runs", "fuzz", `seed-${seed}`);
  const abort = new AbortController();
  process.once("SIGINT", () => abort.abort());
  process.once("SIGTERM", () => abort.abort());
  let shown = 0;
  const state = await fuzz({
    folder,
    seed,
    inputs,
    readers,
    signal: abort.signal,
    onProgress: (now) => {
      if (performance.now() - shown < 5000) return;
      shown = performance.now();
      process.stderr.write(`${line(now)}\n`);
    },
  });
  process.stdout.write(values.json ? `${JSON.stringify({ ...state, folder })}\n` : `${table(state)}${line(state)}\n`);
  return state.findings.length > 0 ? 1 : 0;
}

function table({ targets: counts, findings }: State): string {
  return Object.entries(counts)
    .map(([name, { inputs: all, read }]) => {
      const own = findings.filter(({ target }) => target === name).length;
      return `${name.padEnd(18)} ${all} inputs, ${all - read} refused, ${own} findings\n`;
    })
    .join("");
}

function line({ seed: of, seconds, targets: counts, findings }: State): string {
  const all = Object.values(counts).reduce((sum, one) => sum + one.inputs, 0);
  const found = faults.map((fault) => `${findings.filter((one) => one.fault === fault).length} ${fault}`).join(", ");
  return `fuzz: ${all} inputs, ${Object.keys(counts).length} readers, seed ${of}, ${(seconds / 3600).toFixed(2)} h: ${found}`;
}

async function once(file: string): Promise<number> {
  const scratch = mkdtempSync(join(tmpdir(), "dsqn-fuzz-"));
  try {
    const target = targetOf(readers[0]);
    const { refused, fault, message } = await tryInput(target, new Uint8Array(readFileSync(file)), scratch);
    process.stdout.write(`${fault ?? (refused ? "refused" : "read")}${message ? `: ${message}` : ""}\n`);
    return fault ? 1 : 0;
  } finally {
    rmSync(scratch, { recursive: true });
  }
}
