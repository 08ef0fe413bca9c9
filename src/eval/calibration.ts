// N = rows
import { assertCount, assertProbabilities, type Numbers } from "./argument-checks.ts";
import { checkScoredRows, type WeightedOptions } from "./auc.ts";
import { equalMassBins } from "./equal-mass-bins.ts";
import { logloss, loglossFromLogits, weightedMean } from "./logloss.ts";

export interface BinnedOptions extends WeightedOptions {
  /** Bins of equal mass, >= 1. Default 10. */
  readonly bins?: number;
}

/** One bin of a reliability table. */
export interface ReliabilityBin {
  /** Smallest and largest probability in the bin. */
  readonly from: number;
  readonly to: number;
  readonly rows: number;
  /** Sum of the rows' weights. */
  readonly weight: number;
  /** Weighted mean probability, weighted share of positives. */
  readonly predicted: number;
  readonly observed: number;
}

/**
 * Predicted over observed positives: sum of probabilities / sum of labels. Above 1: too high.
 *
 * @param probabilities - [N] in [0, 1]. @param labels - [N] 0 or 1.
 * @returns >= 0; null where no positive has weight.
 * @throws {ShapeError} lengths differ. @throws {DataError} a probability, label or weight out of its range.
 */
export function predictedOverObserved(
  probabilities: Numbers,
  labels: Numbers,
  { weights }: WeightedOptions = {},
): number | null {
  checkProbabilities("predictedOverObserved", probabilities, labels, weights);
  const predicted = weightedMean(labels.length, weights, (row) => probabilities[row]!);
  const observed = weightedMean(labels.length, weights, (row) => labels[row]!);
  return predicted === null || observed === null || observed === 0 ? null : predicted / observed;
}

/**
 * The reliability table: rows in bins of equal mass by probability (equal probabilities stay together), and for each
 * bin the mean prediction beside the observed rate. Bins without weight are left out.
 *
 * @throws {ShapeError} lengths differ. @throws {DataError} a value out of its range. @throws {ConfigError} bins < 1.
 */
export function reliabilityTable(
  probabilities: Numbers,
  labels: Numbers,
  { weights, bins = 10 }: BinnedOptions = {},
): readonly ReliabilityBin[] {
  assertCount("reliabilityTable", "bins", bins);
  checkProbabilities("reliabilityTable", probabilities, labels, weights);
  const binOfRow = equalMassBins(probabilities, bins, weights);
  const sums = Array.from({ length: bins }, () => ({ from: 1, to: 0, rows: 0, weight: 0, predicted: 0, observed: 0 }));
  for (const [row, bin] of binOfRow.entries()) {
    const weight = weights === undefined ? 1 : weights[row]!;
    if (weight === 0) continue;
    const sum = sums[bin]!;
    sum.from = Math.min(sum.from, probabilities[row]!);
    sum.to = Math.max(sum.to, probabilities[row]!);
    sum.rows++;
    sum.weight += weight;
    sum.predicted += weight * probabilities[row]!;
    sum.observed += weight * labels[row]!;
  }
  return sums
    .filter(({ weight }) => weight > 0)
    .map((sum) => ({ ...sum, predicted: sum.predicted / sum.weight, observed: sum.observed / sum.weight }));
}

/**
 * Expected calibration error with bins of equal mass: sum over bins of (bin weight / weight) |predicted - observed|.
 *
 * @returns [0, 1]; null where nothing has weight. A perfect model's is not 0: about
 *   sqrt(2 rate (1 - rate) / (pi rows a bin)), by chance.
 * @throws {ShapeError} lengths differ. @throws {DataError} a value out of its range. @throws {ConfigError} bins < 1.
 * Source: Nixon et al. (2019), "Measuring calibration in deep learning" (adaptive bins), for two classes.
 */
export function expectedCalibrationError(
  probabilities: Numbers,
  labels: Numbers,
  options: BinnedOptions = {},
): number | null {
  const table = reliabilityTable(probabilities, labels, options);
  const total = table.reduce((sum, bin) => sum + bin.weight, 0);
  if (total === 0) return null;
  return table.reduce((sum, bin) => sum + (bin.weight / total) * Math.abs(bin.predicted - bin.observed), 0);
}

/**
 * Normalised entropy of probabilities: logloss / entropy of the observed rate. Below 1: better than that rate alone.
 *
 * @returns >= 0; null where only one class has weight.
 * @throws {ShapeError} lengths differ. @throws {DataError} a value out of its range.
 * Source: He et al. (2014), "Practical lessons from predicting clicks on ads at Facebook", evaluation metrics.
 */
export function normalisedEntropy(
  probabilities: Numbers,
  labels: Numbers,
  options: WeightedOptions = {},
): number | null {
  return overBaseEntropy(logloss(probabilities, labels, options), labels, options);
}

/** `normalisedEntropy` of logits, stable at any size. See there. */
export function normalisedEntropyFromLogits(
  logits: Numbers,
  labels: Numbers,
  options: WeightedOptions = {},
): number | null {
  return overBaseEntropy(loglossFromLogits(logits, labels, options), labels, options);
}

function overBaseEntropy(loss: number | null, labels: Numbers, { weights }: WeightedOptions): number | null {
  const rate = weightedMean(labels.length, weights, (row) => labels[row]!);
  if (loss === null || rate === null || rate === 0 || rate === 1) return null;
  return loss / -(rate * Math.log(rate) + (1 - rate) * Math.log1p(-rate));
}

function checkProbabilities(where: string, probabilities: Numbers, labels: Numbers, weights?: Numbers): void {
  checkScoredRows(where, probabilities, labels, weights);
  assertProbabilities(where, "probabilities", probabilities);
}
