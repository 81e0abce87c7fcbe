/** How the console's screen becomes what a network sees (docs/breakout.md has the formulas). */
export const ATARI_PREPROCESSINGS = ["nature", "patel", "mnih-binary"] as const;
/** "nature": 84x84 greys, 4 of them; "patel": 80x80, four frames laid over each other; "mnih-binary": 84x84 of 0 and 1, 4 of them. */
export type AtariPreprocessing = (typeof ATARI_PREPROCESSINGS)[number];

/** Who plays: the project's own games, ale-py's vector environment, or EnvPool's (docs/breakout.md says how they differ). */
export const ATARI_WORLDS = ["games", "ale-vector", "envpool"] as const;
/** "games": frame by frame, repeated from a seed; "ale-vector" and "envpool": all copies in threads of the field's own vector environments. */
export type AtariWorld = (typeof ATARI_WORLDS)[number];
