import type { Numbers } from "./argument-checks.ts";
import { checkScoredRows, type WeightedOptions } from "./auc.ts";
import { descendingOrder } from "./stable-order.ts";

/**
 * Average precision, the step-wise area under the precision-recall curve: sum over thresholds of
 * (R_n - R_{n-1}) P_n, one threshold for each distinct score (no interpolation).
 *
 * @param scores - [N] finite. @param labels - [N] 0 or 1.
 * @returns (0, 1]; null where the positives have no weight. A random order gives about the share of positives.
 * @throws {ShapeError} lengths differ. @throws {DataError} a score, label or weight out of its range.
 * Source: the definition of scikit-learn's average_precision_score (user guide, "Precision, recall and F-measures").
 */
export function prAuc(scores: Numbers, labels: Numbers, { weights }: WeightedOptions = {}): number | null {
  checkScoredRows("prAuc", scores, labels, weights);
  const order = descendingOrder(scores);
  let selected = 0;
  let hits = 0;
  let area = 0;
  for (let i = 0; i < order.length; ) {
    const score = scores[order[i]!]!;
    let newHits = 0;
    for (; i < order.length && scores[order[i]!] === score; i++) {
      const row = order[i]!;
      const weight = weights === undefined ? 1 : weights[row]!;
      selected += weight;
      if (labels[row] === 1) newHits += weight;
    }
    hits += newHits;
    if (newHits > 0) area += newHits * (hits / selected);
  }
  return hits > 0 ? area / hits : null;
}
