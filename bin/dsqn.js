#!/usr/bin/env node
// The installed CLI: the built library, and the thesis beside it. In a clone, `npm run -s dsqn` runs the sources instead.
import { main } from "../dist/src/cli/main.js";
import "../dist/thesis/index.js";

process.exitCode = await main(process.argv.slice(2));
