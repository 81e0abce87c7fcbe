import { html, type Html } from "../../src/report/html/html.ts";
import { type Column, keyFigures, paragraph, plotFigure, section, table } from "../../src/report/html/parts.ts";
import { type Line, linePlot } from "../../src/report/plots/lines.ts";
import type { Row } from "../experiments.ts";
import type { Measured } from "../verdict.ts";
import type { Behaviour } from "./behaviour.ts";
import type { Occluded } from "./occlusion.ts";
import type { Shown } from "./show.ts";

/** What was measured of a row, and how it was played. */
type Played = Measured & { readonly name: string; readonly behaviour: Behaviour };

const [DQN, SNN] = ["convolutional DQN", "convolutional DQN, converted, T = 100"];

/** The rows of which it is known how they were played: none in other experiments. */
export const played = (rows: readonly Row[]): Played[] =>
  rows.flatMap(({ name, ours }) => (ours?.behaviour ? [{ ...ours, name, behaviour: ours.behaviour }] : []));

/** The DQN and its conversion, where both were measured. */
export function mainPlayers(rows: readonly Row[]): { readonly dqn: Played; readonly snn: Played } | null {
  const [dqn, snn] = [DQN, SNN].map((name) => played(rows).find((row) => row.name === name));
  return dqn && snn ? { dqn, snn } : null;
}

export function atAGlance(rows: readonly Row[]): Html[] {
  const main = mainPlayers(rows);
  if (!main) return [];
  const { dqn, snn } = main;
  const interval = ([low, high]: readonly [number, number]): string => `95 %: ${low.toFixed(1)} to ${high.toFixed(1)}`;
  return [
    keyFigures([
      { label: `DQN, ${dqn.episodes} games`, value: dqn.mean.toFixed(1), note: interval(dqn.ci95), tone: "dqn" },
      { label: "SNN, T = 100", value: snn.mean.toFixed(1), note: interval(snn.ci95), tone: "snn" },
      {
        label: "same decision as the DQN",
        value: snn.similarity === null ? "–" : `${snn.similarity.toFixed(1)} %`,
        note: snn.similarityCi95 ? interval(snn.similarityCi95) : undefined,
        tone: "snn",
      },
      {
        label: "time at the left wall, SNN",
        value: `${(100 * snn.behaviour.atLeftWall).toFixed(0)} %`,
        note: `entropy of actions ${snn.behaviour.actionEntropy.toFixed(2)} of 2 bits`,
        tone: "snn",
      },
    ]),
  ];
}

/** What Breakout's table has besides the others' columns. */
export const scoreColumns: readonly Column<Row>[] = [
  { heading: "95 %", cell: ({ ours }) => ours?.ci95.map((end) => end.toFixed(1)).join(" to ") },
  {
    heading: "spikes per decision",
    numeric: true,
    cell: ({ ours }) => ours?.spikesPerDecision && Math.round(ours.spikesPerDecision).toLocaleString("en"),
  },
];

export function filmSection(film: NonNullable<Shown["film"]>, png: Uint8Array): Html {
  const alt = `Animation: Breakout, played by the spiking network for ${film.frames} decisions, ${film.points} points.`;
  return section(
    "film",
    "The spiking network plays",
    html`<figure>
      <img
        src="data:image/png;base64,${Buffer.from(png).toString("base64")}"
        alt="${alt}"
        width="${film.width}"
        height="${film.height}"
        style="width:100%;height:auto;image-rendering:pixelated"
      />
      <figcaption>
        ${film.frames} decisions in a row, ${film.points} points. Left, the console's screen. Right, every spiking
        neuron during the decision taken there: the brighter, the more spikes; convolutions channel by channel, layers
        from top to bottom, and the values of the four actions (none, FIRE, right, left), the chosen one in orange.
      </figcaption>
    </figure>`,
  );
}

