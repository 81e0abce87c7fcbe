export { referenceEngine, referenceEngine32 } from "./engine.ts";
