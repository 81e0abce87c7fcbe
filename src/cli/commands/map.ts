import { join } from "node:path";
import { Option } from "commander";
import { writeFileAtomic } from "../../files/atomic.ts";
import { loadSpikingNetwork } from "../../network/file/model.ts";
import { boardPicture } from "../../report/plots/board.ts";
import { hasInputNeurons, withInputNeurons } from "../../simulators/spinnaker/input-layer.ts";
import { busiestOf, type RealTime, realTimeOf } from "../../simulators/spinnaker/real-time.ts";
import { placeNetwork, type BoardMap } from "../../simulators/spinnaker/place.ts";
import { type InputFlags, inputFlags } from "../flags/board.ts";
import { command } from "../command.ts";
import { choice, integer } from "../flags/options.ts";

interface Options extends InputFlags {
  boardVersion?: "3" | "5";
  /** An older name of it. */
  board?: "3" | "5";
  steps?: number;
  out?: string;
}

export default command<Options>({
  name: "map",
  configure(parser) {
    inputFlags(parser)
      .argument("<model>", "a spiking network (.safetensors)")
      .option("--board-version <version>", "3: 4 chips, 5: 48 chips (default: 5)", choice("3", "5"))
      .addOption(new Option("--board <version>").argParser(choice("3", "5")).hideHelp())
      .option("--steps <T>", "time steps per decision, instead of the network's own", integer(1))
      .option("--out <file>", "where to draw the board (SVG; default: beside sPyNNaker's reports)")
      .addHelpText(
        "after",
        `
Examples:
  dsqn map models/cartpole-dqn-converted.safetensors
  dsqn map models/cartpole-dqn-converted.safetensors --board-version 3 --input chip --out board.svg`,
      );
  },
  async run([path], { boardVersion, board, steps, out, input, inputRange, hardReset }, { print, progress, signal }) {
    const network = await loadSpikingNetwork(path);
    const map = await placeNetwork(network, {
      boardVersion: Number(boardVersion ?? board ?? 5),
      steps,
      input,
      inputRange,
      hardReset,
      onProgress: progress,
      signal,
    });
    const picture = out ?? join(map.reports, "board.svg");
    await writeFileAtomic(picture, boardPicture(map));
    const onMachine = hasInputNeurons(network, input) ? withInputNeurons(network, inputRange) : network;
    const realTime = await realTimeOf(onMachine, { steps, hardReset, poissonOnChip: input === "chip" });
    print({ ...map, ...realTimeFields(realTime), picture }, render);
    return map.layers.every(({ twinDiffers }) => !twinDiffers) ? 0 : 1;
  },
});

/** Powers of two. */
const stepOf = (resolution: number): string => (resolution < 1 ? `1/${1 / resolution}` : String(resolution));
const nameOf = (layer: number): string => (layer < 0 ? "input" : `layer${layer}`);

interface Printed extends BoardMap {
  readonly timeScaleFactor: number;
  readonly realTime: RealTime;
  readonly picture: string;
}

const realTimeFields = (realTime: RealTime) => ({ timeScaleFactor: realTime.timeScaleFactor, realTime });

function render(map: Printed): string {
  const rows = map.layers.map(({ layer, shifts, resolution, synapses, twinDiffers }) =>
    [
      `  ${nameOf(layer).padEnd(8)}`,
      `${String(map.placements.filter(({ population }) => population === nameOf(layer)).length).padStart(3)} cores`,
      `${String(synapses).padStart(9)} synapses`,
      `shifts ${shifts.excitatory}/${shifts.inhibitory}`,
      `weights in steps of ${stepOf(resolution.excitatory)} and ${stepOf(resolution.inhibitory)}`,
      twinDiffers === null
        ? "weights stay on the host"
        : twinDiffers === 0
          ? "as the twin has them"
          : `${twinDiffers} weights differ from the twin's`,
    ].join("  "),
  );
  return [
    `sPyNNaker ${map.version}, SpiNN-${map.board.version} board (virtual): ${map.cores} cores on ${map.chips} of ${map.board.chips} chips`,
    `  SDRAM            ${(map.sdramBytes / 1024).toFixed(0)} KiB`,
    `  routing entries  ${map.routingEntries}`,
    ...rows,
    ...realTimeLines(map.realTime),
    `  picture          ${map.picture}`,
    `  reports          ${map.reports}`,
  ].join("\n");
}

function realTimeLines(realTime: RealTime): string[] {
  const { timeScaleFactor, timeScaleFactorAlways, neuronsPerCore } = realTime;
  const fewer = neuronsPerCore > 0 ? `, or at most ${neuronsPerCore} neurons per core` : "";
  return [
    `  real time        ${timeScaleFactor === 1 ? "keeps up with 1 ms per step" : `a time scale factor of ${timeScaleFactor}${fewer}`}`,
    `                   ${busiestOf(realTime)}`,
    `                   whatever spikes: a factor of ${timeScaleFactorAlways}`,
  ];
}
