// tier: long
import { existsSync } from "node:fs";
import { join } from "node:path";
import { openBoard } from "../../src/board/index.ts";
import { loadReplay } from "../../src/formats/replay.ts";
import { isSpiking, type SpikingNetwork } from "../../src/network/network.ts";
import { openSimulator } from "../../src/simulators/open.ts";
import { originalNetworks } from "../../thesis/measure/networks.ts";
import { simulatorTrials } from "../../thesis/tables/in-simulators.ts";
import { ORIGINAL } from "../original/golden.ts";
import { differences } from "./twin.ts";

/** The thesis's time constant in ms, and its time scale factor. */
const SET_UP = { tauM: 100, timeScaleFactor: 1 };
const STATES = 3;

const here = existsSync(join(ORIGINAL, "networks"));
const subjects = originalNetworks(ORIGINAL);
const rows = simulatorTrials("board").filter(({ player }) => player !== "reinforce");

/** Late spikes can't explain what differs from the thesis: there are none. Arithmetic can't either: it is the twin's. */
(here ? describe : describe.skip)(
  `table 4.14's networks in its own set-up, one state at a time and 1 ms a step (skipped without ${ORIGINAL}/networks)`,
  () => {
    it.each(rows.map((row) => [row.name, row] as const))(
      "%s: nothing is late, spikes and potentials are the twin's",
      async (_, trial) => {
        const network = (await subjects(trial))!.network as SpikingNetwork;
        expect(isSpiking(network)).toBe(true);
        const problems: string[] = [];
        const machine = await openBoard({ version: 3, onProblem: ({ message }) => problems.push(message) });
        const settings = { ...SET_UP, host: machine.machineName, boardVersion: 3, emulated: true };
        const board = await openSimulator("spinnaker", { settings });
        const twin = await openSimulator("spinnaker-twin", { settings: { tauM: SET_UP.tauM } });
        try {
          const replay = new URL(`../../models/${trial.environment}-dqn-replay`, import.meta.url).pathname;
          const { states, size, observationSize: n } = await loadReplay(replay);
          const [there, predicting] = [await board.load(network), await twin.load(network)];
          for (let k = 0; k < STATES; k++) {
            const first = Math.floor((k * size) / STATES) * n;
            const state = states.slice(first, first + n);
            const measured = await there.run(state, { recordSpikes: true });
            const predicted = await predicting.run(state, { recordSpikes: true });
            const differing = measured.spikes!.map((layer, l) => differences(layer, predicted.spikes![l]));
            expect([k, ...differing]).toEqual([k, ...differing.map(() => 0)]);
            expect([k, ...measured.potentials]).toEqual([k, ...predicted.potentials]);
          }
          const busiest = Math.max(...(await machine.status()).cores.map(({ busiestStep }) => busiestStep));
          expect(busiest).toBeGreaterThan(0);
          expect(busiest).toBeLessThan(1);
          expect(problems).toEqual([]);
          process.stdout.write(`${trial.name}: busiest step ${(100 * busiest).toFixed(0)} %\n`);
        } finally {
          for (const open of [board, twin, machine]) await open.close();
        }
      },
      900_000,
    );
  },
);
