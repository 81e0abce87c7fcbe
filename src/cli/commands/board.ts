import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { type Board, type BoardStatus, type CoreStatus, STEP_CYCLES } from "../../board/index.ts";
import { UsageError } from "../../errors.ts";
import { openEmulatedBoard, problemText } from "../../simulators/spinnaker/emulated.ts";
import { type Context, command } from "../command.ts";
import { choice } from "../flags/options.ts";

interface Options {
  boardVersion: "3" | "5";
  address?: string;
  cold?: boolean;
  pace: "auto" | "fast" | "real";
  trace?: boolean;
}

interface Report extends BoardStatus {
  readonly address: string;
  readonly machineName: string;
}

export default command<Options>({
  name: "board",
  configure(parser) {
    parser
      .argument("[script...]", "after --: a command that is run with the board as its SpiNNaker machine, and ends it")
      .option("--board-version <version>", "3: 4 chips, 5: 48 chips", choice("3", "5"), "5")
      .option("--address <address>", "where it answers (default: the first from 127.0.0.2 on that is free)")
      .option("--cold", "silent until it is booted over the network, as after power on")
      .option(
        "--pace <pace>",
        "fast, real (as time goes by), or auto: fast unless something live goes in or out",
        choice("auto", "fast", "real"),
        "auto",
      )
      .option("--trace", "every command that the host sends (stderr)")
      .addHelpText(
        "after",
        `
Examples:
  dsqn board                                     until Ctrl-C; prints what has to stand in .spynnaker.cfg
  dsqn board --board-version 3 -- python net.py  runs the script on it; no file of yours is touched`,
      );
  },
  async run(script, options, context) {
    const board = await open(options, context.log);
    try {
      context.log(announcement(board));
      const code = script.length > 0 ? await runScript(script, board, context) : await untilInterrupted(board, context);
      const { address, machineName } = board;
      context.print({ address, machineName, ...(await board.status()) }, render);
      return code;
    } finally {
      await board.close();
    }
  },
});

const open = ({ boardVersion, trace, ...options }: Options, log: Context["log"]): Promise<Board> =>
  openEmulatedBoard({
    ...options,
    version: Number(boardVersion),
    onProblem: (problem) => log(problemText(problem)),
    onTrace: trace ? log : undefined,
  });

const announcement = ({ version, address, configuration }: Board): string =>
  `SpiNNaker board of version ${version} at ${address}, emulated. In .spynnaker.cfg (in your home, or as spynnaker.cfg beside the script):

[Machine]
${configuration}
`;

/** The script in an environment whose home holds nothing but the board's configuration; its packages stay those of the user. */
async function runScript(script: readonly string[], board: Board, { signal }: Context): Promise<number> {
  const home = await mkdtemp(join(tmpdir(), "dsqn-board-"));
  try {
    await writeFile(join(home, ".spynnaker.cfg"), `[Machine]\n${board.configuration}\n`);
    const [file, ...args] = script;
    const base = process.env.PYTHONUSERBASE ?? join(homedir(), ".local");
    const { failed, code } = await execa(file, args, {
      env: { HOME: home, USERPROFILE: home, PYTHONUSERBASE: base },
      stdin: "inherit",
      // The command's own result has stdout.
      stdout: process.stderr,
      stderr: "inherit",
      reject: false,
      cancelSignal: signal,
    });
    if (code === "ENOENT")
      throw new UsageError("BAD_ARGUMENT", `There is no command "${file}".`, {
        hint: "Name a Python that has sPyNNaker.",
      });
    return failed ? 1 : 0;
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

const LOOK_MS = 1000;

/** Until Ctrl-C; whenever an application has begun, paused or ended, what the cores do is said. */
async function untilInterrupted(board: Board, { signal, log }: Context): Promise<number> {
  let last = "";
  while (!signal.aborted) {
    await pause(LOOK_MS, signal);
    const status = await board.status();
    const now = status.cores
      .map(({ chip, core, application, state }) => [chip, core, application, state].join())
      .join(";");
    if (now !== last && status.cores.length > 0) log(table(status.cores));
    last = now;
  }
  return 0;
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done);
  });
}

const percent = (part: number): string => `${(100 * part).toFixed(1)} %`;

function table(cores: readonly CoreStatus[]): string {
  const rows = cores.map((one) =>
    [
      `(${one.chip.join(", ")})`.padEnd(8),
      String(one.core).padStart(4),
      one.application.padEnd(16),
      one.state.padEnd(14),
      String(one.steps).padStart(8),
      percent(one.busiestStep).padStart(8),
      percent(one.averageStep).padStart(8),
      String(one.packetsSent).padStart(9),
      String(one.packetsReceived).padStart(9),
    ].join("  "),
  );
  return [
    "chip      core  application       state              steps   busiest   average       sent   received",
    ...rows,
  ].join("\n");
}

/** Cores that hold synapses alone (a population split over several) look for packets all the time, and never sleep. */
function tooBusy({ chip, core, busiestStep, averageStep }: CoreStatus): string {
  const who = `core ${core} of chip (${chip.join(", ")})`;
  return averageStep > 0.99
    ? `${who} never sleeps: it can't keep up, or is one that polls; sPyNNaker's provenance says whether spikes were late`
    : `${who} needs ${percent(busiestStep)} of a step: raise time_scale_factor, or put fewer neurons on a core`;
}

function render(report: Report): string {
  const cores = report.cores.length > 0 ? report.cores : report.ended;
  const over = cores.filter(({ busiestStep, stepCycles }) => busiestStep >= 1 && stepCycles >= STEP_CYCLES);
  return [
    `SpiNNaker board of version ${report.version} at ${report.address}: ${(report.milliseconds / 1000).toFixed(1)} s of its time, ${report.packets} packets, ${report.dumped} without a way`,
    ...(cores.length > 0 ? [table(cores)] : []),
    ...over.map(tooBusy),
    ...report.problems.slice(0, 20).map(problemText),
  ].join("\n");
}
