#!/usr/bin/env node
// The peers' Python environment, .dsqn/bench (JAX, PyTorch, snnTorch from locked hashes; some 6 GB, since PyTorch brings its GPU libraries):
//   node bench/engine/setup.mjs
// Lock again with: uv pip compile --universal --python-version 3.11 --only-binary :all: --generate-hashes --no-emit-index-url --no-header
//   --no-annotate bench/engine/requirements.in --output-file bench/engine/requirements.txt
import { existsSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { managedHome } from "../../src/setup/home.mjs";
import { run } from "../../src/setup/process.mjs";
import { findPython } from "../../src/setup/python.mjs";

const venv = path.join(managedHome(), "bench");
const done = path.join(venv, "complete");
const python = path.join(venv, process.platform === "win32" ? "Scripts/python.exe" : "bin/python");
const lock = fileURLToPath(new URL("requirements.txt", import.meta.url));

async function step(command, args) {
  const { code, output } = await run(command, args, {
    onLine: (line) => process.stderr.write(`${line.slice(0, 110)}\n`),
  });
  if (code === 0) return;
  process.stderr.write(
    `${output.slice(-2000)}\nThe peers' environment could not be made; the next run starts afresh.\n`,
  );
  process.exit(1);
}

if (!existsSync(done)) {
  rmSync(venv, { recursive: true, force: true });
  const { executable } = await findPython();
  await step(executable, ["-I", "-m", "venv", venv]);
  await step(python, [
    "-I",
    "-m",
    "pip",
    "install",
    "--require-hashes",
    "--only-binary",
    ":all:",
    "--no-input",
    "--disable-pip-version-check",
    "--progress-bar",
    "off",
    "-r",
    lock,
  ]);
  writeFileSync(done, "");
}
process.stdout.write(`${python}\n`);
