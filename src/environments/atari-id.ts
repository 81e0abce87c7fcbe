/**
 * Whether an environment's id is one of an Atari game: "ALE/Breakout-v5", "BreakoutNoFrameskip-v4", "BreakoutDeterministic-v4", or the game
 * alone. "Breakout-v4" looks like any other id: `openAtari` takes it, but it isn't recognised.
 */
export function isAtariId(id: string): boolean {
  return /^(ALE\/.*|\w+(NoFrameskip|Deterministic)-v[04]|[A-Za-z]\w*)$/.test(id);
}

/** The game of an id that `isAtariId` recognises, any other id as it is: one game's ids differ in frame skip and sticky actions alone. */
export function gameOf(id: string): string {
  return isAtariId(id) ? id.replace(/^ALE\//, "").replace(/(NoFrameskip|Deterministic)?-v\d+$/, "") : id;
}
