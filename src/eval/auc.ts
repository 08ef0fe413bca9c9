import { assertBinary, assertFinite, assertSameLength, assertWeights, type Numbers } from "./argument-checks.ts";
import { ascendingOrder } from "./stable-order.ts";

export interface WeightedOptions {
  /** [N] weight of each row, finite, >= 0. Default: 1 each. */
  readonly weights?: Numbers;
}

/**
 * Area under the ROC curve: the chance that a positive scores above a negative, ties counting half.
 *
 * @param scores - [N] any scores, finite; only their order matters.
 * @param labels - [N] 0 or 1.
 * @returns [0, 1]; null where the positives or the negatives have no weight.
 * @throws {ShapeError} lengths differ. @throws {DataError} a score, label or weight out of its range.
 * Source: Hanley and McNeil (1982), Radiology 143(1), section "The meaning of the area".
 */
export function auc(scores: Numbers, labels: Numbers, { weights }: WeightedOptions = {}): number | null {
  checkScoredRows("auc", scores, labels, weights);
  return aucOfCheckedRows(scores, labels, weights);
}

/** `auc` without its checks, for callers that have checked the whole that these rows come from. */
export function aucOfCheckedRows(scores: Numbers, labels: Numbers, weights?: Numbers): number | null {
  const order = ascendingOrder(scores);
  let below = 0;
  let positives = 0;
  let wins = 0;
  for (let i = 0; i < order.length; ) {
    const score = scores[order[i]!]!;
    let tiedPositives = 0;
    let tiedNegatives = 0;
    for (; i < order.length && scores[order[i]!] === score; i++) {
      const row = order[i]!;
      const weight = weights === undefined ? 1 : weights[row]!;
      if (labels[row] === 1) tiedPositives += weight;
      else tiedNegatives += weight;
    }
    wins += tiedPositives * (below + tiedNegatives / 2);
    below += tiedNegatives;
    positives += tiedPositives;
  }
  return positives > 0 && below > 0 ? wins / positives / below : null;
}

/** The checks that every metric of scored rows shares. @throws {ShapeError} @throws {DataError} */
export function checkScoredRows(where: string, scores: Numbers, labels: Numbers, weights: Numbers | undefined): void {
  assertSameLength(where, weights === undefined ? { scores, labels } : { scores, labels, weights });
  assertFinite(where, "scores", scores);
  assertBinary(where, "labels", labels);
  if (weights !== undefined) assertWeights(where, weights);
}
