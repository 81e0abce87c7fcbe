import { Worker } from "node:worker_threads";
import { type CoreOptions } from "./cpu/core.ts";
import { type BoardStatus } from "./emulator.ts";
import { BoardError, type Problem } from "./problems.ts";
import { another } from "./server.ts";
import { type FromBoard, type ThreadOptions, type ToBoard } from "./thread.ts";
import { type BoardVersion, topologyOf } from "./topology.ts";

/** Which emulated board, and where. */
export interface BoardOptions {
  /** 3: 4 chips, 5: 48 chips (default). */
  readonly version?: number;
  /** Where it answers. Without one: the first address from 127.0.0.2 on that is free. */
  readonly address?: string;
  /** Silent until it is booted over the network, as a board that was just switched on. SpiNNMan boots it, in some seconds. */
  readonly cold?: boolean;
  /** "auto" (default): as fast as it goes, but in real time while something live goes in or out. */
  readonly pace?: "auto" | "fast" | "real";
  /** What an instruction costs, and how it is executed. */
  readonly core?: Pick<CoreOptions, "engine" | "timing">;
  readonly onProblem?: (problem: Problem) => void;
  /** Every command of the host. */
  readonly onTrace?: (line: string) => void;
}

/** An emulated board that answers. */
export interface Board {
  readonly version: BoardVersion;
  readonly address: string;
  /** What `machine_name` has to be: SpiNNMan keeps the string "127.0.0.1" for a machine of its own. */
  readonly machineName: string;
  /** Lines for the section [Machine] of `.spynnaker.cfg`. */
  readonly configuration: string;
  readonly status: () => Promise<BoardStatus>;
  /** Ends it, and frees its address. */
  readonly close: () => Promise<void>;
}

const FIRST_ADDRESS = "127.0.0.2";
const LAST_ADDRESS = "127.0.0.254";
const ONLY_ADDRESS = "127.0.0.1";

/** Switches an emulated SpiNNaker board on, in a thread of its own. */
export async function openBoard(options: BoardOptions = {}): Promise<Board> {
  const { version } = topologyOf(options.version ?? 5);
  if (options.address !== undefined) return open(options.address, version, options);
  for (let address = FIRST_ADDRESS; ; address = another(address)) {
    try {
      return await open(address, version, options);
    } catch (error) {
      if (!(error instanceof BoardError) || address === LAST_ADDRESS) throw error;
      if (error.code === "BOARD_ADDRESS" && address === FIRST_ADDRESS) return open(ONLY_ADDRESS, version, options);
      if (error.code !== "BOARD_PORT_IN_USE") throw error;
    }
  }
}

async function open(address: string, version: BoardVersion, options: BoardOptions): Promise<Board> {
  const { cold, pace, core, onProblem, onTrace } = options;
  const data: ThreadOptions = { version, address, cold, pace, core, trace: onTrace !== undefined };
  const thread = startThread(data);
  const asked = new Map<number, (status: BoardStatus) => void>();
  let count = 0;
  let failure: Error | null = null;
  const ended = new Promise<void>((resolve) => thread.once("exit", () => resolve()));
  await new Promise<void>((resolve, reject) => {
    thread.on("error", (error) => {
      failure = error;
      reject(error);
    });
    thread.on("message", (message: FromBoard) => {
      if (message.kind === "open") resolve();
      else if (message.kind === "failed")
        reject(new BoardError(message.code, message.message, message.hint, message.facts));
      else if (message.kind === "problem") onProblem?.(message.problem);
      else if (message.kind === "trace") onTrace?.(message.line);
      else asked.get(message.id)?.(message.status);
    });
  });
  const status = (): Promise<BoardStatus> => {
    const id = ++count;
    thread.postMessage({ kind: "status", id } satisfies ToBoard);
    const answer = new Promise<BoardStatus>((resolve) => asked.set(id, resolve)).finally(() => asked.delete(id));
    const gone = ended.then(() => {
      const why = failure ? `ended by itself (${failure.message})` : "is closed";
      throw new BoardError("BOARD_CLOSED", `The emulated board at ${address} ${why}.`, "Open another one.");
    });
    return Promise.race([answer, gone]);
  };
  const machineName = address === ONLY_ADDRESS ? "localhost" : address;
  const configuration = configurationOf(machineName, version);
  return { version, address, machineName, configuration, status, close: async () => void (await thread.terminate()) };
}

/** Emulated cores may be slower than real ones, and monitors on every chip poll all the time: so much for sPyNNaker to know. */
export function configurationOf(machineName: string, version: number): string {
  return [
    `machine_name = ${machineName}`,
    `version = ${version}`,
    "enable_advanced_monitor_support = False",
    "enable_reinjection = False",
    "post_simulation_overrun_before_error = 3600",
  ].join("\n");
}

/** In a clone the sources are TypeScript, for which a new thread needs the loader; what npm installs is JavaScript. */
function startThread(workerData: ThreadOptions): Worker {
  const source = import.meta.url.endsWith(".ts");
  const loader = new URL("../../scripts/register-ts.mjs", import.meta.url);
  return new Worker(new URL(source ? "./thread.ts" : "./thread.js", import.meta.url), {
    workerData,
    execArgv: source ? ["--import", loader.href] : [],
  });
}
