import { expect } from "@jest/globals";
import { execa } from "execa";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A folder for runs that tests stop and go on with, and the command line to do so. */
export function runsFolder(name: string) {
  const folder = mkdtempSync(join(tmpdir(), `dsqn-${name}-`));
  const at = (...names: string[]): string => join(folder, ...names);
  const log = (run: string): string => readFileSync(at(run, "progress.jsonl"), "utf8");
  return {
    at,
    dsqn: (...args: string[]) =>
      execa("node", ["scripts/dsqn.mjs", ...args, "--json"], { reject: false }),
    lines: (run: string): number => (existsSync(at(run, "progress.jsonl")) ? log(run).split("\n").length - 1 : 0),
    /** The same curve, the same networks, the same TensorBoard scalars (their wall times apart: the sizes). */
    expectSame(run: string, whole: string, networks: readonly string[]): void {
      expect(log(run)).toBe(log(whole));
      for (const network of networks)
        expect(
          readFileSync(at(run, `${network}.safetensors`)).equals(readFileSync(at(whole, `${network}.safetensors`))),
        ).toBe(true);
      expect(readFileSync(at(run, "events.out.tfevents.0.dsqn")).length).toBe(
        readFileSync(at(whole, "events.out.tfevents.0.dsqn")).length,
      );
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

export const until = async (condition: () => boolean): Promise<void> => {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 20));
};
