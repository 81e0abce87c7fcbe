#!/usr/bin/env node
// npm start: sets up what is missing, then trains, converts, evaluates, certifies and reports (`dsqn start`).
import { interruptible } from "../src/setup/interrupt.mjs";
import { render } from "../src/setup/errors.mjs";

try {
  const { setUp } = await import("../src/setup/setup.mjs");
  const signal = interruptible();
  const { seconds } = await setUp({ extras: ["base", "nest"], signal });
  process.removeAllListeners("SIGINT").removeAllListeners("SIGTERM");
  process.env.DSQN_SETUP_SECONDS = seconds.toFixed(3);
  process.argv.splice(2, 0, "start");
  await import("./dsqn.mjs");
} catch (error) {
  process.stderr.write(render(error));
  process.exitCode = 1;
}
