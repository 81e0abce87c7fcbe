#!/usr/bin/env node
// Everything that a fresh clone needs: npm run setup [-- --extras pynn,spinnaker]. Needs Node 20.6+ and Python 3.10-3.13 (or uv
// with one); no npm package, for it runs before there are any.
import { render } from "../src/setup/errors.mjs";
import { interruptible } from "../src/setup/interrupt.mjs";

const usage = `npm run setup [-- --extras NAME,NAME...]

Installs the locked npm packages, makes the Python environment in .dsqn/ and builds the kernels; does nothing where that is done.
Extras: base and nest always; pynn, spinnaker, atari, test, notebooks on request ("all" for all of them), and tfjs, which is
tfjs-node (64-bit x86 Linux). They are set up by themselves when first needed.
DSQN_PYTHON=/path/to/python names an interpreter of your own instead (conda included): it is checked, never changed.
`;

const args = process.argv.slice(2);
if (args.includes("--help") || args.includes("-h")) process.stdout.write(usage);
else
  try {
    const { extraNames } = await import("../src/setup/extras.mjs");
    const { setUp } = await import("../src/setup/setup.mjs");
    const words = parse(args);
    const [tfjs, asked] = [words.includes("tfjs"), words.filter((name) => name !== "tfjs")];
    const extras = asked.includes("all") ? extraNames : [...new Set(["base", "nest", ...asked])];
    const { python, seconds, changed } = await setUp({ extras, tfjs, signal: interruptible() });
    process.stderr.write(
      `${changed ? "Set up" : "Everything is set up"} (${seconds.toFixed(1)} s). Python: ${python}\n`,
    );
  } catch (error) {
    process.stderr.write(render(error));
    process.exitCode = error.exitCode ?? 1;
  }

/** Extras are given by --extras or simply by name. */
function parse(words) {
  const names = [];
  for (let i = 0; i < words.length; i++) {
    const [option, inline] = words[i].split(/=(.*)/s);
    if (option === "--extras") names.push(...(inline ?? words[++i] ?? "").split(","));
    else if (!option.startsWith("-")) names.push(...words[i].split(","));
    else {
      process.stderr.write(`dsqn: BAD_ARGUMENT  "${words[i]}" is no option of setup.\n\n${usage}`);
      process.exit(2);
    }
  }
  return names.filter(Boolean);
}
