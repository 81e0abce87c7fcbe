import { lstatSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";

/**
 * Makes `latest`, beside the run's folder, point at it: a symbolic link; where the system allows none, a junction; else a text file
 * that holds the folder's name. Something else of that name (a folder of the user's) is left alone. Returns the path, or undefined.
 */
export function pointLatest(folder: string): string | undefined {
  const link = join(dirname(resolve(folder)), "latest");
  const existing = lstatSync(link, { throwIfNoEntry: false });
  if (existing && !existing.isSymbolicLink() && !existing.isFile()) return undefined;
  const temporary = `${link}.${process.pid}.tmp`;
  const attempts = [
    () => symlinkSync(basename(resolve(folder)), temporary, "dir"),
    () => symlinkSync(resolve(folder), temporary, "junction"),
    () => writeFileSync(temporary, `${basename(resolve(folder))}\n`),
  ];
  for (const attempt of attempts)
    try {
      rmSync(temporary, { force: true });
      attempt();
      renameSync(temporary, link); // in one step: no moment without a `latest`
      return link;
    } catch {
      rmSync(temporary, { force: true });
    }
  return undefined;
}
