import { fileURLToPath } from "node:url";
import { Random } from "../../src/numeric/random.ts";
import { type SpikeEvents } from "../../src/network/engine.ts";
import { loadSpikingNetwork } from "../../src/network/file/model.ts";
import { observationSize } from "../../src/network/network.ts";
import { openSimulator } from "../../src/simulators/open.ts";

export interface Compared {
  readonly name: string;
  /** Spikes of all layers on the board, and those that only one of the two has. */
  readonly spikes: number;
  readonly differing: number;
  readonly potentials: readonly number[];
  readonly expected: readonly number[];
  /** What the board or sPyNNaker's provenance complained of. */
  readonly problems: readonly string[];
}

const STATES = 2;

/** Networks of models/ on an emulated board and on the twin, for the same random states. */
export async function compareOnBoard(
  names: readonly string[],
  place: { readonly version: 3 | 5; readonly input: "host" | "chip"; readonly timeScaleFactor?: number },
): Promise<Compared[]> {
  const problems: string[] = [];
  const { version, input, timeScaleFactor } = place;
  const settings = { host: "emulated", boardVersion: version, input, timeScaleFactor };
  const board = await openSimulator("spinnaker", { settings, onWarning: (message) => problems.push(message) });
  const twin = await openSimulator("spinnaker-twin", { settings: { input } });
  try {
    const compared: Compared[] = [];
    for (const name of names) {
      const network = await loadSpikingNetwork(
        fileURLToPath(new URL(`../../models/${name}.safetensors`, import.meta.url)),
      );
      const random = new Random(7);
      const states = Float32Array.from({ length: STATES * observationSize(network) }, () => 2 * random.uniform() - 1);
      const [measured, predicted] = await Promise.all(
        [board, twin].map(async (engine) => (await engine.load(network)).run(states, { recordSpikes: true })),
      );
      compared.push({
        name,
        spikes: measured.spikes!.reduce((sum, { step }) => sum + step.length, 0),
        differing: measured.spikes!.reduce((sum, layer, i) => sum + differences(layer, predicted.spikes![i]), 0),
        potentials: Array.from(measured.potentials),
        expected: Array.from(predicted.potentials),
        problems: problems.splice(0),
      });
    }
    return compared;
  } finally {
    await board.close();
    await twin.close();
  }
}

/** Spikes that only one of the two has. */
export function differences(a: SpikeEvents, b: SpikeEvents): number {
  const keys = ({ state, step, neuron }: SpikeEvents): Set<string> =>
    new Set(Array.from(state, (value, i) => `${value},${step[i]},${neuron[i]}`));
  const [one, other] = [keys(a), keys(b)];
  const only = (from: Set<string>, to: Set<string>): number => [...from].filter((key) => !to.has(key)).length;
  return only(one, other) + only(other, one);
}
