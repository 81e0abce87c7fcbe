import { describe, expect, it } from "@jest/globals";
import { existsSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fastEngine } from "../../../src/engines/fast/index.ts";
import { referenceEngine, referenceEngine32 } from "../../../src/engines/reference/index.ts";
import { readNirData, spikesByLayer } from "../../../src/formats/nir/data.ts";
import { readNir } from "../../../src/formats/nir/read.ts";
import { writeNir } from "../../../src/formats/nir/write.ts";
import { encodeModel } from "../../../src/network/file/model.ts";
import { convolutionOf, outputsOf } from "../../../src/network/layer.ts";
import { validateNetwork } from "../../../src/network/validate.ts";
import { compare } from "../../frameworks/compare.ts";
import { NETWORKS } from "../../frameworks/load.ts";
import { nirFiles, readWithDialect, recordingsOf } from "./recorded.ts";

/** The readable engine sees the first states alone: it is the slow one. */
const FEW = 2;
const own = nirFiles(join("tests", "fixtures", "nir"));
const others = nirFiles(NETWORKS);
const named = (paths: readonly string[]): [string, string][] => paths.map((path) => [basename(path), path]);

describe.each([
  ["made by bench/frameworks/nir_files.py", own],
  [`in ${NETWORKS}${others.length === 0 ? " (none there: set DSQN_NETWORKS)" : ""}`, others],
])("files of NIR %s", (_, paths) => {
  (paths.length > 0 ? it.each(named(paths)) : it.skip.each([["", ""]]))(
    "spike as in their framework, with its dialect alone: %s",
    (name, path) => {
      const recordings = recordingsOf(path);
      validateNetwork(readWithDialect(path).network);
      // Of several recordings with these weights one is this network's.
      const results = recordings.map((given) =>
        [
          [referenceEngine, FEW],
          [referenceEngine32, FEW],
          [fastEngine("float64"), given.states],
          [fastEngine(), given.states],
        ].map(([engine, states]) =>
          compare(given, engine as typeof referenceEngine, Math.min(states as number, given.states)),
        ),
      );
      if (recordings.length === 0) return console.warn(`${name}: no spikes to compare with`);
      const unlike = results.map((engines) =>
        engines.flatMap(({ first }) => first.filter(({ distance, bound }) => !(distance <= bound))),
      );
      expect(unlike.some((first) => first.length === 0) ? [] : unlike[0].slice(0, 3)).toEqual([]);
    },
  );

  (paths.length > 0 ? it.each(named(paths)) : it.skip.each([["", ""]]))(
    "come back from our own export bit for bit: %s",
    (_name, path) => {
      const { network, names } = readWithDialect(path);
      expect(names).toHaveLength(network.layers.length);
      const back = readNir(writeNir(network).bytes, "net.nir").network;
      expect(Buffer.compare(encodeModel(back), encodeModel(network))).toBe(0);
    },
  );

  const recorded = paths.filter((path) => existsSync(path.replace(/nir$/, "data.nir")));
  (recorded.length > 0 ? it.each(named(recorded)) : it.skip.each([["", ""]]))(
    "have the spikes that NIRData beside them has: %s",
    (_name, path) => {
      const data = readNirData(new Uint8Array(readFileSync(path.replace(/nir$/, "data.nir"))), path);
      const [given] = recordingsOf(path);
      const { network, names } = readWithDialect(path);
      const grids = spikesByLayer(data, network.layers.map(outputsOf), path, {
        names,
        images: network.layers.map((layer) => convolutionOf(layer)?.output),
      });
      grids.forEach(({ samples, steps, neurons, data: seen }, l) => {
        let different = 0;
        for (let b = 0; b < samples; b++)
          for (let t = 0; t < steps; t++)
            for (let j = 0; j < neurons; j++)
              different += Number(
                seen[(b * steps + t) * neurons + j] !== given.spikes[l][(t * samples + b) * neurons + j],
              );
        expect(different).toBe(0);
      });
    },
  );
});
