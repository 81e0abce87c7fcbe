import type { EpisodeEntry, EvaluationEntry } from "../../index.ts";
import { drawChart } from "../common/chart.ts";
import { count } from "../common/dom.ts";

/** Points that a chart draws of a curve at most. */
const POINTS = 900;

export function drawCurve(
  host: Element,
  curve: readonly EpisodeEntry[],
  evaluations: readonly EvaluationEntry[],
): void {
  const last = curve.at(-1);
  const end = Math.max(4000, last?.environmentSteps ?? 0, evaluations.at(-1)?.environmentSteps ?? 0);
  const shown = thinned(curve);
  drawChart(host, {
    label: last
      ? `Learning curve: ${count(last.episode)} episodes in ${count(last.environmentSteps)} steps, the mean of the last 100 is ${last.mean100.toFixed(0)}${evaluations.length > 0 ? `, greedy episodes ${evaluations.map(({ mean }) => mean.toFixed(0)).join(", ")}` : ""}.`
      : "Learning curve, still empty.",
    x: { name: "steps of the cart", domain: [0, end] },
    y: { name: "return", domain: [0, 500] },
    lines: [
      {
        points: shown.map((e) => [e.environmentSteps, e.return]),
        colour: "var(--muted)",
        dots: true,
        width: 1.5,
        opacity: 0.55,
      },
      { points: shown.map((e) => [e.environmentSteps, e.mean100]), colour: "var(--snn)", width: 2.5 },
      { points: evaluations.map((e) => [e.environmentSteps, e.mean]), colour: "var(--nest)", width: 2.5 },
      { points: evaluations.map((e) => [e.environmentSteps, e.mean]), colour: "var(--nest)", width: 3.5, dots: true },
    ],
    height: 260,
  });
}

/** Every so many episodes, the last one always. */
function thinned(curve: readonly EpisodeEntry[]): EpisodeEntry[] {
  const step = Math.max(1, Math.ceil(curve.length / POINTS));
  return curve.filter((_, k) => (curve.length - 1 - k) % step === 0);
}
