// The room's public list, but for `topItems` (./top-items.ts): that one loads tfjs, which commands over finished runs
// need not wait for.
export { auc, type WeightedOptions } from "./auc.ts";
export {
  type BootstrapInterval,
  type BootstrapOptions,
  bootstrap,
  bootstrapDifference,
  bootstrapMean,
} from "./bootstrap.ts";
export {
  type BinnedOptions,
  expectedCalibrationError,
  normalisedEntropy,
  normalisedEntropyFromLogits,
  predictedOverObserved,
  type ReliabilityBin,
  reliabilityTable,
} from "./calibration.ts";
export { coverageAtK, type ExposureOptions, giniAtK, noveltyAtK } from "./exposure.ts";
export { type Gauc, type GroupWeighting, gauc } from "./gauc.ts";
export { holmAdjusted } from "./holm.ts";
export { itemSets, withoutItems } from "./item-sets.ts";
export { bernoulliKl, type KlBin, klByDecile } from "./kl-by-decile.ts";
export { logloss, loglossFromLogits } from "./logloss.ts";
export { METRIC_DEFINITIONS, type MetricDefinition, metricDefinition } from "./metric-definitions.ts";
export { type Direction, goodness, isBetter } from "./metric-direction.ts";
export { mean, overLists, type PerList, pairOverLists } from "./over-lists.ts";
export { overlapAtK, recallAtMAtK } from "./overlap.ts";
export { kendallTau, orderedPairAccuracy, type PairCounts, pairCounts, pairOrderAgreement } from "./pair-order.ts";
export { type BatchRecallOptions, batchRecall, knnRecall } from "./pair-recall.ts";
export { type PairedTest, type PairedTestOptions, pairedTTest } from "./paired-t-test.ts";
export { prAuc } from "./pr-auc.ts";
export { type RankBiasedOverlapOptions, rankBiasedOverlap } from "./rank-biased-overlap.ts";
export { rankLists } from "./rank-lists.ts";
export { RANKING_FAMILIES, type RankingFamily, type RankingMetrics, rankingMetrics } from "./ranking-metrics.ts";
export { type ShareOfGain, type ShareOfGainValues, shareOfGain } from "./share-of-gain.ts";
export {
  COLD_ITEMS,
  type GroupMean,
  type GroupRecall,
  meanByGroup,
  popularityGroups,
  recallByItemGroup,
} from "./slices.ts";
export { studentTQuantile, studentTTail } from "./student-t.ts";
export { teacherRegretAtK, teacherRegretOfTopLists } from "./teacher-regret.ts";
export { type ItemSets, itemsOf, listOf, NO_ITEM, type TopLists } from "./top-lists.ts";
