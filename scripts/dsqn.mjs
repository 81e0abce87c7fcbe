#!/usr/bin/env node
// The CLI from source: npm run -s dsqn -- <command>
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const installed = fileURLToPath(new URL("../node_modules/.package-lock.json", import.meta.url));
if (!existsSync(installed)) {
  process.stderr.write('dsqn: NOT_SET_UP  This clone is not set up yet.\n  what to do   Run "npm run setup" first.\n');
  process.exit(1);
}
await import("./register-ts.mjs");
await import("../thesis/index.ts");
const { main } = await import("../src/cli/main.ts");
process.exitCode = await main(process.argv.slice(2));
