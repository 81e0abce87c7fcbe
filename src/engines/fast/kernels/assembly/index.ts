export { adam, clamp } from "./optimise";
export { runAlone, runShared, serve } from "./jobs";
export { gather, pad, spread, transpose, unpad } from "./parameters";
export { runSingle, runDouble } from "./run";
export { multiply } from "./matrix";
