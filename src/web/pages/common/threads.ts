import { setThreadScript } from "../../index.ts";

/** Threads of the fast engine from a file beside this one: the pages' policy allows no script that was put together on the way. */
export function ownThreads(): void {
  setThreadScript(new URL("./thread.js", import.meta.url));
}
