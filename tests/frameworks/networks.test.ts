import { describe, expect, it } from "@jest/globals";
import { fastEngine } from "../../src/engines/fast/index.ts";
import { referenceEngine, referenceEngine32 } from "../../src/engines/reference/index.ts";
import { decodeModel, encodeModel } from "../../src/network/file/model.ts";
import { validateNetwork } from "../../src/network/validate.ts";
import { compare } from "./compare.ts";
import { foreign, foreignNames, NETWORKS } from "./load.ts";

/** The readable engine sees the first states alone: it is the slow one. */
const FEW = 2;

(foreignNames.length > 0 ? describe : describe.skip)(
  `networks of other frameworks in ${NETWORKS} (skipped without them: set DSQN_NETWORKS)`,
  () => {
    it.each(foreignNames)("spike here as there, but for near ties of float32 sums: %s", async (name) => {
      const given = await foreign(name);
      validateNetwork(given.network);
      for (const [engine, states] of [
        [referenceEngine, FEW],
        [referenceEngine32, FEW],
        [fastEngine("float64"), given.states],
        [fastEngine(), given.states],
      ] as const) {
        const { bins, mismatched, first } = compare(given, engine, Math.min(states, given.states));
        expect(bins).toBeGreaterThan(0);
        expect(first.filter(({ distance, bound }) => !(distance <= bound))).toEqual([]);
        if (mismatched > 0)
          console.warn(
            `${name}, ${engine.name} ${engine.precision}: ${mismatched} of ${bins} bins, first in ${first.length} near tie(s)`,
          );
      }
    });

    it.each(foreignNames)("come back from a model file as they were: %s", async (name) => {
      const { network } = await foreign(name);
      expect(decodeModel(encodeModel(network))).toEqual(network);
    });
  },
);
