import type { ProcessState } from "./process-state.ts";

/** Silence for this many beats means trouble; the verdict falls before the next one. */
const SILENT_BEATS = 2;

export interface Heartbeat {
  /** A pong came back. */
  heard(): void;
  stop(): void;
}

/**
 * Pings every `intervalMs` and calls `onLost` once, with the reason, when a worker neither answers nor works: within 3 intervals
 * of its last sign of life. Counts beats of this event loop, not seconds: a loop that was busy itself has heard nobody.
 */
export function startHeartbeat(
  look: () => Promise<ProcessState | undefined>,
  intervalMs: number,
  ping: () => void,
  onLost: (reason: string) => void,
): Heartbeat {
  let silent = 0;
  let worked = -1;
  let stopped = false;

  const beat = async (): Promise<void> => {
    if (silent++ >= SILENT_BEATS) {
      const state = await look();
      if (stopped || silent === 0) return;
      if (state === undefined && process.platform !== "win32") return; // it has ended: its exit event says how
      const working =
        state !== undefined && !state.stopped && (state.runnable || worked === -1 || state.processorTime > worked);
      worked = state?.processorTime ?? -1;
      if (!working) {
        stop();
        return onLost(
          state?.stopped ? "was stopped (SIGSTOP?) and does not answer" : "does not answer and does nothing",
        );
      }
    }
    ping();
  };
  const timer = setInterval(() => void beat(), intervalMs);
  timer.unref();
  const stop = (): void => {
    stopped = true;
    clearInterval(timer);
  };
  return {
    heard() {
      silent = 0;
      worked = -1;
    },
    stop,
  };
}
