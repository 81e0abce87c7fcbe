#!/usr/bin/env node
// npm run lint: types, eslint, prettier, ruff.
import { render } from "../src/setup/errors.mjs";
import { interruptible } from "../src/setup/interrupt.mjs";
import { lint } from "./checks/lint.mjs";
import { setUp } from "../src/setup/setup.mjs";

try {
  const signal = interruptible();
  const { python } = await setUp({ extras: ["base", "test"], signal });
  const failed = await lint({ python, signal });
  process.stdout.write(failed.length === 0 ? "No problems.\n" : `\nProblems in: ${failed.join(", ")}\n`);
  process.exitCode = failed.length === 0 ? 0 : 1;
} catch (error) {
  process.stderr.write(render(error));
  process.exitCode = 1;
}
