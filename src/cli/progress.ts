import type { OnProgress, Progress } from "../progress.ts";

const WIDTH = 24;
const REDRAW_MS = 100;
const PLAIN_MS = 5000;

/** Draws progress on `stream`: a bar with rate and ETA on a terminal, else a plain line every few seconds. */
export function progressReporter(stream: NodeJS.WriteStream = process.stderr): OnProgress & { clear(): void } {
  const started = new Map<string, { at: number; done: number }>();
  let last = { stage: "", at: -Infinity };
  let drawn = false;

  const report = (progress: Progress): void => {
    const now = performance.now();
    const start = started.get(progress.stage) ?? { at: now, done: progress.done };
    started.set(progress.stage, start);
    const finished = progress.total !== undefined && progress.done >= progress.total;
    const due = now - last.at >= (stream.isTTY ? REDRAW_MS : PLAIN_MS);
    if (last.stage === progress.stage && !due && !finished) return;
    if (drawn && last.stage !== progress.stage) stream.write("\n");
    last = { stage: progress.stage, at: now };
    const line = describe(progress, (now - start.at) / 1000, progress.done - start.done);
    if (stream.isTTY) stream.write(`\r\x1b[K${line.slice(0, (stream.columns ?? 80) - 1)}`);
    else stream.write(`${line}\n`);
    drawn = stream.isTTY === true;
    if (finished) {
      if (drawn) stream.write("\n");
      drawn = false;
      started.delete(progress.stage);
      last = { stage: "", at: -Infinity };
    }
  };
  const clear = (): void => {
    if (drawn) stream.write("\n");
    drawn = false;
  };
  return Object.assign(report, { clear });
}

function describe({ stage, done, total, unit, note }: Progress, seconds: number, progressed: number): string {
  const rate = seconds > 0 ? progressed / seconds : 0;
  const parts = [stage.padEnd(10)];
  if (total !== undefined && total > 0) {
    const filled = Math.round((Math.min(done, total) / total) * WIDTH);
    parts.push(`[${"#".repeat(filled)}${"-".repeat(WIDTH - filled)}]`, `${done}/${total}`);
  } else parts.push(String(done));
  if (unit) parts.push(unit);
  if (rate > 0) parts.push(`${rate >= 100 ? rate.toFixed(0) : rate.toFixed(1)}/s`);
  if (total !== undefined && rate > 0 && done < total) parts.push(`ETA ${clock((total - done) / rate)}`);
  if (note) parts.push(note);
  return parts.join(" ");
}

function clock(seconds: number): string {
  const s = Math.round(seconds);
  return s < 60 ? `${s} s` : `${Math.floor(s / 60)}:${String(s % 60).padStart(2, "0")} min`;
}
