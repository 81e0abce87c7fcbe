#!/usr/bin/env node
// npm run notebooks: opens the notebooks in JupyterLab, with the TypeScript kernel, all of it from the managed home.
import { copyFileSync, existsSync, mkdirSync, readdirSync } from "node:fs";
import { spawn } from "node:child_process";
import path from "node:path";
import { parseArgs } from "node:util";
import { render } from "../src/setup/errors.mjs";
import { root } from "../src/setup/home.mjs";
import { interruptible } from "../src/setup/interrupt.mjs";

const usage = `npm run notebooks [-- NAME --port N --no-browser --fresh]

Opens the notebooks in JupyterLab. The first time it sets up Jupyter and the TypeScript kernel, in the managed home; nothing is
written to yours. You work on copies in runs/notebooks/, which later calls keep.
  NAME          the notebook to open, by name or the beginning of it
  --port N      where JupyterLab listens (8888, or the next that is free)
  --no-browser  only print the address
  --fresh       replace the copies by the notebooks as they are in notebooks-ts/
`;

let parsed;
try {
  parsed = parseArgs({
    allowPositionals: true,
    options: {
      "port": { type: "string" },
      "no-browser": { type: "boolean" },
      "fresh": { type: "boolean" },
      "help": { type: "boolean", short: "h" },
    },
  });
} catch (error) {
  process.stderr.write(`dsqn: BAD_ARGUMENT  ${error.message}\n\n${usage}`);
  process.exit(2);
}
if (parsed.values.help) process.stdout.write(usage);
else
  try {
    process.exitCode = await open(parsed, interruptible());
  } catch (error) {
    process.stderr.write(render(error));
    process.exitCode = 1;
  }

async function open({ values, positionals: [name] }, signal) {
  const source = path.join(root, "notebooks-ts");
  const names = readdirSync(source).filter((file) => file.endsWith(".ipynb"));
  const chosen = name === undefined ? undefined : names.find((file) => file.startsWith(name));
  if (name !== undefined && !chosen) {
    process.stderr.write(`dsqn: BAD_ARGUMENT  No notebook is called "${name}". There are ${names.join(", ")}.\n`);
    return 2;
  }
  const { prepare } = await import("./notebooks/prepare.mjs");
  const { python, env } = await prepare({ extras: ["pynn", "spinnaker", "atari", "lab"], signal });
  const folder = path.join(root, "runs", "notebooks");
  mkdirSync(folder, { recursive: true });
  for (const file of names)
    if (values.fresh || !existsSync(path.join(folder, file)))
      copyFileSync(path.join(source, file), path.join(folder, file));

  // Looking for language servers, it would start programs that write to the user's home.
  const args = ["-m", "jupyterlab", `--ServerApp.root_dir=${folder}`, "--LanguageServerManager.autodetect=False"];
  args.push("--LabApp.news_url=None", "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate");
  if (values.port) args.push(`--port=${values.port}`);
  if (values["no-browser"]) args.push("--no-browser");
  if (chosen) args.push(`--LabApp.default_url=/lab/tree/${chosen}`);
  // Root, as in a container, is refused unless said so.
  if (process.getuid?.() === 0) args.push("--allow-root");
  process.stderr.write(`Notebooks: ${folder}\nCtrl-C ends JupyterLab.\n`);
  const child = spawn(python, args, { cwd: folder, env, stdio: "inherit" });
  signal.addEventListener("abort", () => child.kill("SIGTERM"), { once: true });
  const code = await new Promise((resolve, reject) => child.on("error", reject).on("close", resolve));
  return signal.aborted ? 0 : (code ?? 0);
}
