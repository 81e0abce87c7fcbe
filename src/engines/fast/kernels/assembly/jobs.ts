import { denseBackwardChunk, denseForwardChunk } from "./dense";
import { backwardChunk } from "./backward";
import { forwardChunk } from "./forward";
import { Plan } from "./layout";
import { runPiece, SPLIT } from "./split";

// Work shared by threads: chunks of a plan are taken by ticket, so a thread that is late or absent only makes the others do more. Which
// thread computes a chunk does not change its bits.

const EPOCH: usize = 0, TICKET: usize = 4, COUNT: usize = 8, DONE: usize = 12, JOB: usize = 16, PLAN: usize = 20;
const NONE: i32 = 0x40000000;

function runChunk(job: i32, plan: usize, chunk: i32, thread: i32): void {
  const P = changetype<Plan>(plan);
  const scratch = P.scratch + <usize>thread * <usize>P.scratchBytes;
  if (job == 0) forwardChunk(plan, chunk, scratch);
  else if (job == 1) backwardChunk(plan, chunk, scratch);
  else if (job == 2) denseForwardChunk(plan, chunk, scratch);
  else if (job == 3) denseBackwardChunk(plan, chunk, scratch);
  else if (job == SPLIT) runPiece<f32>(plan, chunk, scratch);
  else runPiece<f64>(plan, chunk, scratch);
}

function takeChunks(control: usize, thread: i32): void {
  while (true) {
    const chunk = atomic.add<i32>(control, 1, TICKET);
    if (chunk >= atomic.load<i32>(control, COUNT)) return;
    runChunk(load<i32>(control, JOB), load<i32>(control, PLAN), chunk, thread);
    atomic.add<i32>(control, 1, DONE);
  }
}

/** Runs `count` chunks of a job on this thread alone. */
export function runAlone(job: i32, plan: usize, count: i32): void {
  for (let c = 0; c < count; c++) runChunk(job, plan, c, 0);
}

/** Runs `count` chunks of a job together with the threads that wait on `control`. */
export function runShared(control: usize, job: i32, plan: usize, count: i32): void {
  // A worker that wakes up late must find no ticket of a job that is half written.
  atomic.store<i32>(control, NONE, TICKET);
  store<i32>(control, job, JOB);
  store<i32>(control, <i32>plan, PLAN);
  atomic.store<i32>(control, count, COUNT);
  atomic.store<i32>(control, 0, DONE);
  atomic.store<i32>(control, 0, TICKET);
  atomic.add<i32>(control, 1, EPOCH);
  atomic.notify(control + EPOCH, 64);
  takeChunks(control, 0);
  while (atomic.load<i32>(control, DONE) < count) {}
}

/** A worker's turn: spins a while for the next job, then sleeps until notified; returns the epoch that it served. */
export function serve(control: usize, thread: i32, seen: i32, spins: i32): i32 {
  for (let k = 0; k < spins && atomic.load<i32>(control, EPOCH) == seen; k++) {}
  if (atomic.load<i32>(control, EPOCH) == seen) atomic.wait<i32>(control + EPOCH, seen, -1);
  const epoch = atomic.load<i32>(control, EPOCH);
  if (epoch != seen) takeChunks(control, thread);
  return epoch;
}
