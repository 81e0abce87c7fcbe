// Steps on the terminal: a name, what is going on, and in the end the seconds. Plain lines when stderr is no terminal.

/** @param {NodeJS.WriteStream} [stream] */
export function stepPrinter(stream = process.stderr) {
  /**
   * @template T
   * @param {string} name
   * @param {(note: (text: string) => void) => Promise<T>} task
   * @returns {Promise<T>}
   */
  return async (name, task) => {
    const start = performance.now();
    const seconds = () => `${((performance.now() - start) / 1000).toFixed(1)} s`;
    let note = "";
    const draw = () =>
      stream.write(
        `\r\x1b[K${`${name.padEnd(22)} ${seconds().padStart(7)}  ${note}`.slice(0, (stream.columns ?? 80) - 1)}`,
      );
    const timer = stream.isTTY ? setInterval(draw, 200) : undefined;
    if (!stream.isTTY) stream.write(`${name} ...\n`);
    try {
      const result = await task((text) => (note = text));
      stream.write(`${stream.isTTY ? "\r\x1b[K" : ""}${name.padEnd(22)} ${seconds().padStart(7)}\n`);
      return result;
    } catch (error) {
      stream.write(`${stream.isTTY ? "\r\x1b[K" : ""}${name.padEnd(22)} ${seconds().padStart(7)}  failed\n`);
      throw error;
    } finally {
      clearInterval(timer);
    }
  };
}
