export { fastEngine } from "./engine.ts";
export { layerActivations } from "./activations.ts";
