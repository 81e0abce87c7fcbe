/** What the board met and can't answer. Nothing is guessed: the core stops, or the command is refused, and this says why. */
export interface Problem {
  /** "register", "command": not modelled. "fault": a core ran into nothing. "exhausted", "port": not to be had. "datagram": not delivered. */
  readonly kind: "register" | "fault" | "command" | "exhausted" | "datagram" | "port";
  readonly chip: readonly [number, number];
  /** 0: the monitor. */
  readonly core: number;
  /** What it was, by name, in a sentence. */
  readonly message: string;
  /** Which option of the script avoids it. */
  readonly hint?: string;
  readonly pc?: number;
}

/** A register, or a value of one, that the board does not model. */
export class Unmodelled extends Error {
  readonly hint: string | undefined;

  constructor(what: string, hint?: string) {
    super(what);
    this.name = "Unmodelled";
    this.hint = hint;
  }
}

/** The board can't be opened: `code` says why, `hint` what to do. */
export class BoardError extends Error {
  readonly code: string;
  readonly hint: string;
  readonly facts: Readonly<Record<string, unknown>>;

  constructor(code: string, message: string, hint: string, facts: Readonly<Record<string, unknown>> = {}) {
    super(message);
    this.name = "BoardError";
    this.code = code;
    this.hint = hint;
    this.facts = facts;
  }
}

export const hex = (value: number, digits = 8): string => `0x${(value >>> 0).toString(16).padStart(digits, "0")}`;
