#!/usr/bin/env node
// npm run notebooks:check: executes the notebooks and compares their outputs with the committed ones.
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { render } from "../src/setup/errors.mjs";
import { interruptible } from "../src/setup/interrupt.mjs";

const usage = `npm run notebooks:check [-- --only NAME[,NAME...] --fast --update]

Executes the notebooks of notebooks-ts/ headlessly, on copies, and compares their outputs with the committed ones. Fails on any error,
and on outputs that differ beyond what a cell states as its tolerance (docs/notebooks.md).
  --only NAME   only these, by name or the beginning of it
  --fast        only those that npm test executes
  --update      write the outputs back into the notebooks
`;

let options;
try {
  options = parseArgs({
    options: {
      only: { type: "string", multiple: true },
      fast: { type: "boolean" },
      update: { type: "boolean" },
      help: { type: "boolean", short: "h" },
    },
  }).values;
} catch (error) {
  process.stderr.write(`dsqn: BAD_ARGUMENT  ${error.message}\n\n${usage}`);
  process.exit(2);
}
if (options.help) process.stdout.write(usage);
else
  try {
    process.exitCode = await check(options, interruptible());
  } catch (error) {
    process.stderr.write(render(error));
    process.exitCode = 1;
  }

async function check({ only, fast, update }, signal) {
  const { prepare } = await import("./notebooks/prepare.mjs");
  await import("./register-ts.mjs");
  const place = await prepare({ extras: fast ? [] : ["pynn", "spinnaker", "atari"], signal });
  const { execute, fastSubset, fileOf, lacks, notebookNames, problems, skippedNames } =
    await import("./notebooks/check.ts");
  const { serialise } = await import("./notebooks/notebook.ts");
  const wanted = only?.flatMap((names) => names.split(","));
  const names = notebookNames().filter((name) =>
    wanted ? wanted.some((start) => name.startsWith(start)) : !fast || fastSubset.includes(name),
  );
  if (names.length === 0) {
    process.stderr.write(`dsqn: BAD_ARGUMENT  No notebook is called so. There are ${notebookNames().join(", ")}.\n`);
    return 2;
  }
  if (!fast)
    for (const name of skippedNames()) process.stdout.write(`${name.padEnd(28)} skipped: it needs ${lacks(name)}\n`);
  const live = process.stderr.isTTY;
  const failed = [];
  let total = 0;
  for (const name of names) {
    const onCell = (cell, of) => live && process.stderr.write(`\r\x1b[K${name}  cell ${cell} of ${of}`);
    const execution = await execute(name, { ...place, signal, onCell });
    total += execution.seconds;
    const found = update && execution.error === undefined ? [] : problems(name, execution);
    if (live) process.stderr.write("\r\x1b[K");
    const verdict = found.length === 0 ? (update ? "written" : "as committed") : "differs";
    process.stdout.write(`${name.padEnd(28)} ${execution.seconds.toFixed(1).padStart(6)} s  ${verdict}\n`);
    for (const problem of found) process.stdout.write(`    ${problem.replaceAll("\n", "\n    ")}\n`);
    if (found.length > 0) failed.push(name);
    else if (update) writeFileSync(fileOf(name), serialise(execution.notebook));
  }
  process.stdout.write(`${names.length - failed.length} of ${names.length} notebooks, ${total.toFixed(0)} s\n`);
  return failed.length === 0 ? 0 : 1;
}
