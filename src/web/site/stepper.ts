import { readFile } from "node:fs/promises";
import path from "node:path";
import type { BuildOptions } from "esbuild";
import { encodeModel } from "../../network/file/bytes.ts";
import { actionsOf, observationSize } from "../../network/network.ts";
import type { Stepper } from "../../report/stepper.ts";
import { isClone, root } from "../../setup/index.mjs";
import type { Exhibit, Subject } from "../../simulators/certificate-form.ts";

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

/** How esbuild is to bundle what a page runs. */
export const forBrowsers = {
  absWorkingDir: root,
  bundle: true,
  platform: "browser",
  target: ["chrome110", "firefox115", "safari16.4"],
  minify: true,
  legalComments: "none",
  tsconfigRaw: {},
  logLevel: "silent",
} as const satisfies BuildOptions;

export async function bundleStepper(): Promise<string> {
  const { build } = await import("esbuild");
  const { outputFiles } = await build({
    ...forBrowsers,
    entryPoints: [path.join(root, "src/web/pages/stepper/main.ts")],
    format: "iife",
    write: false,
  });
  return outputFiles[0].text;
}

/** A page stays below 2 MB, and a reader's patience: of a larger network nothing can be stepped through. */
const [LARGEST, INPUTS] = [400_000, 8];

/** What it takes to step through the decision that a certificate's page shows; undefined where that can't be. */
export async function stepperOf(subject: Subject, exhibit: Exhibit, judge: string): Promise<Stepper | undefined> {
  const { network, inputs, changing } = subject;
  const size = observationSize(network);
  // Poisson spikes depend on where a state stood among all, which the page does not know.
  if (changing || size > INPUTS || network.coding.encoding !== "constant") return undefined;
  const model = encodeModel(network);
  const script = model.length > LARGEST ? undefined : await stepperScript();
  if (script === undefined) return undefined;
  const state = inputs.slice(exhibit.state * size, (exhibit.state + 1) * size);
  const most = Math.max(1, ...state.map(Math.abs));
  return {
    script,
    model,
    state,
    inputs: Array.from(state, (_, k) => ({ name: `input ${k + 1}`, least: -2 * most, most: 2 * most })),
    actions: Array.from({ length: actionsOf(network) }, (_, a) => `action ${a}`),
    steps: exhibit.steps,
    judge: { name: judge, spikes: exhibit.theirs.reduce((sum, { step }) => sum + step.length, 0) },
  };
}
