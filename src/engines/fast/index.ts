export { fastEngine } from "./engine.ts";
export { createDecider, type Decider } from "./decider.ts";
