const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
const cleanups = new Set<() => void>();

/** Runs `cleanup` when this process ends, also by a signal that nobody else handles. Returns a function that takes that back. */
export function atExit(cleanup: () => void): () => void {
  if (cleanups.size === 0) {
    process.on("exit", runAll);
    for (const signal of SIGNALS) process.on(signal, onSignal);
  }
  cleanups.add(cleanup);
  return () => {
    if (!cleanups.delete(cleanup) || cleanups.size > 0) return;
    process.off("exit", runAll);
    for (const signal of SIGNALS) process.off(signal, onSignal);
  };
}

/** Without other listeners the signal means death, as it would have without this one: clean up, then let it happen. */
function onSignal(signal: NodeJS.Signals): void {
  if (process.listenerCount(signal) > 1) return;
  runAll();
  process.off(signal, onSignal);
  process.kill(process.pid, signal);
}

function runAll(): void {
  for (const cleanup of [...cleanups]) cleanup();
}
