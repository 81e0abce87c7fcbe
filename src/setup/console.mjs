// Steps on the terminal: what is going on in one line, a line for each that is done. Plain lines when stderr is no terminal.

/** @param {NodeJS.WriteStream} [stream] */
export function stepPrinter(stream = process.stderr) {
  /** @type {Map<string, { start: number, note: string }>} */
  const active = new Map();
  const clear = stream.isTTY ? "\r\x1b[K" : "";
  const seconds = (start) => `${((performance.now() - start) / 1000).toFixed(1)} s`;
  let timer;

  const draw = () => {
    const parts = Array.from(active, ([name, { start, note }]) =>
      [name, seconds(start), note].filter(Boolean).join(" "),
    );
    stream.write(`${clear}${parts.join(" | ").slice(0, (stream.columns ?? 80) - 1)}`);
  };

  /**
   * Runs `task` as the step `name`; steps may overlap.
   *
   * @template T
   * @param {string} name
   * @param {(note: (text: string) => void) => Promise<T>} task
   * @returns {Promise<T>}
   */
  return async (name, task) => {
    const state = { start: performance.now(), note: "" };
    active.set(name, state);
    if (stream.isTTY) timer ??= setInterval(draw, 200);
    else stream.write(`${name} ...\n`);
    let outcome = "";
    try {
      return await task((text) => (state.note = text));
    } catch (error) {
      outcome = "  failed";
      throw error;
    } finally {
      active.delete(name);
      stream.write(`${clear}${name.padEnd(20)} ${seconds(state.start).padStart(7)}${outcome}\n`);
      if (active.size === 0) {
        clearInterval(timer);
        timer = undefined;
      }
    }
  };
}
