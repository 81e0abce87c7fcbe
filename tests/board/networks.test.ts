// tier: long
import { readdirSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { compareOnBoard } from "./twin.ts";

const models = fileURLToPath(new URL("../../models/", import.meta.url));
const small = 200_000; // bytes
/** Two states side by side: conversions need up to 700,000 instructions in a step, and more cycles. */
const SCALE = 12;
const names = readdirSync(models)
  .filter((name) => /-(?:converted|dsqn|snn-classifier|few|thrift)\.safetensors$/.test(name))
  .filter((name) => statSync(models + name).size < small)
  .map((name) => name.replace(".safetensors", ""));

describe("every small spiking network of models/ on the emulated board", () => {
  it("is there", () => {
    expect(names.length).toBeGreaterThanOrEqual(9);
  });

  it.each([
    [3, "host"],
    [5, "host"],
    [3, "chip"],
    [5, "chip"],
  ] as const)(
    "gives the twin's spikes and potentials: version %d, input of the %s",
    async (version, input) => {
      const compared = await compareOnBoard(names, { version, input, timeScaleFactor: SCALE });
      expect(compared.map(({ name, differing }) => [name, differing])).toEqual(names.map((name) => [name, 0]));
      for (const { potentials, expected, problems } of compared) {
        expect(potentials).toEqual(expected);
        expect(problems).toEqual([]);
      }
    },
    1_800_000,
  );
});
