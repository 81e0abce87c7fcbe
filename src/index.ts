/** dsqn: Deep Spiking Q-Networks. This file re-exports, and does nothing else. */
export { DsqnError, UsageError, type DsqnErrorOptions } from "./errors.ts";
export { Random, type RandomState } from "./numeric/random.ts";
export type { OnProgress, Progress } from "./progress.ts";
export { convolution, type Convolution, type ConvolutionOptions, type ImageShape } from "./network/convolution.ts";
export {
  linear,
  relu,
  inputsOf,
  outputsOf,
  type Activation,
  type ConvolutionSynapses,
  type DenseSynapses,
  type Layer,
  type Pooling,
  type SpikingLayer,
  type Synapses,
} from "./network/layer.ts";
export {
  actionsOf,
  isSpiking,
  kindOf,
  observationSize,
  shapeOf,
  type Coding,
  type Decoding,
  type Encoding,
  type Network,
  type NetworkKind,
  type Shape,
  type SpikingNetwork,
  type TieRule,
} from "./network/network.ts";
export {
  architectures,
  createDenseNetwork,
  createNetwork,
  createSpikingNetwork,
  spikingNetwork,
  type LayerSpec,
  type SpikingOptions,
} from "./network/create.ts";
export {
  neuron,
  neuronModels,
  type LaggedLif,
  type Lif,
  type Neuron,
  type NeuronKind,
  type NeuronModel,
} from "./network/neurons/index.ts";
export { denseEquivalent } from "./network/synapses.ts";
export { argmax } from "./network/decide.ts";
export type {
  Engine,
  Loaded,
  LoadedHere,
  LocalEngine,
  RunOptions,
  RunResult,
  SpikeEvents,
  Work,
} from "./network/engine.ts";
export type { LayerMapping, Mapping } from "./network/mapping.ts";
export { policyOf, type Decisions, type Policy, type PolicyOptions, type PolicyWork } from "./learning/policy.ts";
export type { Environments, EnvironmentsStep, MakeEnvironments } from "./environments/worlds.ts";
export { withGymnasium, type GymnasiumSpec } from "./environments/gymnasium-worlds.ts";
export {
  makeAtari,
  withAtari,
  type AtariEnvironments,
  type AtariEnvironmentsStep,
  type MakeAtariOptions,
} from "./environments/atari-worlds.ts";
export { evaluate, type EvaluateOptions, type Evaluation, type Regret } from "./learning/evaluate.ts";
export { collectReplay, collectStates, type CollectOptions } from "./learning/collect.ts";
export {
  convDqnSchema,
  dqnSchema,
  type ConvDqnConfig,
  type ConvDqnConfigInput,
  type DqnConfig,
  type DqnConfigInput,
} from "./learning/algorithms/dqn-config.ts";
export { ppo, reinforce, trainDqn, type LoopAlgorithm, type TrainOptions } from "./learning/algorithms/index.ts";
export { createDqn } from "./learning/algorithms/dqn-frames.ts";
export { createReinforce } from "./learning/algorithms/reinforce.ts";
export { createPpo } from "./learning/algorithms/ppo.ts";
export type { Algorithm, AlgorithmOptions, Outcome, Shown, Weights } from "./learning/algorithm.ts";
export { train, type Trained, type TrainHooks, type TrainingPlan } from "./learning/train.ts";
export type { EpisodeEntry, EvaluationEntry } from "./learning/learning-curve.ts";
export type { Snapshot } from "./learning/snapshot.ts";
export type { MakePixelEnvironments, PixelEnvironments, PixelStep } from "./environments/worlds.ts";
export { FrameMemory, type FrameBatch, type FrameMemoryOptions } from "./learning/replay/frame-memory.ts";
export type { Batch, Replay as ReplayMemory } from "./learning/replay/replay.ts";
export type { QLearner, QLearnerOptions, QLearnerState } from "./learning/q-learner/q-learner.ts";
export { flatLearner } from "./learning/q-learner/flat.ts";
export { tensorflowQLearner } from "./learning/q-learner/tensorflow.ts";
export { runSeeds, runTraining, type RunOptions as TrainingOptions, type SeedsSummary } from "./learning/runs/run.ts";
export type { TrainSummary } from "./learning/runs/summary.ts";
export { loadConfig, presets, registerPresets, type Preset } from "./learning/presets/index.ts";
export * from "./bridge/index.ts";
export { openRayPlace, type RayPlace } from "./cluster/ray/place.ts";
export * from "./environments/index.ts";
export { referenceEngine, referenceEngine32 } from "./engines/reference/index.ts";
export { createState, type NetworkState } from "./network/state.ts";
export { validateNetwork } from "./network/validate.ts";
export {
  referenceGradients,
  type GradientOptions,
  type GradientResult,
  type LayerGradients,
} from "./engines/reference/gradients.ts";
export { importNetwork, type Imported, type ImportOptions } from "./formats/import.ts";
export { readVecNormalize, type Standardisation } from "./formats/vecnormalize.ts";
export { exporter, exportFormats, type Exporter } from "./formats/export.ts";
export { scriptFormats } from "./simulators/export/formats.ts";
export { loadReplay, saveReplay, type Replay } from "./formats/replay.ts";
export {
  loadDenseNetwork,
  loadModel,
  loadSpikingNetwork,
  saveModel,
  type Model,
  type StorageOptions,
} from "./network/file/model.ts";
export type { ModelCard } from "./network/file/card.ts";
export {
  balancedConversion,
  balancedConvolution,
  convert,
  originalConversion,
  type Conversion,
  type ConversionOptions,
} from "./conversion/convert.ts";
export { sweep, type Sweep, type SweepOptions, type SweepRow } from "./learning/sweep.ts";
export { pareto, type Contender, type ParetoOptions, type ParetoRow } from "./learning/pareto.ts";
export { quantise } from "./conversion/quantise.ts";
export { costOf, type Cost, type Energy } from "./network/cost.ts";
export {
  calibrateExit,
  decideEarly,
  earlyExitPolicy,
  exitRule,
  outputTrajectory,
  type EarlyExitPolicy,
  type ExitDecisions,
  type ExitRule,
} from "./learning/early-exit.ts";
export { fineTune, type FineTuned, type FineTuneOptions } from "./learning/fine-tune.ts";
export { layerScales, type Floor, type Normalisation, type ScaleOptions } from "./conversion/scales.ts";
export { imitate, type ImitateOptions, type ImitationResult } from "./learning/algorithms/imitation.ts";
export type { ImitationSnapshot } from "./learning/algorithms/imitation-snapshot.ts";
export {
  imitationSchema,
  type ImitationConfig,
  type ImitationConfigInput,
} from "./learning/algorithms/imitation-config.ts";
export {
  pixelPpoSchema,
  type PixelPpoConfig,
  type PixelPpoConfigInput,
  ppoSchema,
  type PpoConfig,
  type PpoConfigInput,
} from "./learning/algorithms/ppo-config.ts";
export {
  reinforceSchema,
  type ReinforceConfig,
  type ReinforceConfigInput,
} from "./learning/algorithms/reinforce-config.ts";
export { fastEngine } from "./engines/fast/index.ts";
export { forward, type ForwardOptions, type ForwardPass } from "./engines/forward.ts";
export { createTrainable, type TrainableOptions } from "./engines/create.ts";
export { openTrainable } from "./engines/open-trainable.ts";
export {
  adam,
  clipNorm,
  clipValues,
  rmsprop,
  sgd,
  type Optimizer,
  type OptimizerState,
} from "./engines/optimizers/index.ts";
export {
  certifyNetworks,
  type Certificate,
  type CertifyOptions,
  type Column,
  type Exhibit,
  type NetworkCertificate,
  type Subject,
} from "./simulators/certificate.ts";
export { readCertificate } from "./simulators/certificate-file.ts";
export { parseCertificate } from "./simulators/read-certificate.ts";
export { eventsIn, statesIn, type InputEvidence, type LayerEvidence } from "./simulators/evidence.ts";
export type { RecordedRun } from "./simulators/recorded.ts";
export { loadRecorded } from "./formats/frameworks/reader.ts";
export { loadRecording, type RecordedFile, type RecordingOptions } from "./formats/frameworks/recording-file.ts";
export type { RecordedNetwork, Recording } from "./formats/frameworks/recorded.ts";
export { readNirData, writeNirData, type NirData, type Observable } from "./formats/nir/data.ts";
export { nirDialects, type NirDialect, type NirOptions } from "./formats/nir/options.ts";
export { readNir, type NirNetwork } from "./formats/nir/read.ts";
export { writeNir, type WrittenNir } from "./formats/nir/write.ts";
export { writeRun, type Run } from "./formats/record.ts";
export { evaluateData, type DataEvaluation, type DataOptions } from "./learning/evaluate-data.ts";
export { loadInput, type InputFile } from "./formats/input-file.ts";
export { openSimulator, type OpenOptions } from "./simulators/open.ts";
export { registerSimulators, type SimulatorKind } from "./simulators/names.ts";
export { compareRuns, type Comparison, type FirstMismatch } from "./simulators/compare.ts";
export { randomNetwork, randomStates, type FuzzOptions } from "./simulators/fuzz.ts";
export { placeNetwork, placeNetworks, type BoardMap, type PlaceOptions } from "./simulators/spinnaker/place.ts";
export { type RealTime, realTimeOf } from "./simulators/spinnaker/real-time.ts";
export { boardPicture } from "./report/plots/board.ts";
export {
  openBoard,
  BoardError,
  type Board,
  type BoardOptions,
  type BoardStatus,
  type CoreStatus,
  type Problem as BoardProblem,
} from "./board/index.ts";
export { surrogate, type SurrogateName, type SurrogateOptions } from "./network/surrogate.ts";
export { ensurePython, type Extra, type PythonEnvironment } from "./setup/python-environment.ts";
