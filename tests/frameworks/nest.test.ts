// tier: python
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { type DsqnError } from "../../src/errors.ts";
import type { Engine, RunResult } from "../../src/network/engine.ts";
import { openSimulator } from "../../src/simulators/open.ts";
import { compareRun, statesOf } from "./compare.ts";
import { foreign, foreignNames, NETWORKS } from "./load.ts";

const STATES = 2;

/** What NEST has no counterpart of, as its mapping says it. */
const impossible =
  /several spikes per step|step-max pooling|subtraction-late|a lower bound|a reset by -|recurrent weights beside a synaptic current/;

(foreignNames.length > 0 ? describe : describe.skip)(
  `networks of other frameworks in NEST 3, from ${NETWORKS} (skipped without them: set DSQN_NETWORKS)`,
  () => {
    let nest: Engine;
    beforeAll(async () => void (nest = await openSimulator("nest")), 120_000);
    afterAll(() => nest.close());

    it.each(foreignNames)(
      "spike there as in their framework, or are refused with the reason: %s",
      async (name) => {
        const given = await foreign(name);
        let run: RunResult;
        try {
          const loaded = await nest.load(given.network);
          run = await loaded.run(statesOf(given, 0, STATES), { changing: given.changing, recordSpikes: true });
          await loaded.close();
        } catch (error) {
          expect(error).toMatchObject({ code: "MAPPING_IMPOSSIBLE" });
          expect((error as DsqnError).message).toMatch(/[Ll]ayer \d+/);
          expect((error as DsqnError).message).toMatch(impossible);
          return;
        }
        const { mismatched, first } = compareRun(given, run.spikes!, STATES);
        expect(first.filter(({ distance, bound }) => !(distance <= bound))).toEqual([]);
        if (mismatched > 0) console.warn(`${name}: ${mismatched} bins, first in ${first.length} near tie(s)`);
      },
      60_000,
    );
  },
);
