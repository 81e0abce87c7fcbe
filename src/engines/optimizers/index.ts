export type { Optimizer, OptimizerState } from "./optimizer.ts";
export { adam, type AdamOptions } from "./adam.ts";
export { rmsprop, type RmspropOptions } from "./rmsprop.ts";
export { sgd, type SgdOptions } from "./sgd.ts";
export { clipNorm, clipValues } from "./clip.ts";
