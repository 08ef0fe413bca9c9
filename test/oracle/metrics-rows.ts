// Metrics of scored rows, float64, written from their definitions and quadratic on purpose.

type Values = readonly number[];

/** Sum over pairs of a positive and a negative: 1 where the positive is above, 1/2 where they tie. */
export function aucByPairs(scores: Values, labels: Values, weights: Values = scores.map(() => 1)): number | null {
  let wins = 0;
  let pairs = 0;
  for (const [i, high] of scores.entries()) {
    for (const [j, low] of scores.entries()) {
      if (labels[i] !== 1 || labels[j] !== 0) continue;
      const weight = weights[i]! * weights[j]!;
      pairs += weight;
      wins += weight * (high > low ? 1 : high === low ? 0.5 : 0);
    }
  }
  return pairs > 0 ? wins / pairs : null;
}

/** Mean over positives of the precision among all rows that score at least as high. */
export function averagePrecision(scores: Values, labels: Values, weights: Values = scores.map(() => 1)): number | null {
  let sum = 0;
  let total = 0;
  for (const [i, score] of scores.entries()) {
    if (labels[i] !== 1 || weights[i] === 0) continue;
    const above = [...scores.keys()].filter((j) => scores[j]! >= score);
    const all = above.reduce((mass, j) => mass + weights[j]!, 0);
    const positive = above.reduce((mass, j) => mass + weights[j]! * labels[j]!, 0);
    sum += weights[i]! * (positive / all);
    total += weights[i]!;
  }
  return total > 0 ? sum / total : null;
}

/** AUC of every group with both classes, averaged by the size that `sizeOf` gives the group's labels. */
export function groupedAuc(
  scores: Values,
  labels: Values,
  groups: Values,
  sizeOf: (labels: Values) => number,
): number | null {
  let sum = 0;
  let total = 0;
  for (const group of new Set(groups)) {
    const members = [...groups.keys()].filter((i) => groups[i] === group);
    const ofGroup = (values: Values) => members.map((i) => values[i]!);
    const value = aucByPairs(ofGroup(scores), ofGroup(labels));
    if (value === null) continue;
    sum += value * sizeOf(ofGroup(labels));
    total += sizeOf(ofGroup(labels));
  }
  return total > 0 ? sum / total : null;
}

/** -sum w log p(label) / sum w, with p = 1 / (1 + e^-z). */
export function loglossOfLogits(logits: Values, labels: Values, weights: Values): number {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const losses = logits.map((z, i) => -Math.log(1 / (1 + Math.exp(labels[i] === 1 ? -z : z))) * weights[i]!);
  return losses.reduce((sum, loss) => sum + loss, 0) / total;
}
