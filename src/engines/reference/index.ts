export { referenceEngine, referenceEngine32 } from "./engine.ts";
export { referenceGradients, type GradientOptions, type GradientResult, type LayerGradients } from "./gradients.ts";
export { referenceActivations } from "./values.ts";
