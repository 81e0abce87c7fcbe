import * as Plot from "@observablehq/plot";
import { free, grid, plotSvg } from "../svg/plot.ts";
import { ink } from "../theme.ts";

/** Values of the same states under a dense and a spiking network. */
export interface QValues {
  /** [states, actions] of the DQN. */
  readonly dqn: ArrayLike<number>;
  /** [states, actions] of the spiking network, in any unit. */
  readonly snn: ArrayLike<number>;
  readonly actions: number;
  readonly actionNames?: readonly string[];
  /** What the values are, on the axes. */
  readonly dqnLabel?: string;
  readonly snnLabel?: string;
}

const PALETTE = [ink("dqn"), ink("snn"), ink("nest"), ink("muted")];

/** Each state and action as a dot: the DQN's value to the right, the spiking network's up. One line would be a perfect conversion. */
export function qValueScatter(
  { dqn, snn, actions, actionNames, dqnLabel = "Q-value of the DQN", snnLabel = "read from the SNN" }: QValues,
  width?: number,
): string {
  const points = Array.from({ length: dqn.length }, (_, i) => ({
    dqn: dqn[i],
    snn: snn[i],
    action: actionNames?.[i % actions] ?? `action ${i % actions}`,
  }));
  const r = correlation(dqn, snn);
  return plotSvg({
    alt: `Q-values of the DQN against ${snnLabel} for ${dqn.length / actions} states: correlation ${r.toFixed(4)}.`,
    width,
    height: 320,
    x: { label: dqnLabel, labelArrow: "none", tickSize: 0, ticks: 5, nice: true },
    y: { label: snnLabel, labelArrow: "none", tickSize: 0, ticks: 5, nice: true },
    color: { domain: [...new Set(points.map((p) => p.action))], range: PALETTE },
    marks: [
      grid(),
      Plot.dot(points, { x: "dqn", y: "snn", stroke: "action", r: 2.2, strokeOpacity: 0.75 }),
      Plot.text([`r = ${r.toFixed(4)}`], { frameAnchor: "bottom-right", dx: -4, dy: -8, fill: ink("muted") }),
    ],
  });
}

/**
 * The margin by which each state prefers action 1 to action 0, DQN against SNN. Where both agree on the action the dot lies in one
 * of the two shaded quadrants; the others decide differently.
 */
export function actionMargins({ dqn, snn, actions, actionNames }: QValues, width?: number): string {
  const margins = Array.from({ length: dqn.length / actions }, (_, s) => {
    const at = (values: ArrayLike<number>): number => values[s * actions + 1] - values[s * actions];
    return { dqn: at(dqn), snn: at(snn) };
  });
  const agrees = (m: { dqn: number; snn: number }): boolean => m.dqn > 0 === m.snn > 0;
  const bound = (of: (m: { dqn: number; snn: number }) => number): number =>
    1.05 * Math.max(1e-9, ...margins.map((m) => Math.abs(of(m))));
  const [bx, by] = [bound((m) => m.dqn), bound((m) => m.snn)];
  const disagreeing = margins.filter((m) => !agrees(m)).length;
  const [zero, one] = [actionNames?.[0] ?? "action 0", actionNames?.[1] ?? "action 1"];
  return plotSvg({
    alt: `Margin between the two actions, DQN against SNN: they choose differently in ${disagreeing} of ${margins.length} states.`,
    width,
    height: 320,
    x: { label: `DQN: Q(${one}) \u2212 Q(${zero})`, labelArrow: "none", domain: [-bx, bx], tickSize: 0, ticks: 5 },
    y: { label: `SNN: V(${one}) \u2212 V(${zero})`, labelArrow: "none", domain: [-by, by], tickSize: 0, ticks: 5 },
    marks: [
      free(({ x, y }, create) => {
        const path = create("path");
        const quadrant = (sx: number, sy: number): string => `M${x(0)} ${y(0)}H${x(sx * bx)}V${y(sy * by)}H${x(0)}Z`;
        path.setAttribute("d", quadrant(1, 1) + quadrant(-1, -1));
        path.setAttribute("style", `fill:${ink("panel")}`);
        return path;
      }),
      Plot.ruleX([0], { stroke: ink("muted") }),
      Plot.ruleY([0], { stroke: ink("muted") }),
      Plot.dot(margins.filter(agrees), { x: "dqn", y: "snn", r: 2.2, stroke: ink("snn"), strokeOpacity: 0.8 }),
      Plot.dot(
        margins.filter((m) => !agrees(m)),
        { x: "dqn", y: "snn", r: 3, fill: ink("alarm"), symbol: "times", stroke: ink("alarm") },
      ),
      Plot.text([`both ${one}`], { frameAnchor: "top-right", dx: -6, dy: 8, fill: ink("muted") }),
      Plot.text([`both ${zero}`], { frameAnchor: "bottom-left", dx: 6, dy: -8, fill: ink("muted") }),
    ],
  });
}

function correlation(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const n = a.length;
  const mean = (v: ArrayLike<number>): number => Array.from(v).reduce((sum, x) => sum + x, 0) / n;
  const [ma, mb] = [mean(a), mean(b)];
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < n; i++) {
    ab += (a[i] - ma) * (b[i] - mb);
    aa += (a[i] - ma) ** 2;
    bb += (b[i] - mb) ** 2;
  }
  return ab / Math.sqrt(aa * bb);
}
