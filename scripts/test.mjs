#!/usr/bin/env node
// npm test: sets up what the tests need, then linters and types, Jest, pytest. The last line counts them all:
//   N passed, N failed[, N skipped]
// npm test -- --tier fast: what needs Node alone; --tier long: what runs before a release (docs/testing.md).
// npm test -- PATTERN... passes its arguments to Jest, and runs nothing else. Each failed linter counts as one failure.
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { jestCounts, junitCounts, line, sum } from "./checks/counts.mjs";
import { render } from "../src/setup/errors.mjs";
import { root } from "../src/setup/home.mjs";
import { interruptible } from "../src/setup/interrupt.mjs";
import { lint } from "./checks/lint.mjs";
import { setUp } from "../src/setup/setup.mjs";
import { ignoring, tiers } from "./checks/tiers.mjs";

const given = process.argv.slice(2);
const at = given.indexOf("--tier");
const [tier = "all"] = at < 0 ? [] : given.splice(at, 2).slice(1);
if (!(tier in tiers)) {
  process.stderr.write(`dsqn: BAD_ARGUMENT  There is no tier "${tier}": ${Object.keys(tiers).join(", ")}.\n`);
  process.exit(2);
}
const everything = given.length === 0 && tier === "all";
const jestArguments = given.length > 0 ? given : ignoring(tier);
const folder = mkdtempSync(path.join(tmpdir(), "dsqn-test-"));
const signal = interruptible();

try {
  const extras = ["base", "nest", "pynn", "spinnaker", "atari", "box2d", "mujoco", "test", "notebooks"];
  // Where tfjs-node can't be set up, the tests that need it are skipped.
  const tfjs = process.platform === "linux" && process.arch === "x64";
  const { python } = await setUp(tier === "fast" ? { extras: [], signal } : { extras, tfjs, signal });
  const counts = [];
  if (everything) counts.push(await section("Linters and types", () => linters(python)));
  counts.push(await section("Jest", () => jest()));
  if (everything) counts.push(await section("pytest", () => pytest(python)));
  const total = sum(counts);
  process.exitCode = total.failed > 0 || total.passed === 0 ? 1 : 0;
  process.stdout.write(`\n${line(total)}\n`);
} catch (error) {
  process.stderr.write(render(error));
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function section(name, task) {
  const start = performance.now();
  process.stdout.write(`\n== ${name}\n`);
  const counts = await task();
  signal.throwIfAborted();
  process.stdout.write(`${name}: ${line(counts)} (${((performance.now() - start) / 1000).toFixed(1)} s)\n`);
  return counts;
}

async function linters(python) {
  const failed = await lint({ python, signal });
  return { passed: 0, failed: failed.length, skipped: 0 };
}

async function jest() {
  const report = path.join(folder, "jest.json");
  const program = path.join(root, "node_modules", "jest", "bin", "jest.js");
  const flags = ["--experimental-vm-modules", "--disable-warning=ExperimentalWarning"];
  // --disable-warning came with Node 20.11
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major === 20 && minor < 11) flags.pop();
  const code = await show(process.execPath, [...flags, program, "--json", `--outputFile=${report}`, ...jestArguments]);
  return jestCounts(read(report), code);
}

async function pytest(python) {
  const report = path.join(folder, "pytest.xml");
  const code = await show(python, ["-m", "pytest", "-q", `--junitxml=${report}`], path.join(root, "py-bridge"));
  return junitCounts(read(report), code);
}

function read(file) {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}

/** Runs a test runner with its output shown as it comes; Jest's --json document goes to its file, not to stdout. */
function show(command, args, cwd = root) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd, stdio: ["ignore", "inherit", "inherit"], env: process.env });
    const stop = () => child.kill("SIGTERM");
    signal.addEventListener("abort", stop, { once: true });
    child.on("error", () => resolve(127));
    child.on("close", (code) => {
      signal.removeEventListener("abort", stop);
      resolve(code ?? 1);
    });
  });
}
