import { readFile } from "node:fs/promises";
import path from "node:path";
import { isClone, root } from "../../setup/index.mjs";

const SHIPPED = path.join(root, "dist/web/stepper.txt");

/**
 * The script with which a report's reader steps through a decision, to be put into the page as it is. In a clone esbuild makes it, an
 * installed package brings it. Where it can't be had, undefined: the report then has everything but that.
 */
export async function stepperScript(): Promise<string | undefined> {
  try {
    return isClone ? await bundleStepper() : await readFile(SHIPPED, "utf8");
  } catch {
    return undefined;
  }
}

export async function bundleStepper(): Promise<string> {
  const { build } = await import("esbuild");
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: [path.join(root, "src/web/pages/stepper/main.ts")],
    bundle: true,
    format: "iife",
    platform: "browser",
    target: ["chrome110", "firefox115", "safari16.4"],
    minify: true,
    legalComments: "none",
    tsconfigRaw: {},
    logLevel: "silent",
    write: false,
  });
  return outputFiles[0].text;
}
