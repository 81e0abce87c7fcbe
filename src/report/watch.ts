import type { RunView } from "../learning/runs/watch.ts";
import { html } from "./html/html.ts";
import { renderPage } from "./html/page.ts";
import { keyFigures, paragraph, plotFigure, section, untitled } from "./html/parts.ts";
import { learningCurve } from "./plots/learning-curve.ts";

const RUNNING = { running: "under way", stopped: "stopped before its end", finished: "finished" } as const;

/** How far a run is, as a page; while it goes on a browser takes the page anew every `seconds`. */
export function renderWatch({ run, episodes, evaluations, points }: RunView, seconds: number): string {
  const last = episodes.at(-1);
  const evaluated = evaluations.at(-1);
  const point = points.at(-1);
  const fixed = (value: number | undefined, digits = 1): string => value?.toFixed(digits) ?? "–";
  const what = `${run.method ?? "A run"} in ${run.env ?? "an environment"}`;
  const returns = episodes.map((entry) => entry.return);
  return renderPage({
    title: `${what}: ${RUNNING[run.state]}`,
    kicker: html`dsqn watch · ${run.path} · seed ${run.seed ?? "?"} ·
      <time datetime="${run.changedAt}">${run.changedAt.slice(0, 19).replace("T", " ")} UTC</time>`,
    lead: last
      ? `${last.episode} episodes, ${last.environmentSteps} steps: the mean of the last ${Math.min(100, returns.length)} is ${fixed(last.mean100)}.`
      : point
        ? `${point.iteration} batches: ${(100 * point.validationAccuracy).toFixed(2)} % of the held-back states decided alike.`
        : "Nothing has been finished yet.",
    sections: [
      untitled(
        "now",
        "How far it is",
        keyFigures([
          { label: "Episodes", value: String(last?.episode ?? 0), note: `${last?.environmentSteps ?? 0} steps` },
          { label: "Mean of 100", value: fixed(last?.mean100), note: `the last: ${fixed(last?.return)}`, tone: "dqn" },
          {
            label: "Greedy",
            value: fixed(evaluated?.mean),
            note: evaluated ? `${evaluated.episodes} episodes at episode ${evaluated.episode}` : "not evaluated yet",
            tone: "snn",
          },
          { label: "Final score", value: run.mean === null ? "–" : fixed(run.mean), note: RUNNING[run.state] },
        ]),
      ),
      ...(returns.length > 0
        ? [
            section(
              "curve",
              "Learning curve",
              plotFigure(
                (width) => learningCurve({ returns, evaluations }, width),
                "Return of each episode, their mean over the last 100, and greedy evaluations (diamonds).",
              ),
            ),
          ]
        : []),
      section("next", "What now", paragraph(next(run))),
    ],
    ...(run.state === "running" && { refreshSeconds: seconds }),
  });
}

function next({ state, path }: RunView["run"]) {
  if (state === "running") return "This page takes itself anew for as long as the run goes on.";
  if (state === "stopped") return html`Go on with it: <code>dsqn train --resume ${path}</code>`;
  return html`Its network: <code>dsqn evaluate ${path}/best.safetensors --env ...</code>`;
}
