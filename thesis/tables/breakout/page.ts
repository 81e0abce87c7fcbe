import { html, type Html } from "../../../src/report/html/html.ts";
import { renderPage } from "../../../src/report/html/page.ts";
import { keyFigures, paragraph, plotFigure, section, table } from "../../../src/report/html/parts.ts";
import { type Line, linePlot } from "../../../src/report/plots/lines.ts";
import { measured, reported, unbroken } from "../render.ts";
import type { Behaviour } from "./behaviour.ts";
import type { Occluded } from "./occlusion.ts";
import type { BreakoutReproduction, BreakoutResultRow } from "./reproduce.ts";

/** The whole reproduction as a page that needs nothing else. `film`: the animated PNG. */
export function renderBreakout(reproduction: BreakoutReproduction, film: Buffer | null, now = new Date()): string {
  const { rows, occlusion, quick, environment } = reproduction;
  const find = (name: string): BreakoutResultRow | undefined => rows.find((row) => row.name === name);
  const dqn = find("convolutional DQN")?.ours;
  const snn = find("convolutional DQN, converted, T = 100")?.ours;
  return renderPage({
    title: "Breakout: the thesis's figures, and a spiking network that plays",
    kicker: `dsqn reproduce breakout${quick ? " --quick" : ""}, ${now.toISOString().slice(0, 10)}`,
    lead:
      dqn && snn
        ? `In ${environment} the DQN scores ${dqn.mean.toFixed(1)}, its conversion to spikes ${snn.mean.toFixed(1)}; the thesis's networks stayed at the left wall with about 10.`
        : `In ${environment}; rows without a network of ours are missing.`,
    sections: [
      dqn && snn ? atAGlance(dqn, snn) : null,
      scores(rows),
      film && reproduction.film ? moving(reproduction.film, film) : null,
      behaviour(rows),
      occlusion && covered(occlusion),
    ].filter((part): part is Html => part !== null),
  });
}

type Ours = NonNullable<BreakoutResultRow["ours"]>;

function atAGlance(dqn: Ours, snn: Ours): Html {
  const interval = ([low, high]: readonly [number, number]): string => `95 %: ${low.toFixed(1)} to ${high.toFixed(1)}`;
  return section(
    "summary",
    "At a glance",
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
  );
}

function scores(rows: readonly BreakoutResultRow[]): Html {
  const reasons = rows.filter((row) => row.reason !== null);
  return section(
    "scores",
    "Scores",
    table(
      "Mean and standard deviation over games; similarity: equal actions on the states that the spiking network visits.",
      [
        { heading: "", cell: (row) => row.name },
        { heading: "thesis", cell: (row) => unbroken(reported(row.thesis)) },
        { heading: "ours", cell: (row) => unbroken(measured(row.ours)) },
        {
          heading: "95 %",
          cell: (row) => (row.ours ? `${row.ours.ci95[0].toFixed(1)} to ${row.ours.ci95[1].toFixed(1)}` : ""),
        },
        {
          heading: "spikes per decision",
          numeric: true,
          cell: (row) =>
            row.ours?.spikesPerDecision ? Math.round(row.ours.spikesPerDecision).toLocaleString("en") : "",
        },
        { heading: "", cell: (row) => row.verdict ?? "" },
      ],
      rows,
    ),
    ...reasons.map((row) => paragraph(`${row.name}: ${row.reason}.`)),
  );
}

