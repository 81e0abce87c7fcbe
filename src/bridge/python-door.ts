import type { Extra } from "../setup/python-environment.ts";
import { DsqnError } from "../errors.ts";
import { interpreter } from "./interpreter.ts";

/** Imports a Python module. What comes back is a proxy: `await np.array([1, 2])`, `await (await np.zeros(3)).shape`. */
export type Python = ((module: string) => Promise<PythonObject>) & {
  /** Ends the interpreter, for good: pythonia has one for each process. */
  close(): void;
};

/** Whatever Python has; pythonia asks the interpreter for every name and every call. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- a proxy for objects of another language has no type here
export type PythonObject = any;

let opened: { door: Python; closed: boolean } | undefined;

/**
 * An interactive door into the Python environment that the workers use: for notebooks and for looking around, never for a loop
 * (each name and each call is a message; a worker steps a vector of environments with one).
 *
 * @example
 * const py = await openPython();
 * const np = await py("numpy");
 * console.log(await np.mean([1, 2, 3]));
 * py.close();
 *
 * Errors: PYTHON_DOOR_CLOSED once it was closed, and those of the set-up.
 */
export async function openPython(options: { extras?: readonly Extra[]; python?: string } = {}): Promise<Python> {
  if (opened?.closed) {
    throw new DsqnError(
      "PYTHON_DOOR_CLOSED",
      "The Python interpreter of this process was closed, and pythonia starts one only.",
      {
        hint: "Close it at the end, or open a worker, of which there can be many.",
      },
    );
  }
  if (opened) return opened.door;
  const python = await interpreter(options);
  // pythonia starts its interpreter when it is imported, so it must know which one by then.
  process.env["PYTHON_BIN"] = python;
  const { python: load } = (await import("pythonia")) as {
    python: ((module: string) => Promise<PythonObject>) & { exit(): void };
  };
  const close = (): void => {
    if (opened!.closed) return;
    opened!.closed = true;
    load.exit();
  };
  const door = Object.assign((module: string) => load(module), { close });
  opened = { door, closed: false };
  return door;
}
