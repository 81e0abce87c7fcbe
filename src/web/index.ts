/** dsqn/web: what runs in a page, without Node. This file re-exports, and does nothing else. */
export { DsqnError, UsageError, type DsqnErrorOptions } from "../errors.ts";
export type { OnProgress, Progress } from "../progress.ts";
export { Random, type RandomState } from "../numeric/random.ts";
export { setThreadScript } from "../engines/fast/kernels/host.web.ts";
export { platform, type Platform } from "./platform.ts";
// Networks and model files
export { readModel, type ReadModelOptions } from "./model.ts";
export { encodeModel, type Model, type StorageOptions } from "../network/file/bytes.ts";
export type { ModelCard } from "../network/file/card.ts";
export {
  actionsOf,
  isSpiking,
  kindOf,
  observationSize,
  shapeOf,
  type Coding,
  type Network,
  type NetworkKind,
  type SpikingNetwork,
} from "../network/network.ts";
export { inputsOf, outputsOf, type Layer, type SpikingLayer } from "../network/layer.ts";
export { createDenseNetwork, createSpikingNetwork, spikingNetwork, type SpikingOptions } from "../network/create.ts";
export { neuron, type Neuron, type NeuronKind } from "../network/neurons/index.ts";
export { argmax } from "../network/decide.ts";
export { validateNetwork } from "../network/validate.ts";
export { costOf, type Cost } from "../network/cost.ts";
// Engines
export { fastEngine } from "../engines/fast/index.ts";
export { referenceEngine, referenceEngine32 } from "../engines/reference/index.ts";
export { createTrainable, type TrainableOptions } from "../engines/create.ts";
export type { LoadedHere, LocalEngine, RunOptions, RunResult, SpikeEvents, Work } from "../network/engine.ts";
// Worlds and learning
export {
  createWorld,
  nativeEnvironments,
  nativeIds,
  type NativeWorld,
  type WorldOptions,
  type WorldStep,
} from "../environments/native/world.ts";
export type { Environments, MakeEnvironments } from "../environments/worlds.ts";
export { policyOf, type Policy, type PolicyOptions } from "../learning/policy.ts";
export { evaluate, type EvaluateOptions, type Evaluation } from "../learning/evaluate.ts";
export type { EpisodeEntry, EvaluationEntry } from "../learning/learning-curve.ts";
export { trainHere, webPresets, type TrainHereOptions } from "./train.ts";
export {
  serveTraining,
  trainInWorker,
  type TrainedInWorker,
  type TrainingWorker,
  type TrainInWorkerOptions,
} from "./worker.ts";
export type { Trained } from "../learning/train.ts";
// Conversion
export {
  balancedConversion,
  balancedConvolution,
  convert,
  originalConversion,
  type Conversion,
  type ConversionOptions,
} from "../conversion/convert.ts";
export { decodeReplay as readReplay, type Replay, type ReplayFiles } from "../formats/replay-bytes.ts";
export { similarity, type SimilarityOptions, type SimilarityRow } from "./similarity.ts";
// Certificates
export {
  checkCertificate,
  type CheckedCertificate,
  type CheckedLayer,
  type CheckedNetwork,
  type KnownModel,
} from "./certificate.ts";
export type { Certificate } from "../simulators/certificate-form.ts";
export { parseCertificate } from "../simulators/read-certificate.ts";
export { networkHash } from "../simulators/hash.ts";
// Plots of the report, as SVG
export { learningCurve, type LearningCurve } from "../report/plots/learning-curve.ts";
export { spikeRaster, type Raster } from "../report/plots/raster.ts";
export { linePlot, type Lines } from "../report/plots/lines.ts";
export { membraneTraces } from "../report/plots/membranes.ts";
