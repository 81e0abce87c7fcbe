import { InvalidArgumentError, type Command as Parser } from "commander";
import { UsageError } from "../../errors.ts";
import type { BoardOptions } from "../../simulators/spinnaker/board.ts";
import { hasInputNeurons, type InputPlace, withInputNeurons } from "../../simulators/spinnaker/input-layer.ts";
import { busiestOf, realTimeOf } from "../../simulators/spinnaker/real-time.ts";
import { isSpiking, type Network } from "../../network/network.ts";
import { choice, integer } from "./options.ts";

/** What `boardFlags` adds to a command's options. */
export interface BoardFlags extends HostFlags, InputFlags {}

/** What `hostFlags` adds to a command's options. */
export interface HostFlags {
  boardHost?: string;
  boardVersion?: "3" | "5";
  spallocServer?: string;
  spallocUser?: string;
  boardTimeout?: number;
  timeScaleFactor?: number;
}

/** What `inputFlags` adds to a command's options. */
export interface InputFlags {
  input?: InputPlace;
  inputRange?: number[];
  hardReset?: boolean;
}

/** The flags of commands that put a network onto a SpiNNaker chip. */
export function inputFlags(parser: Parser): Parser {
  return parser
    .option(
      "--input <place>",
      "on SpiNNaker: the host makes the first layer's currents or spikes, or neurons and sources on the chip do",
      choice("host", "chip"),
    )
    .option(
      "--input-range <numbers>",
      "with --input chip: the largest magnitude of each value of an observation, a,b,..., or of all (default: 1)",
      numbers,
    )
    .option(
      "--hard-reset",
      "on SpiNNaker: sPyNNaker's own IFCurDelta for all, which resets to zero what the network resets by subtraction",
    );
}

function numbers(text: string): number[] {
  const values = text.split(",").map(Number);
  if (values.some((value) => !(value > 0 && Number.isFinite(value))))
    throw new InvalidArgumentError("Not numbers above 0, separated by commas.");
  return values;
}

/** The flags of commands that run a network on a SpiNNaker board. */
export const boardFlags = (parser: Parser): Parser => hostFlags(inputFlags(parser));

/** Of those the ones that say which board, for commands that have another --input. */
export function hostFlags(parser: Parser): Parser {
  return parser
    .option(
      "--board-host <address>",
      "SpiNNaker board of --simulator spinnaker, or emulated: one in software (or DSQN_SPINNAKER_HOST)",
    )
    .option(
      "--board-version <version>",
      "3: 4 chips, 5: 48 chips (or DSQN_SPINNAKER_VERSION; default 5)",
      choice("3", "5"),
    )
    .option(
      "--spalloc-server <server>",
      "instead: who lends boards; host, host:port or URL (or DSQN_SPINNAKER_SPALLOC)",
    )
    .option("--spalloc-user <name>", "who asks it for boards (default: dsqn)")
    .option(
      "--board-timeout <ms>",
      "how long the first answer may take (or DSQN_SPINNAKER_TIMEOUT_MS; default 5000)",
      integer(1),
    )
    .option(
      "--time-scale-factor <n>",
      "how many times slower than 1 ms per step the board runs (default: what the network needs)",
      integer(1),
    );
}

/** The flags as settings of `openSimulator`; undefined where none is given, BAD_ARGUMENT where `simulator` has nothing of what they name. */
export function boardSettingsFrom(flags: BoardFlags, simulator: string): BoardOptions | undefined {
  const { boardHost: host, boardVersion, spallocServer: spalloc, spallocUser: user, boardTimeout: timeoutMs } = flags;
  const { timeScaleFactor } = flags;
  const board = given({
    host,
    boardVersion: boardVersion && Number(boardVersion),
    spalloc,
    user,
    timeoutMs,
    timeScaleFactor,
  });
  const input = given({ input: flags.input, inputRange: flags.inputRange, hardReset: flags.hardReset });
  if (board && simulator !== "spinnaker")
    throw new UsageError("BAD_ARGUMENT", `A board is named, but the simulator "${simulator}" runs on none.`, {
      hint: "Add --simulator spinnaker.",
    });
  if (input && simulator !== "spinnaker" && simulator !== "spinnaker-twin")
    throw new UsageError(
      "BAD_ARGUMENT",
      `--input, --input-range and --hard-reset mean nothing to the simulator "${simulator}".`,
      {
        hint: "Add --simulator spinnaker-twin or spinnaker.",
      },
    );
  if (host !== undefined && spalloc !== undefined)
    throw new UsageError("BAD_ARGUMENT", "Both a board and a spalloc server are named.", {
      hint: "Choose --board-host or --spalloc-server.",
    });
  return board || input ? { ...board, ...input } : undefined;
}

/** What a network needs to keep up on SpiNNaker, where `simulator` is that or its twin; said, and to be printed. */
export async function timeOnBoard(
  network: Network,
  simulator: string,
  { steps, ...settings }: BoardOptions & { readonly steps?: number },
  say: (message: string) => void,
): Promise<{ readonly timeScaleFactor?: number }> {
  if (!isSpiking(network) || (simulator !== "spinnaker" && simulator !== "spinnaker-twin")) return {};
  const { input, inputRange, hardReset } = settings;
  const onMachine = hasInputNeurons(network, input) ? withInputNeurons(network, inputRange) : network;
  const realTime = await realTimeOf(onMachine, { steps, hardReset, poissonOnChip: input === "chip" });
  const { timeScaleFactor } = realTime;
  if (timeScaleFactor > 1) say(`A board needs a time scale factor of ${timeScaleFactor}: ${busiestOf(realTime)}.`);
  return { timeScaleFactor };
}

/** Those that have a value; undefined where none has. */
function given<T extends object>(values: T): Partial<T> | undefined {
  const entries = Object.entries(values).filter(([, value]) => value !== undefined);
  return entries.length > 0 ? (Object.fromEntries(entries) as Partial<T>) : undefined;
}
