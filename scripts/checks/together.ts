// npm run together -- [--processes 8] [--folder F]: so many processes of dsqn from one fresh clone that nobody has set up. All have to end with 0, after one
// set-up, and leave no damaged file. With --user NAME (as root): as that user, who shares the machine with the one who runs this, and has to stay apart.
import { execFileSync, spawn } from "node:child_process";
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { fileURLToPath } from "node:url";
import { loadModel } from "../../src/network/file/model.ts";

const { values } = parseArgs({
  options: {
    processes: { type: "string", default: "8" },
    user: { type: "string" },
    /** An interpreter that the other user may run, with the base extra's packages. */
    python: { type: "string" },
    json: { type: "boolean", default: false },
  },
});
const root = fileURLToPath(new URL("../..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "dsqn-at-once-"));
const clone = join(folder, "clone");

interface Ended {
  readonly what: string;
  readonly code: number | null;
  readonly told: string;
}

function started(what: string, cwd: string, [program, ...args]: readonly string[]): Promise<Ended> {
  return new Promise((done) => {
    const env = { ...process.env };
    for (const name of ["DSQN_PYTHON", "DSQN_HOME"]) delete env[name];
    const child = spawn(program, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
    let told = "";
    const hear = (chunk: Buffer): void => void (told += chunk.toString());
    child.stdout.on("data", hear);
    child.stderr.on("data", hear);
    child.on("close", (code) => done({ what, code, told }));
  });
}

/** Different things to do, each with files of its own, all with the same packages, environment and caches. */
function errands(count: number): { what: string; command: string[] }[] {
  const model = "models/cartpole-dqn.safetensors";
  const kinds: ((k: number) => string[])[] = [
    (k) => ["evaluate", model, "--env", "CartPole-v1", "--episodes", "3", "--seed", String(k)],
    (k) => ["collect", model, "--env", "CartPole-v1", "--size", "300", "--out", `out/replay-${k}`],
    (k) => ["convert", model, "--method", "model", "--out", `out/converted-${k}.safetensors`],
    (k) => ["train", "cartpole-dqn", "--episodes", "3", "--set", "final.episodes=2", "--set", "final.target=0", "--out", `out/run-${k}`], // prettier-ignore
  ];
  return Array.from({ length: count }, (_, k) => {
    const words = kinds[k % kinds.length](k);
    const quoted = words.map((word) => `'${word}'`).join(" ");
    return { what: `${k} ${words[0]}`, command: ["sh", "-c", `npm run -s setup && node scripts/dsqn.mjs ${quoted}`] };
  });
}

/** JSON that is none, models that do not load, temporary files. */
async function damaged(): Promise<string[]> {
  const out = join(clone, "out");
  const found: string[] = [];
  const names = [...list(out), ...list(join(clone, ".dsqn"), false)];
  for (const file of names) {
    if (file.endsWith(".tmp") || /\.lock$/.test(file)) found.push(`${file} was left`);
    if (file.endsWith(".safetensors") && !/checkpoint/.test(file)) await loadModel(file).catch((error: Error) => found.push(error.message)); // prettier-ignore
    if (file.endsWith(".json"))
      try {
        JSON.parse(readFileSync(file, "utf8"));
      } catch {
        found.push(`${file} is no JSON`);
      }
  }
  return found;
}

function list(path: string, recursive = true): string[] {
  if (!existsSync(path)) return [];
  return readdirSync(path, { recursive, encoding: "utf8" })
    .map((name) => join(path, name))
    .filter((file) => lstatSync(file).isFile());
}

async function atOnce(): Promise<object> {
  execFileSync("git", ["clone", "--quiet", root, clone]);
  const ended = await Promise.all(errands(Number(values.processes)).map(({ what, command }) => started(what, clone, command))); // prettier-ignore
  // One for all: whoever came later waited, and took what was made.
  const environments = readdirSync(join(clone, ".dsqn")).filter((name) => /^python-/.test(name));
  const failed = ended.filter(({ code }) => code !== 0).map(({ what, code, told }) => `${what}: ${code} ${told.slice(-400)}`); // prettier-ignore
  return { processes: ended.length, failed, environments, damaged: await damaged() };
}

/** Another user of the machine: works beside, and can neither read nor plant what is the first one's. */
async function apart(user: string): Promise<object> {
  chmodSync(folder, 0o755);
  const model = "models/cartpole-dqn.safetensors";
  const command = [process.execPath, "scripts/dsqn.mjs", "evaluate", model, "--env", "CartPole-v1", "--episodes", "20", "--json"]; // prettier-ignore
  const logs = join(tmpdir(), `dsqn-logs-${process.env["USER"] ?? "root"}`);
  const mine = started("first user", root, command);
  const script = join(folder, "other.sh");
  // What lies in the shared folder while the first one works, as far as the second one may look.
  writeFileSync(script, `#!/bin/sh
cd / && for k in 1 2 3 4 5 6 7 8 9 10; do
  for f in ${tmpdir()}/dsqn-logs-* ${tmpdir()}/dsqn-??????; do
    [ "$f" = "${folder}" ] && continue
    ls "$f" >/dev/null 2>&1 && [ "$(stat -c %U "$f")" != "$(id -un)" ] && echo "READ $f"
    touch "$f/planted" 2>/dev/null && [ "$(stat -c %U "$f")" != "$(id -un)" ] && echo "WROTE $f"
  done; sleep 1
done
cd ${root} && export DSQN_PYTHON='${values.python ?? ""}' && exec ${command.map((word) => `'${word}'`).join(" ")}
`); // prettier-ignore
  chmodSync(script, 0o755);
  const [first, second] = await Promise.all([mine, started("second user", "/", ["runuser", "-u", user, "--", script])]); // prettier-ignore
  const seen = second.told.split("\n").filter((line) => /^(READ|WROTE) /.test(line));
  const score = ({ told }: Ended): number | null => Number(/"mean":([\d.]+)/.exec(told)?.[1] ?? NaN) || null;
  const mode = existsSync(logs) ? (lstatSync(logs).mode & 0o777).toString(8) : null;
  return {
    codes: [first.code, second.code],
    scores: [score(first), score(second)],
    seen,
    logs: mode,
    told: second.code === 0 ? "" : second.told.slice(-600),
  };
}

try {
  const result = values.user === undefined ? await atOnce() : await apart(values.user);
  process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
  const { failed = [], damaged: hurt = [], seen = [], codes = [0] } = result as Record<string, never[]>;
  const several =
    Array.isArray((result as { environments?: string[] }).environments) &&
    (result as { environments: string[] }).environments.length !== 1
      ? 1
      : 0;
  const bad = several + failed.length + hurt.length + seen.length + codes.filter((code) => code !== 0).length;
  process.exitCode = bad > 0 ? 1 : 0;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
