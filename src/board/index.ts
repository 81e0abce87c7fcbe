/** A SpiNNaker board in software. */
export { type Board, type BoardOptions, configurationOf, openBoard } from "./open.ts";
export { type BoardStatus, type CoreStatus, STEP_CYCLES } from "./emulator.ts";
export { BoardError, type Problem } from "./problems.ts";
