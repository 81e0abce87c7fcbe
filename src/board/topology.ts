import { BoardError } from "./problems.ts";

export type BoardVersion = 3 | 5;

/** Steps in x and y along the links 0 to 5. */
const STEPS = [
  [1, 0],
  [1, 1],
  [0, 1],
  [-1, 0],
  [-1, -1],
  [0, -1],
] as const;

/** Of a 4-chip board: links that lead nowhere (x, y, link); the others wrap around. */
const UNUSED_OF_4 = new Set(["0,0,3", "0,0,4", "0,1,3", "0,1,4", "1,0,0", "1,0,1", "1,1,0", "1,1,1"]);

/** Of a 48-chip board: by y, the first and the last x of a row. */
const ROWS_OF_48 = [
  [0, 4],
  [0, 5],
  [0, 6],
  [0, 7],
  [1, 7],
  [2, 7],
  [3, 7],
  [4, 7],
] as const;

export interface Topology {
  readonly version: BoardVersion;
  readonly width: number;
  readonly height: number;
  readonly chips: readonly (readonly [x: number, y: number])[];
  /** The chip at the other end of a link. */
  readonly neighbour: (x: number, y: number, link: number) => readonly [number, number] | null;
}

/** Where a board's chips are and how they are wired. Sources: SpiNNMachine's versions 3 and 5. */
export function topologyOf(version: number): Topology {
  if (version === 3) {
    const chips = [0, 1].flatMap((x) => [0, 1].map((y) => [x, y] as const));
    return {
      version,
      width: 2,
      height: 2,
      chips,
      neighbour: (x, y, link) =>
        UNUSED_OF_4.has(`${x},${y},${link}`) ? null : [(x + STEPS[link][0]) & 1, (y + STEPS[link][1]) & 1],
    };
  }
  if (version === 5) {
    const has = (x: number, y: number): boolean => y >= 0 && y < 8 && x >= ROWS_OF_48[y][0] && x <= ROWS_OF_48[y][1];
    const chips = ROWS_OF_48.flatMap(([first, last], y) =>
      Array.from({ length: last - first + 1 }, (_, i) => [first + i, y] as const),
    );
    return {
      version,
      width: 8,
      height: 8,
      chips,
      neighbour: (x, y, link) => {
        const [dx, dy] = STEPS[link];
        return has(x + dx, y + dy) ? [x + dx, y + dy] : null;
      },
    };
  }
  throw new BoardError(
    "BOARD_VERSION",
    `There is no emulated board of version ${version}.`,
    "Version 3 has 4 chips, version 5 has 48. Several boards in one machine are not modelled.",
    { version },
  );
}
