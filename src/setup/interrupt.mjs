// Ctrl-C stops the tools that are running; a second one ends at once.
import { SetupError } from "./errors.mjs";

/** A signal that fires on SIGINT and SIGTERM. */
export function interruptible() {
  const controller = new AbortController();
  const stop = () => {
    if (controller.signal.aborted) process.exit(130);
    controller.abort(new SetupError("INTERRUPTED", "Interrupted.", { hint: "Run the same command again to go on." }));
  };
  process.on("SIGINT", stop).on("SIGTERM", stop);
  return controller.signal;
}
