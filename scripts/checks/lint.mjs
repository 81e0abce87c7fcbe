// Linters and type checker of both languages, two at a time: each is a name, a command and its arguments.
import { existsSync } from "node:fs";
import path from "node:path";
import { root } from "../../src/setup/home.mjs";
import { run } from "../../src/setup/process.mjs";

const bin = (name, file) => [process.execPath, [path.join(root, "node_modules", name, file)]];

/** @param {string} [python] of an environment with the extra "test" */
function checks(python) {
  const [node, tsc] = bin("typescript", "bin/tsc");
  const [, eslint] = bin("eslint", "bin/eslint.js");
  const [, prettier] = bin("prettier", "bin/prettier.cjs");
  const all = [
    ["types", node, [...tsc, "-p", "tsconfig.check.json"]],
    ["types of pages", node, [...tsc, "-p", "src/web/pages/tsconfig.json"]],
    ["eslint", node, [...eslint, "--max-warnings=0", "."]],
    ["prettier", node, [...prettier, "--check", "--log-level=warn", "."]],
  ];
  if (python && existsSync(path.join(root, "py-bridge"))) {
    all.push(["ruff", python, ["-m", "ruff", "check", "--no-cache", "py-bridge"]]);
    all.push(["ruff format", python, ["-m", "ruff", "format", "--no-cache", "--check", "py-bridge"]]);
  }
  return all;
}

/**
 * Runs every check; prints what failed.
 *
 * @param {{ python?: string, signal?: AbortSignal, write?: (text: string) => void }} options
 * @returns {Promise<string[]>} the names of the checks that failed
 */
export async function lint({ python, signal, write = (text) => process.stdout.write(text) }) {
  const waiting = checks(python);
  const failed = [];
  const work = async () => {
    for (let check = waiting.shift(); check; check = waiting.shift()) {
      const [name, command, args] = check;
      const { code, output } = await run(command, args, { cwd: root, signal });
      if (code === 0) continue;
      failed.push(name);
      write(`\n${name} found problems:\n${output.trim()}\n`);
    }
  };
  await Promise.all([work(), work()]);
  return failed;
}
