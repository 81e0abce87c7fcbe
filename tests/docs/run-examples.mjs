// Runs programs one after the other in one process: node run-examples.mjs LIST.json, each { name, file, folder }. A line of JSON for each.
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import "../../scripts/register-ts.mjs";

for (const { name, file, folder } of JSON.parse(readFileSync(process.argv[2], "utf8"))) {
  process.chdir(folder);
  let error = null;
  try {
    await import(pathToFileURL(file).href);
  } catch (cause) {
    error = String(cause?.stack ?? cause);
  }
  process.stdout.write(`\n@@${JSON.stringify({ name, error })}\n`);
}
process.exit(0);
