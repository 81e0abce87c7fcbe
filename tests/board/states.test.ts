// tier: long
import { fileURLToPath } from "node:url";
import { loadReplay } from "../../src/formats/replay.ts";
import { loadSpikingNetwork } from "../../src/network/file/model.ts";
import { openSimulator } from "../../src/simulators/open.ts";
import { realTimeOf } from "../../src/simulators/spinnaker/real-time.ts";
import { differences } from "./twin.ts";

const models = fileURLToPath(new URL("../../models/", import.meta.url));
/** Of those that a DQN's games visited; DSQN_BOARD_STATES asks for more or fewer. */
const STATES = Number(process.env.DSQN_BOARD_STATES ?? 20);

const names = [
  "cartpole-dqn-converted",
  "cartpole-classifier-converted",
  "cartpole-reinforce-converted",
  "cartpole-dsqn",
  "cartpole-snn-classifier",
  "mountaincar-dqn-converted",
  "mountaincar-classifier-converted",
  "mountaincar-dsqn",
  "mountaincar-snn-classifier",
];

/** Evenly spaced over the replay of the environment's DQN. */
async function visited(name: string): Promise<Float32Array[]> {
  const { states, size, observationSize } = await loadReplay(`${models}${name.split("-")[0]}-dqn-replay`);
  return Array.from({ length: STATES }, (_, k) => {
    const first = Math.floor((k * size) / STATES) * observationSize;
    return states.slice(first, first + observationSize);
  });
}

describe("states that were visited, one by one, on the emulated board", () => {
  it.each(names)(
    "%s: at the factor that map names, the twin's spikes and potentials",
    async (name) => {
      const network = await loadSpikingNetwork(`${models}${name}.safetensors`);
      const { timeScaleFactor } = await realTimeOf(network);
      const settings = { host: "emulated", boardVersion: 3, timeScaleFactor };
      const problems: string[] = [];
      const board = await openSimulator("spinnaker", { settings, onWarning: (message) => problems.push(message) });
      const twin = await openSimulator("spinnaker-twin");
      let spikes = 0;
      try {
        const [there, here] = [await board.load(network), await twin.load(network)];
        for (const [k, state] of (await visited(name)).entries()) {
          const [measured, predicted] = [
            await there.run(state, { recordSpikes: true }),
            await here.run(state, { recordSpikes: true }),
          ];
          const differing = measured.spikes!.map((layer, l) => differences(layer, predicted.spikes![l]));
          expect([k, ...differing]).toEqual([k, ...differing.map(() => 0)]);
          expect([k, ...measured.potentials]).toEqual([k, ...predicted.potentials]);
          spikes += measured.spikes!.reduce((sum, { step }) => sum + step.length, 0);
        }
      } finally {
        await board.close();
        await twin.close();
      }
      expect(problems).toEqual([]);
      expect(spikes).toBeGreaterThan(50 * STATES);
      process.stdout.write(`${name}, factor ${timeScaleFactor}: ${STATES} states, ${spikes} spikes, all equal\n`);
    },
    1_800_000,
  );
});
