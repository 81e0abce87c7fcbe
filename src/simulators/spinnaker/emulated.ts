import { type Board, BoardError, type BoardOptions, type Problem, openBoard } from "../../board/index.ts";
import { DsqnError } from "../../errors.ts";
import type { Settings } from "../names.ts";

/** As `host`: a board in software, which is switched on for the simulator and off with it. */
export const EMULATED = "emulated";

/** An emulated board; BOARD_PORT_IN_USE, BOARD_ADDRESS, BOARD_VERSION. */
export async function openEmulatedBoard(options: BoardOptions): Promise<Board> {
  try {
    return await openBoard(options);
  } catch (error) {
    if (!(error instanceof BoardError)) throw error;
    const { code, message, hint, facts } = error;
    throw new DsqnError(code, message, { hint, facts, cause: error });
  }
}

/** What a board met, in words. */
export function problemText({ kind, chip, core, message, hint, pc }: Problem): string {
  const who = core === 0 ? `monitor of chip (${chip.join(", ")})` : `core ${core} of chip (${chip.join(", ")})`;
  const where = pc === undefined ? "" : `, at ${pc.toString(16).padStart(8, "0")}`;
  const what = kind === "register" || kind === "command" ? `not modelled: ${message}` : message;
  return `${who}${where}: ${what}${hint ? `\n  ${hint}` : ""}`;
}

/** Settings that name a board which answers, where they named none but an emulated one. */
export async function withBoard(
  settings: Settings,
  onWarning?: (message: string) => void,
): Promise<{ readonly settings: Settings; readonly board: Board | null }> {
  if (settings.host !== EMULATED) return { settings, board: null };
  const version = typeof settings.boardVersion === "number" ? settings.boardVersion : undefined;
  const board = await openEmulatedBoard({
    version,
    onProblem: (problem) => onWarning?.(`emulated board: ${problemText(problem)}`),
  });
  return { settings: { ...settings, host: board.machineName, boardVersion: board.version, emulated: true }, board };
}
