import { afterAll, beforeAll, expect, it } from "@jest/globals";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { referenceEngine } from "../../src/engines/reference/index.ts";
import { DsqnError } from "../../src/errors.ts";
import { importNetwork } from "../../src/formats/import.ts";
import type { Network } from "../../src/network/network.ts";
import { Random } from "../../src/numeric/random.ts";
import { type Generated, generated } from "./state-dicts.ts";

const FILES = 200;
const OBSERVATIONS = 8;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "dsqn-generated-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** The largest difference from the known forward pass; infinite where not even the sizes are right. */
function difference(network: Network, { inputs, forward }: Generated, random: Random): number {
  if (network.input[0] !== inputs) return Infinity;
  const observations = Float64Array.from({ length: OBSERVATIONS * inputs }, () => random.normal());
  const { outputs } = referenceEngine.load(network).run(observations);
  const wanted = Array.from({ length: OBSERVATIONS }, (_, k) => [
    ...forward(observations.slice(k * inputs, (k + 1) * inputs)),
  ]).flat();
  if (wanted.length !== outputs.length) return Infinity;
  return Math.max(...wanted.map((value, k) => Math.abs(value - outputs[k]) / (1 + Math.abs(value))));
}

/** The names in what is assumed of an order, or of ReLUs. */
function named(assumed: readonly string[], beginning: RegExp): string[] | undefined {
  const line = assumed.find((what) => beginning.test(what));
  return line === undefined ? undefined : [...line.matchAll(/"([^"]+)"/g)].map(([, name]) => name);
}

/** Whether what was assumed, and printed, is what is not so. */
function said(assumed: readonly string[], { order, relu, rectified }: Generated): boolean {
  const claimed = named(assumed, /^layers in the order/);
  if (claimed && claimed.join() !== order.join()) return true;
  const rectifiedOnes = named(assumed, /^ReLU behind/) ?? [];
  if (!rectified) return rectifiedOnes.length > 0;
  const truth = order.filter((_, k) => relu[k]);
  return (
    order.some((name) => rectifiedOnes.includes(name) && !truth.includes(name)) ||
    (rectifiedOnes.length > 0 && truth.some((name) => !rectifiedOnes.includes(name) && !/val/.test(name)))
  );
}

it(`${FILES} generated files: each network is right, refused with a code, or wrong in just what was said to be assumed; none is silently wrong`, async () => {
  const silent: string[] = [];
  const unusual: string[] = [];
  const counts = { right: 0, refused: 0, assumed: 0 };
  for (let seed = 1; seed <= FILES; seed++) {
    const random = Random.stream(seed, "state_dict");
    const file = generated(random);
    const path = join(folder, `${seed}.${file.extension}`);
    await writeFile(path, file.bytes);
    try {
      const { network, assumed } = await importNetwork(path);
      if (difference(network, file, random) < 1e-4) counts.right++;
      else if (said(assumed, file)) {
        counts.assumed++;
        if (file.usual) unusual.push(`${seed}: ${file.description}`);
      } else silent.push(`${seed}: ${file.description}`);
    } catch (error) {
      if (!(error instanceof DsqnError) || error.code === "INTERNAL") throw error;
      expect(error.hint ?? "").not.toBe("");
      counts.refused++;
    }
  }
  expect(silent).toEqual([]);
  // What files don't say and most people do alike is never assumed wrongly.
  expect(unusual).toEqual([]);
  expect(counts.right).toBeGreaterThan(FILES / 3);
  expect(counts.right + counts.refused + counts.assumed).toBe(FILES);
});
