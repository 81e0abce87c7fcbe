// tier: long
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { openSimulator } from "../../src/simulators/open.ts";
import { fixedPointTwin } from "../../src/simulators/twins/fixed-point.ts";
import { isSoft, randomNetwork } from "./random.ts";

/** Some five seconds each, most of them sPyNNaker's own. DSQN_RANDOM_NETWORKS asks for more. */
const NETWORKS = Number(process.env.DSQN_RANDOM_NETWORKS ?? 40);
/** A file of what was compared, a line each: a run that was ended goes on from there. */
const KEPT = process.env.DSQN_RANDOM_KEPT;

interface Equal {
  readonly index: number;
  readonly soft: boolean;
  readonly spikes: number;
  readonly potentials: number;
}

const kept = (): Equal[] =>
  KEPT && existsSync(KEPT)
    ? readFileSync(KEPT, "utf8")
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line) as Equal)
    : [];

describe("random networks on the emulated board", () => {
  it(
    "give the twin's spikes and potentials, bit for bit",
    async () => {
      const board = await openSimulator("spinnaker", { settings: { host: "emulated", boardVersion: 3 } });
      const equal = kept();
      const done = new Set(equal.map(({ index }) => index));
      try {
        for (let index = 0; index < NETWORKS; index++) {
          if (done.has(index)) continue;
          const { network, x } = randomNetwork(index);
          const run = { recordSpikes: true, seed: index };
          const predicted = await (await fixedPointTwin().load(network)).run(x, run);
          const there = await board.load(network);
          const measured = await there.run(x, run);
          await there.close();
          expect([index, measured.spikes]).toEqual([index, predicted.spikes]);
          expect([index, ...measured.potentials]).toEqual([index, ...predicted.potentials]);
          const spikes = measured.spikes!.reduce((sum, { step }) => sum + step.length, 0);
          equal.push({ index, soft: isSoft(network), spikes, potentials: measured.potentials.length });
          if (KEPT) appendFileSync(KEPT, `${JSON.stringify(equal.at(-1))}\n`);
        }
      } finally {
        await board.close();
      }
      const spikes = equal.reduce((sum, own) => sum + own.spikes, 0);
      const soft = equal.filter((own) => own.soft).length;
      process.stdout.write(`${equal.length} random networks, ${soft} with a soft reset: ${spikes} spikes, all equal\n`);
      expect(equal.length).toBeGreaterThanOrEqual(NETWORKS);
      expect(spikes).toBeGreaterThan(50 * NETWORKS);
      expect(soft).toBeGreaterThanOrEqual(NETWORKS / 3);
    },
    60_000 * NETWORKS + 600_000,
  );
});
