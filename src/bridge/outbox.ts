import { setImmediate } from "node:timers/promises";
import type { Dealer } from "zeromq";

/** ZeroMQ's binding takes 512 sends in one turn of the event loop, then fails; this is well below. */
const SENDS_PER_TURN = 128;

/** A way to send that never is busy: the binding itself allows one send at a time. */
export function openOutbox(
  socket: Dealer,
  onError: (error: unknown) => void,
): (message: readonly Uint8Array[]) => void {
  const queue: (readonly Uint8Array[])[] = [];
  let sending = false;
  let sent = 0;

  const flush = async (): Promise<void> => {
    sending = true;
    try {
      for (let message = queue.shift(); message !== undefined && !socket.closed; message = queue.shift()) {
        await socket.send(message as Buffer[]);
        if (++sent % SENDS_PER_TURN === 0) await setImmediate();
      }
    } catch (error) {
      if (!socket.closed) onError(error);
    } finally {
      sending = false;
    }
  };
  return (message) => {
    queue.push(message);
    if (!sending) void flush(); // runs up to the first await at once: a lone message is not delayed
  };
}
