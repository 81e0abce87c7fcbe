import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { resolve, sep } from "node:path";

const FILE = { isFile: (): boolean => true, isDirectory: (): boolean => false };

/**
 * From now on what this process writes below `folder` by writeFileSync is kept in memory, and read from there by readFile, stat and existsSync. A
 * file system takes many times as long as a reader does for a small file. Everything else, and all other folders, is the file system's.
 * Returns whether a path is there in truth.
 */
export function keepInMemory(folder: string): (path: string) => boolean {
  const files = new Map<string, Uint8Array>();
  const root = resolve(folder) + sep;
  const { existsSync, writeFileSync, mkdirSync, promises } = fs;
  const real = { stat: promises.stat, readFile: promises.readFile };
  const within = (path: unknown): string | undefined => {
    if (typeof path !== "string" || path.includes("\0")) return undefined;
    const whole = resolve(path);
    return whole.startsWith(root) ? whole : undefined;
  };
  const missing = (path: string): Error => Object.assign(new Error(`ENOENT: ${path}`), { code: "ENOENT" });

  Object.assign(fs, {
    existsSync: (path: string) => files.has(within(path) ?? "") || existsSync(path),
    mkdirSync: (path: string, options: object) => (within(path) === undefined ? mkdirSync(path, options) : undefined),
    writeFileSync: (path: string, data: Uint8Array | string, ...rest: []) => {
      const name = within(path);
      if (name === undefined) return writeFileSync(path, data, ...rest);
      return void files.set(name, typeof data === "string" ? new TextEncoder().encode(data) : data);
    },
  });
  Object.assign(promises, {
    stat: (path: string, ...rest: []) => {
      const name = within(path);
      if (name === undefined) return real.stat(path, ...rest);
      return files.has(name) ? Promise.resolve(FILE) : Promise.reject(missing(name));
    },
    readFile: (path: string, ...rest: []) => {
      const name = within(path);
      if (name === undefined) return real.readFile(path, ...rest);
      const bytes = files.get(name);
      // As Node does it: a buffer of its own each time, which a reader may keep or write into.
      return bytes ? Promise.resolve(Buffer.from(bytes)) : Promise.reject(missing(name));
    },
  });
  syncBuiltinESMExports();
  return existsSync;
}
