import { standalone } from "../theme.ts";
import type { BoardMap } from "../../simulators/spinnaker/place.ts";

const CELL = 56;
const MARGIN = 46;
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
    const entries = map.routingTables.find(({ chip }) => chip[0] === x && chip[1] === y)?.entries;
    const title = `chip ${x}, ${y}: ${used.length} cores used${entries ? `, ${entries} routing entries` : ""}`;
    const stroke = used.length > 0 || entries ? 'stroke="var(--ink)" stroke-width="1.5"' : 'stroke="var(--line)"';
    return `<g><title>${title}</title><rect x="${left}" y="${top}" width="${CELL - 6}" height="${CELL - 6}" rx="4" fill="var(--panel)" ${stroke}/>${dots.join("")}</g>`;
  });
  const beside = MARGIN + width * CELL + 12;
  const legend = populations.map((population, k) => {
    const own = map.placements.filter((placement) => placement.population === population);
    const neurons = own.reduce((sum, { neurons: [first, last] }) => sum + last - first + 1, 0);
    const kib = own.reduce((sum, { sdramBytes }) => sum + sdramBytes, 0) / 1024;
    const cores = `${own.length} core${own.length === 1 ? "" : "s"}`;
    return entry(k, colourOf(population), 5, `${population}: ${neurons} neurons, ${cores}, ${kib.toFixed(0)} KiB`);
  });
  legend.push(entry(populations.length, "var(--line)", 3, "free core"));
  const axes = [
    ...range(width).map((x) => label(MARGIN + x * CELL + CELL / 2 - 3, MARGIN + height * CELL + 10, x)),
    ...range(height).map((y) => label(MARGIN - 14, place(0, y)[1] + CELL / 2, y)),
    label(MARGIN + (width * CELL) / 2, MARGIN + height * CELL + 28, "chip x"),
    label(MARGIN - 26, MARGIN - 8, "chip y"),
  ];
  const size = [beside + 250, MARGIN * 2 + height * CELL];
  const title = `SpiNN-${map.board.version} board: ${map.cores} cores on ${map.chips} of ${map.board.chips} chips, ${map.routingEntries} routing entries`;
  return standalone(
    `<svg viewBox="0 0 ${size[0]} ${size[1]}" width="${size[0]}" role="img" aria-label="${title}">` +
      `<text x="${MARGIN - 26}" y="22" font-size="15" fill="currentColor">${title}</text>${squares.join("")}${axes.join("")}${legend.join("")}</svg>`,
  );

  function entry(row: number, colour: string, radius: number, text: string): string {
    const y = MARGIN + 14 + row * 18;
    return `<circle cx="${beside}" cy="${y}" r="${radius}" fill="${colour}"/><text x="${beside + 12}" y="${y + 4}" font-size="12" fill="currentColor">${text}</text>`;
  }
}

const range = (length: number): number[] => Array.from({ length }, (_, k) => k);
const label = (x: number, y: number, text: number | string): string =>
  `<text x="${x}" y="${y}" font-size="11" text-anchor="middle" fill="var(--muted)">${text}</text>`;

/** A 48-chip board is a hexagon cut out of 8 x 8; a 4-chip board is the whole 2 x 2. */
function exists({ board }: BoardMap, x: number, y: number): boolean {
  return board.chips < 48 || (x - y <= 4 && y - x <= 3);
}
