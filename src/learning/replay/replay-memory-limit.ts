import { freemem } from "node:os";
import { DsqnError } from "../../errors.ts";

/** What else a run needs besides its frames: Node, TensorFlow, networks. */
const RESERVE = 700e6;
/** Node 20 holds no array beyond 4 GiB. */
const LARGEST_ARRAY = 2 ** 32 - 1;

/** Bytes that this process may still take: the machine's, or its container's. */
export function availableMemory(): number {
  const limit = process.constrainedMemory();
  // Without a limit some systems report one that no machine has.
  const left = limit && limit < 2 ** 50 ? limit - process.memoryUsage.rss() : Infinity;
  return Math.min(freemem(), left);
}

/**
 * Says before training starts that a replay memory doesn't fit.
 *
 * @throws DsqnError REPLAY_TOO_LARGE, with the size that fits
 */
export function assertReplayFits(
  { capacity, frameSize, environments }: { capacity: number; frameSize: number; environments: number },
  available = availableMemory(),
): void {
  // Beside each frame: action, reward, flags, priority (twice, in a tree).
  const perFrame = frameSize + 6 + 32;
  const fits = Math.max(
    0,
    Math.min(Math.floor((available - RESERVE) / perFrame), environments * Math.floor(LARGEST_ARRAY / frameSize)),
  );
  if (capacity <= fits) return;
  const rounded = fits > 1000 ? Math.floor(fits / 1000) * 1000 : fits;
  const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`;
  throw new DsqnError(
    "REPLAY_TOO_LARGE",
    `A replay memory of ${capacity} frames takes ${gigabytes(capacity * perFrame)}; ${gigabytes(available)} are available, of which ${gigabytes(RESERVE)} are needed otherwise.`,
    {
      hint: `${rounded} frames would fit: --set replay.capacity=${rounded}`,
      facts: { capacity, fits: rounded, bytes: capacity * perFrame, available },
    },
  );
}
