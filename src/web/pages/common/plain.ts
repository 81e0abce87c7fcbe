/** An error as a person reads it; it can be sent from a worker. */
export interface Plain {
  readonly message: string;
  /** What to do next. */
  readonly hint?: string;
  readonly code?: string;
}

/** What the library says of an error, and its way out. */
export function plain(error: unknown): Plain {
  if (!(error instanceof Error)) return { message: String(error) };
  const { message } = error;
  const { hint, code } = error as { hint?: string; code?: string };
  if (code !== undefined && typeof code === "string") return { message, hint, code };
  if (error instanceof RangeError && /alloc|memory|length/i.test(message))
    return {
      message: "That is more than the memory of this page holds.",
      hint: "Take a smaller file, or close other pages.",
    };
  return { message };
}
