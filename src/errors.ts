/**
 * Every failure that a user can meet is a `DsqnError`: a stable `code`, the `facts` it rests on, a `hint` that says what
 * to do next, and the underlying error (a whole Python traceback included) as `cause`. docs/errors.md lists the codes.
 */
export interface DsqnErrorOptions {
  /** What to do next, in one or two sentences. */
  hint?: string;
  /** The values behind the message, for programs. */
  facts?: Record<string, unknown>;
  cause?: unknown;
}

/** A failure that a user can meet: `code`, `hint`, `facts`, and the underlying error as `cause`. */
export class DsqnError extends Error {
  readonly code: string;
  readonly hint: string | undefined;
  readonly facts: Readonly<Record<string, unknown>>;
  /** What the CLI exits with: 1 failed, 2 bad arguments. */
  readonly exitCode: number = 1;

  constructor(code: string, message: string, options: DsqnErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.code = code;
    this.hint = options.hint;
    this.facts = options.facts ?? {};
  }

  /** The one shape in which an error is printed as JSON. */
  toJSON(): Record<string, unknown> {
    return { code: this.code, message: this.message, hint: this.hint, facts: this.facts };
  }
}

/** The caller's arguments are at fault: nothing was started and nothing was written. */
export class UsageError extends DsqnError {
  override readonly exitCode: number = 2;
}

/** The name among `candidates` that `name` was probably meant to be, or undefined (Levenshtein distance of at most a third). */
export function nearest(name: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(2, Math.floor(name.length / 3)) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
}

function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = previous[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
      current.push(Math.min(previous[j] + 1, current[j - 1] + 1, substitution));
    }
    previous = current;
  }
  return previous[b.length];
}
