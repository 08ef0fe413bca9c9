// Agreement of two rankings, float64, from the definitions and quadratic on purpose.

type Values = readonly number[];

/** Every pair i < j, sorted into concordant, discordant, tied in a and tied in b. */
export function pairsOf(a: Values, b: Values) {
  const counts = { pairs: 0, concordant: 0, discordant: 0, tiedA: 0, tiedB: 0 };
  for (let i = 0; i < a.length; i++) {
    for (let j = i + 1; j < a.length; j++) {
      counts.pairs++;
      const product = Math.sign(a[i]! - a[j]!) * Math.sign(b[i]! - b[j]!);
      if (product > 0) counts.concordant++;
      if (product < 0) counts.discordant++;
      if (a[i] === a[j]) counts.tiedA++;
      if (b[i] === b[j]) counts.tiedB++;
    }
  }
  return counts;
}

/** Sum of sign products over the root of the numbers of pairs untied in a and in b. */
export function tauB(a: Values, b: Values): number | null {
  const { pairs, concordant, discordant, tiedA, tiedB } = pairsOf(a, b);
  const scale = Math.sqrt((pairs - tiedA) * (pairs - tiedB));
  return scale > 0 ? (concordant - discordant) / scale : null;
}

/** Share of pairs with different grades in the right order, a tie of scores half. */
export function orderedPairs(scores: Values, grades: Values): number | null {
  let right = 0;
  let pairs = 0;
  for (let i = 0; i < scores.length; i++) {
    for (let j = 0; j < scores.length; j++) {
      if (!(grades[i]! > grades[j]!)) continue;
      pairs++;
      right += scores[i]! > scores[j]! ? 1 : scores[i]! === scores[j]! ? 0.5 : 0;
    }
  }
  return pairs > 0 ? right / pairs : null;
}

/** Extrapolated rank-biased overlap: agreement at each depth, prefixes intersected anew (Webber et al. 2010, eq. 32). */
export function rboByPrefixes(first: Values, second: Values, p: number): number {
  const [short, long] = first.length <= second.length ? [first, second] : [second, first];
  const [s, l] = [short.length, long.length];
  const overlap = (depth: number) => long.slice(0, depth).filter((item) => short.slice(0, depth).includes(item)).length;
  let sum = 0;
  for (let d = 1; d <= l; d++) sum += (overlap(d) / d) * p ** d;
  for (let d = s + 1; d <= l; d++) sum += ((overlap(s) * (d - s)) / (s * d)) * p ** d;
  return ((1 - p) / p) * sum + ((overlap(l) - overlap(s)) / l + overlap(s) / s) * p ** l;
}

/** Gini index as the mean absolute difference of all ordered pairs over twice the mean. */
export function giniByDifferences(counts: Values): number | null {
  const total = counts.reduce((sum, count) => sum + count, 0);
  const differences = counts.flatMap((a) => counts.map((b) => Math.abs(a - b))).reduce((sum, x) => sum + x, 0);
  return total > 0 ? differences / (2 * counts.length * total) : null;
}
