// In a clone: `node --import ./scripts/register-ts.mjs src/cli/run.ts ...`
import { main } from "./main.ts";

process.exitCode = await main(process.argv.slice(2));
