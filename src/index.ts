// The public library. One name a line; everything here is documented where it is defined.
export { type Batch, type BatchSpec, batchesPerEpoch } from "./data/batch.ts";
export type { Catalogue, Dataset, FeatureSpec } from "./data/dataset.ts";
export { type Interactions, interactions } from "./data/interactions.ts";
export { makeBatch } from "./data/make-batch.ts";
export { type OpenDatasetOptions, openDataset } from "./data/open-dataset.ts";
export { streamBatches } from "./data/stream-batches.ts";
export { type StreamingFrequency, streamingFrequency } from "./data/streaming-frequency.ts";
export { type FusedHead, fuseHeads } from "./distill/head-fusion.ts";
export type { ListOptions } from "./distill/lists/list-mask.ts";
export { ranksOf } from "./distill/lists/list-order.ts";
export type { LogQCorrection, LogQOptions } from "./distill/lists/log-q.ts";
export type { PairChoice } from "./distill/lists/pair-choice.ts";
export type { PositionWeights } from "./distill/lists/position-weights.ts";
export { neuralSort, type SoftPermutationOptions, softSort } from "./distill/lists/soft-permutation.ts";
export { type AffineOptions, affineLogits, affineMse } from "./distill/losses/affine-mse.ts";
export { type BernoulliKlOptions, bernoulliKl, type KlDirection } from "./distill/losses/bernoulli-kl.ts";
export { type BinaryCrossEntropyOptions, binaryCrossEntropy } from "./distill/losses/binary-cross-entropy.ts";
export { type CalibratedListwiseOptions, calibratedListwise } from "./distill/losses/calibrated-listwise.ts";
export {
  type CascadeRankingOptions,
  cascadeRanking,
  cascadeSurvival,
  type SurvivalOptions,
} from "./distill/losses/cascade-survival.ts";
export {
  type CollaborativeDistillationOptions,
  collaborativeDistillation,
} from "./distill/losses/collaborative-distillation.ts";
export {
  type DistillationExpertsConfig,
  type DistillationExpertsOptions,
  distillationExpertParameters,
  distillationExperts,
  type ExpertParameters,
} from "./distill/losses/distillation-experts.ts";
export { type HintOptions, hintCosine, hintMse } from "./distill/losses/hint.ts";
export {
  type InBatchHingeOptions,
  type InBatchLogisticOptions,
  type InBatchPairsOptions,
  inBatchHinge,
  inBatchLogistic,
} from "./distill/losses/in-batch-pairs.ts";
export { type InBatchSoftmaxOptions, inBatchSoftmax } from "./distill/losses/in-batch-softmax.ts";
export { type ListKlOptions, listKl } from "./distill/losses/list-kl.ts";
export { type ListMleOptions, listMle } from "./distill/losses/list-mle.ts";
export { listNet } from "./distill/losses/list-net.ts";
export { type MarginMseOptions, marginMse } from "./distill/losses/margin-mse.ts";
export { type OrdinalLevelsOptions, ordinalLevels, ordinalThresholds } from "./distill/losses/ordinal-levels.ts";
export {
  type HingeOverNegativesOptions,
  hingeOverNegatives,
  type LogisticOverNegativesOptions,
  logisticOverNegatives,
  type OverNegativesOptions,
  softmaxOverNegatives,
} from "./distill/losses/over-negatives.ts";
export { type PairwiseHingeOptions, pairwiseHinge } from "./distill/losses/pairwise-hinge.ts";
export { type PairwiseLogisticOptions, pairwiseLogistic } from "./distill/losses/pairwise-logistic.ts";
export { type PositionWeightedOptions, positionWeighted } from "./distill/losses/position-weighted.ts";
export { type RankDistilOptions, rankDistil } from "./distill/losses/rank-distil.ts";
export { type RankPositionOptions, rankPosition, rankTarget } from "./distill/losses/rank-position.ts";
export {
  estimateRanks,
  type RankingDistillationOptions,
  rankingDistillation,
} from "./distill/losses/ranking-distillation.ts";
export { type RefinedSoftmaxOptions, refinedSoftmax } from "./distill/losses/refined-softmax.ts";
export { type RelaxedRankingOptions, relaxedRanking } from "./distill/losses/relaxed-ranking.ts";
export {
  type AdaptiveRankingOptions,
  adaptiveRanking,
  globalOrder,
  type RecallOptions,
  relaxedRecall,
  stageRecall,
} from "./distill/losses/relaxed-recall.ts";
export { type SoftCrossEntropyOptions, softCrossEntropy } from "./distill/losses/soft-cross-entropy.ts";
export {
  type LogitMseOptions,
  logitMse,
  type ProbabilityMseOptions,
  probabilityMse,
} from "./distill/losses/squared-error.ts";
export {
  type TutorOptions,
  type TutorOrderOptions,
  type TutorValueOptions,
  tutorLearning,
  tutorOrder,
  tutorValue,
} from "./distill/losses/tutor-order.ts";
export { combineTerms, type Term, weightInput } from "./distill/objective.ts";
export { checkSchedule, type Schedule, scheduleValue } from "./distill/schedule.ts";
export type { Temperature, TemperatureOptions } from "./distill/temperature.ts";
export type { OwnLoss, OwnLosses, OwnLossInputs } from "./distill/terms/own-loss.ts";
export { weightedMean, weightedSum } from "./distill/weighted-mean.ts";
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
export { type Evaluation, evaluate, type Measured, measure } from "./run/evaluation/evaluate.ts";
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
