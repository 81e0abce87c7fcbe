/** dsqn: Deep Spiking Q-Networks. This file re-exports, and does nothing else. */
export { DsqnError, UsageError, type DsqnErrorOptions } from "./errors.ts";
export { Random, type RandomState } from "./random.ts";
export type { OnProgress, Progress } from "./progress.ts";
export {
  architectures,
  createConvolutionalNetwork,
  layerInput,
  layerOutput,
  type BatchNormLayer,
  type ConvolutionalLayer,
  type ConvolutionalNetwork,
  type ConvolutionLayer,
  type FlatLayer,
  type LayerSpec,
  type PoolingLayer,
} from "./ann/convolutional/network.ts";
export { convolution, type Convolution, type ConvolutionOptions, type ImageShape } from "./ann/convolution.ts";
export { validateConvolutional } from "./ann/convolutional/validate.ts";
export { convolutionalRunner, type ConvolutionalRunner } from "./ann/convolutional/fast.ts";
export { valuesOf, type Values } from "./ann/values.ts";
export { createDenseNetwork, shapeOf, type DenseLayer, type DenseNetwork } from "./ann/network.ts";
export {
  createSpikingNetwork,
  observationSize,
  spikingNetwork,
  type Decoding,
  type Encoding,
  type Reset,
  type SpikingLayer,
  type SpikingNetwork,
  type SpikingOptions,
  type TieRule,
} from "./snn/network.ts";
export { denseEquivalent } from "./snn/synapses.ts";
export { argmax } from "./snn/decide.ts";
export type { RunOptions, RunResult, SpikeEvents, SpikingEngine, Work } from "./snn/engine.ts";
export { policyOf, type Judgement, type Policy, type PolicyOptions, type PolicyWork } from "./agents/policy.ts";
export type { Environments, EnvironmentsStep, MakeEnvironments } from "./agents/environments.ts";
export { withGymnasium, type GymnasiumSpec } from "./agents/gymnasium.ts";
export {
  makeAtari,
  withAtari,
  type AtariEnvironments,
  type AtariEnvironmentsStep,
  type MakeAtariOptions,
} from "./agents/atari.ts";
export { evaluate, type EvaluateOptions, type Evaluation, type Regret } from "./agents/evaluate.ts";
export { collectReplay, collectStates, type CollectOptions } from "./agents/collect.ts";
export { dqnSchema, type DqnConfig, type DqnConfigInput } from "./agents/dqn/config.ts";
export { trainDqn, type DqnResult, type TrainDqnOptions } from "./agents/dqn/train.ts";
export type { EpisodeEntry, EvaluationEntry, Snapshot } from "./agents/dqn/state.ts";
export { convDqnSchema, type ConvDqnConfig, type ConvDqnConfigInput } from "./agents/pixels/config.ts";
export type { MakePixelEnvironments, PixelEnvironments, PixelStep } from "./agents/pixels/environments.ts";
export { FrameMemory, type FrameBatch, type FrameMemoryOptions } from "./agents/pixels/memory.ts";
export { playEpisodes, type PixelValues } from "./agents/pixels/play.ts";
export type { PixelEpisode, PixelEvaluation, PixelSnapshot } from "./agents/pixels/state.ts";
export { trainConvDqn, type ConvDqnResult, type TrainConvDqnOptions } from "./agents/pixels/train.ts";
export {
  createConvolutionalLearner,
  type ConvolutionalLearner,
  type LearnerOptions,
  type LearnerState,
  type PixelBatch,
} from "./ann/convolutional/learner.ts";
export { runSeeds, runTraining, type RunOptions as TrainingOptions, type SeedsSummary } from "./agents/run/run.ts";
export type { TrainSummary } from "./agents/run/method.ts";
export { loadConfig, presets } from "./presets/index.ts";
export type { LayerMapping, Mapping, SimulationResult, Simulator } from "./simulators/simulator.ts";
export * from "./bridge/index.ts";
export * from "./envs/index.ts";
export { referenceEngine, referenceEngine32 } from "./snn/reference/index.ts";
export { createState, type NetworkState } from "./snn/state.ts";
export { validateNetwork } from "./snn/validate.ts";
export {
  referenceGradients,
  type GradientOptions,
  type GradientResult,
  type LayerGradients,
} from "./snn/reference/gradients.ts";
export { importNetwork, type Imported, type ImportOptions } from "./formats/import.ts";
export { exporter, exportFormats, type Exporter } from "./formats/export.ts";
export { loadReplay, saveReplay, type Replay } from "./formats/replay.ts";
export { checkNetwork, loadModel, saveModel, type Model, type Network, type StorageOptions } from "./formats/model.ts";
export { loadDenseNetwork, loadSpikingNetwork } from "./formats/load.ts";
export type { ModelCard } from "./formats/card.ts";
export {
  balancedConversion,
  balancedConvolution,
  convert,
  originalConversion,
  type Conversion,
  type ConversionOptions,
} from "./conversion/convert.ts";
export { sweep, type Sweep, type SweepOptions, type SweepRow } from "./conversion/sweep.ts";
export {
  calibrateExit,
  decideEarly,
  earlyExitPolicy,
  outputTrajectory,
  type ExitDecisions,
  type ExitRule,
} from "./conversion/early-exit.ts";
export { fineTune, type FineTuned, type FineTuneOptions } from "./conversion/fine-tune.ts";
export { layerScales, type Normalisation, type ScaleOptions } from "./conversion/scales.ts";
export { imitate, type ImitateOptions, type ImitationResult } from "./agents/imitation.ts";
export type { ImitationSnapshot } from "./agents/imitation-state.ts";
export { imitationSchema, type ImitationConfig, type ImitationConfigInput } from "./agents/imitation-config.ts";
export { reinforce, type ReinforceOptions, type ReinforceResult } from "./agents/reinforce.ts";
export type { ReinforceSnapshot } from "./agents/reinforce-state.ts";
export { reinforceSchema, type ReinforceConfig, type ReinforceConfigInput } from "./agents/reinforce-config.ts";
export {
  reproduce,
  type ReproduceOptions,
  type Reproduction,
  type Row as ReproductionRow,
} from "./reproduce/reproduce.ts";
export {
  reproduceBreakout,
  type BreakoutMeasured,
  type BreakoutReproduction,
  type BreakoutResultRow,
  type ReproduceBreakoutOptions,
} from "./reproduce/breakout/reproduce.ts";
export { fastEngine } from "./snn/fast/engine.ts";
export { createDecider, type Decider } from "./snn/fast/decider.ts";
export { createTrainable, openTrainable, type TrainableOptions } from "./ann/create.ts";
export { adam, clipNorm, clipValues, rmsprop, sgd, type Optimizer, type OptimizerState } from "./optimizers/index.ts";
export {
  certifyNetworks,
  type Certificate,
  type CertifyOptions,
  type Exhibit,
  type Subject,
} from "./simulators/certificate.ts";
export { openSimulator, type OpenOptions } from "./simulators/open.ts";
export { simulatorPolicy, type SimulatorPolicy } from "./simulators/policy.ts";
export { compareRuns, type Comparison, type FirstMismatch } from "./simulators/compare.ts";
export { randomNetwork, randomStates, type FuzzOptions } from "./simulators/fuzz.ts";
export { placeNetwork, placeNetworks, type BoardMap, type PlaceOptions } from "./simulators/spinnaker/place.ts";
export { boardPicture } from "./simulators/spinnaker/picture.ts";
export { denseForward } from "./ann/dense-forward.ts";
export { surrogate, type SurrogateName, type SurrogateOptions } from "./snn/surrogate.ts";
export { ensurePython, type Extra, type PythonEnvironment } from "./python/environment.ts";
