#!/usr/bin/env node
// The installed CLI: runs the built library. In a clone, `npm run -s dsqn` runs the sources instead.
import { main } from "../dist/cli/main.js";

process.exitCode = await main(process.argv.slice(2));
