// The public library. One name a line; everything here is documented where it is defined.
export { type Batch, type BatchSpec, batchesPerEpoch } from "./data/batch.ts";
export type { Catalogue, Dataset, FeatureSpec } from "./data/dataset.ts";
export { type Interactions, interactions } from "./data/interactions.ts";
export { makeBatch } from "./data/make-batch.ts";
export { type OpenDatasetOptions, openDataset } from "./data/open-dataset.ts";
export { streamBatches } from "./data/stream-batches.ts";
export { type BernoulliKlOptions, bernoulliKl } from "./distill/losses/bernoulli-kl.ts";
export { binaryCrossEntropy } from "./distill/losses/binary-cross-entropy.ts";
export { type InBatchSoftmaxOptions, inBatchSoftmax } from "./distill/losses/in-batch-softmax.ts";
export { combineTerms, type Term, weightInput } from "./distill/objective.ts";
export { weightedMean } from "./distill/weighted-mean.ts";
export { glorotUniform, type Initialiser, zeros } from "./engine/initialisers.ts";
export { lookup, type TableValue } from "./engine/lookup.ts";
export type { NativeEngine } from "./engine/native.ts";
export type { Noise } from "./engine/noise.ts";
export type { DenseOptimiser, Optimiser, TableOptimiser } from "./engine/optimisers/index.ts";
export type { DenseParameter, Parameter, ParameterTree, TableParameter, Values } from "./engine/parameters.ts";
export {
  createProgram,
  type Program,
  type ProgramOptions,
  type Rates,
  type StepCall,
  type StepReport,
} from "./engine/program.ts";
export type {
  Entries,
  Entry,
  Forward,
  HostBatch,
  HostTensor,
  Step,
  StepContext,
  StepResult,
  TensorBatch,
} from "./engine/step.ts";
export { stopGradient } from "./engine/stop-gradient.ts";
export { ConfigError, DataError, isUserError, ShapeError } from "./errors.ts";
export { auc } from "./eval/auc.ts";
export { rankingMetrics } from "./eval/ranking-metrics.ts";
export { topItems } from "./eval/top-items.ts";
export { type RandomStream, randomStream } from "./random.ts";
export { type ResolvedConfig, type RunConfig, readRunConfig, runConfig } from "./run/config/run-config.ts";
export { type Evaluation, evaluate } from "./run/evaluation/evaluate.ts";
export type { RunEvent } from "./run/events.ts";
export { executeRun, type RunNotice, type RunOptions, type RunResult } from "./run/execute-run.ts";
export { type OpenedRun, openRun } from "./run/open-run.ts";
export {
  type DeviceChoice,
  describeRuntime,
  inspectRuntime,
  installRuntime,
  loadRuntime,
  type Runtime,
} from "./runtime/index.ts";
export { type DssmConfig, dssm, type TwoTower } from "./student/dssm.ts";
export { type Mmoe, type MmoeConfig, mmoe } from "./teacher/mmoe.ts";