export function behaviourSection(players: readonly Played[]): Html {
  const percent = (share: number): string => (100 * share).toFixed(1);
  const shown: [string, Line["colour"], string][] = [
    [DQN, "dqn", "DQN"],
    [SNN, "snn", "SNN"],
    ["go left and stay", "alarm", "left"],
    ["random", "muted", "random"],
  ];
  const lines = shown.flatMap(([name, colour, label]): Line[] => {
    const paddle = players.find((player) => player.name === name)?.behaviour.paddle;
    if (!paddle) return [];
    return [{ name: label, colour, points: paddle.map((share, i) => [(i + 0.5) / paddle.length, 100 * share]) }];
  });
  const column = (heading: string, of: (behaviour: Behaviour) => string): Column<Played> => ({
    heading,
    numeric: true,
    cell: (player) => of(player.behaviour),
  });
  return section(
    "behaviour",
    "Not “go left and stay”",
    paragraph(
      "The thesis's networks learned to drive the paddle to the left wall and leave it there, which catches the first few balls. A policy that does so has hardly any entropy in its actions, and all of its time in the leftmost part.",
    ),
    table(
      "Over all steps of the games above: entropies in bits (of the actions at most 2, of the paddle's positions at most 4), shares in %",
      [
        { heading: "", cell: (player) => player.name },
        column("actions", (p) => p.actionEntropy.toFixed(2)),
        column("paddle", (p) => p.paddleEntropy.toFixed(2)),
        column("at left wall", (p) => percent(p.atLeftWall)),
        ...Object.keys(players[0].behaviour.actions).map((action) => column(action, (p) => percent(p.actions[action]))),
      ],
      players,
    ),
    plotFigure(
      (width) => linePlot({ lines, x: "paddle, from the left wall (0) to the right (1)", y: "% of steps" }, width),
      "Where the paddle is, from the console's memory, in 16 bins.",
    ),
  );
}

export function occlusionSection({ rows, maxFrames, dqn, snn }: NonNullable<Shown["occlusion"]>): Html {
  const kept = (own: readonly Occluded[], i: number): string =>
    `${((100 * own[i].mean) / Math.max(1e-9, own[0].mean)).toFixed(0)} %`;
  const points = (own: readonly Occluded[]): Line["points"] =>
    own.flatMap(({ top, mean }) => (top === null ? [] : [[top, mean] as const]));
  const level = (own: readonly Occluded[]): Line["points"] =>
    [points(own)[0][0], points(own).at(-1)![0]].map((x) => [x, own[0].mean] as const);
  const cell = ({ mean, ci95 }: Occluded): string =>
    `${mean.toFixed(1)} (${ci95[0].toFixed(1)} to ${ci95[1].toFixed(1)})`;
  const players = [
    { name: "DQN", colour: "dqn", own: dqn },
    { name: "SNN", colour: "snn", own: snn },
  ] as const;
  const lines: Line[] = [
    ...players.map(({ name, colour, own }) => ({ name, colour, points: points(own) })),
    ...players.map(({ name, colour, own }) => ({ name: `${name}, no bar`, colour, points: level(own), dashed: true })),
  ];
  return section(
    "occlusion",
    "A bar over the screen",
    paragraph(
      `As in Patel et al. 2019, ${rows} rows of the picture are covered (black) all the time, and both networks play on; each place ${dqn[0].episodes} games of at most ${(maxFrames / 60).toFixed(0)} seconds.`,
    ),
    plotFigure(
      (width) => linePlot({ lines, x: "uppermost covered row (of 84)", y: "score" }, width),
      "Mean score against the place of the bar; dashed, without one. The bricks lie in rows 23 to 37, the paddle in rows 75 to 77.",
    ),
    table(
      "Mean score and its 95 % interval, and what is kept of the score without a bar",
      [
        { heading: "row", cell: (i: number) => (dqn[i].top === null ? "no bar" : String(dqn[i].top)) },
        ...players.flatMap(({ name, own }): Column<number>[] => [
          { heading: name, cell: (i) => cell(own[i]) },
          { heading: "kept", numeric: true, cell: (i) => kept(own, i) },
        ]),
      ],
      [...dqn.keys()],
    ),
  );
}
