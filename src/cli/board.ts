import type { Command as Parser } from "commander";
import { UsageError } from "../errors.ts";
import type { BoardOptions } from "../simulators/spinnaker/board.ts";
import { choice, integer } from "./options.ts";

/** What `boardFlags` adds to a command's options. */
export interface BoardFlags {
  boardHost?: string;
  boardVersion?: "3" | "5";
  spallocServer?: string;
  spallocUser?: string;
  boardTimeout?: number;
}

/** The flags of commands that run a network on a SpiNNaker board. */
export function boardFlags(parser: Parser): Parser {
  return parser
    .option("--board-host <address>", "SpiNNaker board of --simulator spinnaker (or DSQN_SPINNAKER_HOST)")
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
    );
}

/** The flags as settings of `openSimulator`; undefined where none is given, BAD_ARGUMENT where `simulator` has no board. */
export function boardSettingsFrom(flags: BoardFlags, simulator: string): BoardOptions | undefined {
  const { boardHost: host, boardVersion, spallocServer: spalloc, spallocUser: user, boardTimeout: timeoutMs } = flags;
  const given = { host, boardVersion: boardVersion && Number(boardVersion), spalloc, user, timeoutMs };
  if (Object.values(given).every((value) => value === undefined)) return undefined;
  if (simulator !== "spinnaker")
    throw new UsageError("BAD_ARGUMENT", `A board is named, but the simulator "${simulator}" runs on none.`, {
      hint: "Add --simulator spinnaker.",
    });
  if (host !== undefined && spalloc !== undefined)
    throw new UsageError("BAD_ARGUMENT", "Both a board and a spalloc server are named.", {
      hint: "Choose --board-host or --spalloc-server.",
    });
  return given;
}
