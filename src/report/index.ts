/** dsqn/report: plots as SVG, and pages that need nothing else. Apart from the rest, so that only those who plot load a plotting library. */
export { html, raw, type Content, type Html } from "./html/html.ts";
export { renderPage, type Page } from "./html/page.ts";
export * from "./html/parts.ts";
export { learningCurve, type LearningCurve } from "./plots/learning-curve.ts";
export { linePlot, type Line, type Lines } from "./plots/lines.ts";
export { membraneTraces, type Trace } from "./plots/membranes.ts";
export { policyMap, type PolicyMap } from "./plots/policy-map.ts";
export { actionMargins, qValueScatter, type QValues } from "./plots/q-values.ts";
export { spikeRaster, type Raster } from "./plots/raster.ts";
export { scoreBars, type Score } from "./plots/scores.ts";
export { scoreSweep, similaritySweep, type SweepPoint } from "./plots/sweep.ts";
export { encodeApng } from "./images/apng.ts";
export { encodePng } from "./images/png.ts";
export { cartPoleAnimation, cartPoleStill, type CartPoleEpisode } from "./images/cartpole.ts";
export { mountainCarAnimation, type MountainCarEpisode } from "./images/mountaincar.ts";
export { plotSvg, type Drawing } from "./svg/plot.ts";
export { colours, standalone, themeCss, type Colour, type Scheme } from "./theme.ts";
export {
  cartPoleFigures,
  renderCartPoleReport,
  type CartPoleReport,
  type CartPoleSummary,
  type Estimate,
} from "./cartpole.ts";
export { renderCertificatePage, type CertificatePage } from "./certificate.ts";