function moving(film: NonNullable<BreakoutReproduction["film"]>, png: Buffer): Html {
  const alt = `Animation: Breakout, played by the spiking network for ${film.frames} decisions, ${film.points} points.`;
  return section(
    "film",
    "The spiking network plays",
    html`<figure>
      <img
        src="data:image/png;base64,${png.toString("base64")}"
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

function behaviour(rows: readonly BreakoutResultRow[]): Html {
  const players = rows.flatMap(({ name, ours }) => (ours ? [{ name, ...ours.behaviour }] : []));
  const percent = (share: number): string => (100 * share).toFixed(1);
  const shown: [string, Line["colour"], string][] = [
    ["convolutional DQN", "dqn", "DQN"],
    ["convolutional DQN, converted, T = 100", "snn", "SNN"],
    ["go left and stay", "alarm", "left"],
    ["random", "muted", "random"],
  ];
  const lines = shown.flatMap(([name, colour, label]): Line[] => {
    const player = players.find((p) => p.name === name);
    if (!player) return [];
    const bins = player.paddle.length;
    return [{ name: label, colour, points: player.paddle.map((share, i) => [(i + 0.5) / bins, 100 * share]) }];
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
        { heading: "", cell: (p: Behaviour & { name: string }) => p.name },
        { heading: "actions", numeric: true, cell: (p) => p.actionEntropy.toFixed(2) },
        { heading: "paddle", numeric: true, cell: (p) => p.paddleEntropy.toFixed(2) },
        { heading: "at left wall", numeric: true, cell: (p) => percent(p.atLeftWall) },
        ...Object.keys(players[0]?.actions ?? {}).map((action) => ({
          heading: action,
          numeric: true,
          cell: (p: Behaviour) => percent(p.actions[action]),
        })),
      ],
      players,
    ),
    plotFigure(
      (width) => linePlot({ lines, x: "paddle, from the left wall (0) to the right (1)", y: "% of steps" }, width),
      "Where the paddle is, from the console's memory, in 16 bins.",
    ),
  );
}

function covered({ rows, maxFrames, dqn, snn }: NonNullable<BreakoutReproduction["occlusion"]>): Html {
  const kept = (own: readonly Occluded[], i: number): number => (100 * own[i].mean) / Math.max(1e-9, own[0].mean);
  const points = (own: readonly Occluded[]): Line["points"] =>
    own.flatMap(({ top, mean }) => (top === null ? [] : [[top, mean] as const]));
  const level = (own: readonly Occluded[]): Line["points"] =>
    [points(own)[0][0], points(own).at(-1)![0]].map((x) => [x, own[0].mean] as const);
  const cell = ({ mean, ci95 }: Occluded): string =>
    `${mean.toFixed(1)} (${ci95[0].toFixed(1)} to ${ci95[1].toFixed(1)})`;
  return section(
    "occlusion",
    "A bar over the screen",
    paragraph(
      `As in Patel et al. 2019, ${rows} rows of the picture are covered (black) all the time, and both networks play on; each place ${dqn[0].episodes} games of at most ${(maxFrames / 60).toFixed(0)} seconds.`,
    ),
    plotFigure(
      (width) =>
        linePlot(
          {
            lines: [
              { name: "DQN", colour: "dqn", points: points(dqn) },
              { name: "SNN", colour: "snn", points: points(snn) },
              { name: "DQN, no bar", colour: "dqn", points: level(dqn), dashed: true },
              { name: "SNN, no bar", colour: "snn", points: level(snn), dashed: true },
            ],
            x: "uppermost covered row (of 84)",
            y: "score",
          },
          width,
        ),
      "Mean score against the place of the bar; dashed, without one. The bricks lie in rows 23 to 37, the paddle in rows 75 to 77.",
    ),
    table(
      "Mean score and its 95 % interval, and what is kept of the score without a bar",
      [
        { heading: "row", cell: (i: number) => (dqn[i].top === null ? "no bar" : String(dqn[i].top)) },
        { heading: "DQN", cell: (i) => cell(dqn[i]) },
        { heading: "kept", numeric: true, cell: (i) => `${kept(dqn, i).toFixed(0)} %` },
        { heading: "SNN", cell: (i) => cell(snn[i]) },
        { heading: "kept", numeric: true, cell: (i) => `${kept(snn, i).toFixed(0)} %` },
      ],
      dqn.map((_, i) => i),
    ),
  );
}
