export type { Action } from "./action.ts";
export { openAtari, type AtariFrames, type AtariGames, type AtariOptions, type AtariStep } from "./atari.ts";
export { ATARI_PREPROCESSINGS, ATARI_WORLDS, type AtariPreprocessing, type AtariWorld } from "./atari-names.ts";
export { isAtariId } from "./atari-id.ts";
export { makeEnvironment, type Environment, type Step } from "./environment.ts";
export type { Frame, Info, MakeOptions, Wrapper } from "./gymnasium.ts";
export { FrameStack } from "./frame-stack.ts";
export { flatSize, type Observation } from "./observation.ts";
export { describeSpace, type Space } from "./space.ts";
export {
  makeVectorEnvironment,
  type Autoreset,
  type VectorEnvironment,
  type VectorOptions,
  type VectorStep,
} from "./vector-environment.ts";
