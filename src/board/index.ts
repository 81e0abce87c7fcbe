/** A SpiNNaker board in software. */
export { type Board, type BoardOptions, configurationOf, openBoard } from "./open.ts";
export { type BoardStatus, type CoreStatus } from "./emulator.ts";
export { BoardError, type Problem } from "./problems.ts";
