#!/usr/bin/env node
// Makes py-bridge/locks/*.txt and environment.yml from py-bridge/pyproject.toml: node scripts/lock.mjs [--upgrade]
// (needs uv on PATH, or its path in UV). One resolution of all extras, which each extra's lock then repeats: that is what makes
// them fit into one environment. Wheels only, for Python 3.10 to 3.13 on any system; hashes, and no address of a registry.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { environmentYaml } from "./lock/conda.mjs";
import { extraNames, lockFile } from "../src/setup/extras.mjs";
import { root } from "../src/setup/home.mjs";

const upgrade = process.argv.includes("--upgrade");
const folder = mkdtempSync(path.join(tmpdir(), "dsqn-lock-"));
const together = path.join(folder, "all.txt");
const pyproject = readFileSync(path.join(root, "py-bridge", "pyproject.toml"), "utf8");

/** The strings of a TOML array `name = [...]` on one line. */
function requirements(name) {
  const line = new RegExp(`^${name} = \\[(.*)\\]$`, "m").exec(pyproject);
  if (!line) throw new Error(`py-bridge/pyproject.toml has no one-line array "${name}"`);
  return Array.from(line[1].matchAll(/"([^"]+)"/g), ([, requirement]) => requirement);
}

/** @param {string[]} wanted @param {string} output @param {string[]} constraints files */
function compile(wanted, output, constraints) {
  const input = path.join(folder, "in.txt");
  writeFileSync(input, `${wanted.join("\n")}\n`);
  const args = [
    "pip",
    "compile",
    "--universal",
    "--python-version",
    "3.10",
    "--only-binary",
    ":all:",
    "--generate-hashes",
  ];
  args.push("--no-emit-index-url", "--no-header", "--no-annotate", "--quiet", input, "--output-file", output);
  for (const file of constraints) args.push("--constraint", file);
  const env = { ...process.env, UV_PYTHON_DOWNLOADS: "never" };
  for (const name of ["PIP_FIND_LINKS", "UV_FIND_LINKS"]) delete env[name];
  const { status } = spawnSync(process.env.UV || "uv", args, { env, stdio: "inherit" });
  if (status !== 0) process.exit(1);
}

const own = Object.fromEntries(extraNames.map((extra) => [extra, requirements(extra)]));
own.base = [...requirements("dependencies"), ...own.base];
const previous = upgrade ? [] : extraNames.map(lockFile).filter((file) => existsSync(file));
compile(Object.values(own).flat(), together, previous);
for (const extra of extraNames) {
  const output = path.join(folder, `${extra}.txt`);
  compile(own[extra], output, [together]);
  const header = `# ${extra}: made by scripts/lock.mjs from py-bridge/pyproject.toml; Python 3.10 to 3.13\n`;
  writeFileSync(lockFile(extra), header + readFileSync(output, "utf8"));
}
writeFileSync(path.join(root, "environment.yml"), environmentYaml(own));
rmSync(folder, { recursive: true });
