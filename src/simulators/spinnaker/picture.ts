import { standalone } from "../../report/theme.ts";
import type { BoardMap } from "./place.ts";

const CELL = 56;
const MARGIN = 40;
const CORES = 18;
const shades = ["var(--dqn)", "var(--snn)", "var(--nest)", "var(--alarm)", "var(--muted)"];

/** The board as SVG: a square per chip, a dot per core, coloured by the population that lives there. */
export function boardPicture(map: BoardMap): string {
  const { width, height } = map.board;
  const populations = [...new Set(map.placements.map(({ population }) => population))];
  const colourOf = (population: string): string => shades[populations.indexOf(population) % shades.length];
  const place = (x: number, y: number): [number, number] => [MARGIN + x * CELL, MARGIN + (height - 1 - y) * CELL];
  const chips = Array.from({ length: width * height }, (_, k) => [k % width, Math.floor(k / width)] as const).filter(
    ([x, y]) => exists(map, x, y),
  );
  const squares = chips.map(([x, y]) => {
    const [left, top] = place(x, y);
    const used = map.placements.filter(({ chip }) => chip[0] === x && chip[1] === y);
    const dots = Array.from({ length: CORES }, (_, core) => {
      const here = used.find((placement) => placement.core === core);
      const [cx, cy] = [left + 9 + (core % 5) * 8.5, top + 10 + Math.floor(core / 5) * 9];
      const fill = here ? colourOf(here.population) : "var(--line)";
      const title = here
        ? `<title>${here.population}, neurons ${here.neurons.join(" to ")}, ${here.sdramBytes} bytes</title>`
        : "";
      return `<circle cx="${cx}" cy="${cy}" r="${here ? 3.6 : 2}" fill="${fill}">${title}</circle>`;
    });
    return `<g><rect x="${left}" y="${top}" width="${CELL - 6}" height="${CELL - 6}" rx="4" fill="var(--panel)" stroke="var(--line)"/>${dots.join("")}</g>`;
  });
  const legend = populations.map((population, k) => {
    const y = MARGIN + 8 + k * 18;
    const x = MARGIN + width * CELL + 12;
    const cores = map.placements.filter((placement) => placement.population === population).length;
    return `<circle cx="${x}" cy="${y}" r="5" fill="${colourOf(population)}"/><text x="${x + 12}" y="${y + 4}" font-size="12" fill="currentColor">${population}: ${cores} core${cores === 1 ? "" : "s"}</text>`;
  });
  const size = [MARGIN + width * CELL + 180, MARGIN * 1.5 + height * CELL];
  const title = `SpiNN-${map.board.version} board: ${map.cores} cores on ${map.chips} of ${map.board.chips} chips`;
  return standalone(
    `<svg viewBox="0 0 ${size[0]} ${size[1]}" width="${size[0]}" role="img" aria-label="${title}">` +
      `<text x="${MARGIN}" y="24" font-size="15" fill="currentColor">${title}</text>${squares.join("")}${legend.join("")}</svg>`,
  );
}

/** A 48-chip board is a hexagon cut out of 8 x 8; a 4-chip board is the whole 2 x 2. */
function exists({ board }: BoardMap, x: number, y: number): boolean {
  return board.chips < 48 || (x - y <= 4 && y - x <= 3);
}
