import { cartPoleAnimation } from "../images/cartpole.ts";
import { learningCurve } from "../plots/learning-curve.ts";
import { spikeRaster } from "../plots/raster.ts";
import { stack } from "../svg/stack.ts";
import { standalone } from "../theme.ts";
import { judgeOf, type CartPoleReport } from "./facts.ts";

/** Pictures of a run as SVG files, light or dark as the reader prefers: the agents acting, the raster, the learning curve, an overview. */
export function cartPoleFigures({
  summary,
  training: t,
  episodes,
  decision: d,
}: CartPoleReport): Readonly<Record<string, string>> {
  const judge = judgeOf(summary.certificate);
  const agent = cartPoleAnimation(episodes);
  const raster = spikeRaster({ ours: d.ours, theirs: d.theirs, simulator: judge, steps: d.steps, showNeurons: 14 });
  const overview = stack(
    [cartPoleAnimation(episodes.slice(-1)), raster],
    `A spiking network balances the pole of CartPole; below, its spikes in one decision, and around each the spike of ${judge}.`,
  );
  return {
    "agent": standalone(agent),
    "raster": standalone(spikeRaster({ ours: d.ours, theirs: d.theirs, simulator: judge, steps: d.steps })),
    "learning-curve": standalone(learningCurve(t)),
    "overview": standalone(overview),
  };
}
