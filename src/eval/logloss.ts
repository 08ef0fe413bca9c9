import { assertProbabilities, type Numbers } from "./argument-checks.ts";
import { checkScoredRows, type WeightedOptions } from "./auc.ts";

/**
 * Mean negative log-likelihood of probabilities.
 *
 * @param probabilities - [N] in [0, 1]. @param labels - [N] 0 or 1.
 * @returns nats, >= 0; Infinity where a probability of exactly 0 or 1 is wrong (nothing is clipped: saturated
 *   float32 probabilities have lost their logit, so use `loglossFromLogits`); null where all weights are 0.
 * @throws {ShapeError} lengths differ. @throws {DataError} a probability, label or weight out of its range.
 */
export function logloss(probabilities: Numbers, labels: Numbers, { weights }: WeightedOptions = {}): number | null {
  checkScoredRows("logloss", probabilities, labels, weights);
  assertProbabilities("logloss", "probabilities", probabilities);
  return weightedMean(probabilities.length, weights, (row) => {
    const probability = probabilities[row]!;
    return labels[row] === 1 ? -Math.log(probability) : -Math.log1p(-probability);
  });
}

/**
 * Mean negative log-likelihood of logits: softplus(z) - y z, stable at any size of z.
 *
 * @param logits - [N] finite. @param labels - [N] 0 or 1.
 * @returns nats, >= 0; null where all weights are 0.
 * @throws {ShapeError} lengths differ. @throws {DataError} a logit, label or weight out of its range.
 */
export function loglossFromLogits(logits: Numbers, labels: Numbers, { weights }: WeightedOptions = {}): number | null {
  checkScoredRows("loglossFromLogits", logits, labels, weights);
  return weightedMean(logits.length, weights, (row) => softplus(labels[row] === 1 ? -logits[row]! : logits[row]!));
}

/** log(1 + e^x) without overflow; -log sigmoid(-x). */
export function softplus(x: number): number {
  return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
}

/** Mean of value(0 .. length-1); rows of weight 0 are not looked at; null where nothing has weight. */
export function weightedMean(
  length: number,
  weights: Numbers | undefined,
  value: (row: number) => number,
): number | null {
  let sum = 0;
  let total = 0;
  for (let row = 0; row < length; row++) {
    const weight = weights === undefined ? 1 : weights[row]!;
    if (weight === 0) continue;
    sum += weight * value(row);
    total += weight;
  }
  return total > 0 ? sum / total : null;
}
