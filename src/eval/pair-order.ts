// N = candidates of one list
import { assertFinite, assertSameLength, type Numbers } from "./argument-checks.ts";
import { ascendingOrder } from "./stable-order.ts";

/** How the N (N - 1) / 2 pairs of a list stand in two scorings. */
export interface PairCounts {
  readonly pairs: number;
  /** Ordered alike by both. */
  readonly concordant: number;
  /** Ordered the other way round. */
  readonly discordant: number;
  /** Tied by a, by b (both counts hold the pairs that are tied by both). */
  readonly tiedA: number;
  readonly tiedB: number;
}

/**
 * Counts concordant, discordant and tied pairs in n log n; exact up to N = 10^8.
 *
 * @throws {ShapeError} lengths differ. @throws {DataError} a value that is not finite.
 * Source: Knight (1966), "A computer method for calculating Kendall's tau with ungrouped data".
 */
export function pairCounts(a: Numbers, b: Numbers): PairCounts {
  assertSameLength("pairCounts", { a, b });
  assertFinite("pairCounts", "a", a);
  assertFinite("pairCounts", "b", b);
  const order = ascendingOrder(a, ascendingOrder(b));
  const pairs = (a.length * Math.max(0, a.length - 1)) / 2;
  const tiedA = tiedPairs(order, (i, j) => a[i] === a[j]);
  const tiedBoth = tiedPairs(order, (i, j) => a[i] === a[j] && b[i] === b[j]);
  const sortedB = Float64Array.from(order, (row) => b[row]!);
  const discordant = sortAndCountInversions(sortedB);
  const tiedB = tiedPairs(sortedB.keys(), (i, j) => sortedB[i] === sortedB[j]);
  return { pairs, concordant: pairs - tiedA - tiedB + tiedBoth - discordant, discordant, tiedA, tiedB };
}

/**
 * Kendall's tau-b: (C - D) / sqrt((pairs - tied in a)(pairs - tied in b)).
 *
 * @returns [-1, 1]; null where a or b is constant or has fewer than two values.
 * @throws {ShapeError} lengths differ. @throws {DataError} a value that is not finite.
 * Source: Kendall (1945), "The treatment of ties in ranking problems", section 2.
 */
export function kendallTau(a: Numbers, b: Numbers): number | null {
  const { pairs, concordant, discordant, tiedA, tiedB } = pairCounts(a, b);
  if (pairs === tiedA || pairs === tiedB) return null;
  return (concordant - discordant) / Math.sqrt((pairs - tiedA) * (pairs - tiedB));
}

/**
 * Ordered-pair accuracy: of the pairs with different grades, the share that the scores put in the right order; a tie
 * of scores counts half, so that with grades 0 and 1 it equals AUC.
 *
 * @param scores - [N] the student's. @param grades - [N] true relevance, rank value or teacher score; higher is better.
 * @returns [0, 1]; null where all grades are equal.
 * @throws {ShapeError} lengths differ. @throws {DataError} a value that is not finite.
 * Source: Wang et al. (2024), "Adaptive Neural Ranking Framework" (OPA), arXiv:2310.10462.
 */
export function orderedPairAccuracy(scores: Numbers, grades: Numbers): number | null {
  const { pairs, concordant, discordant, tiedB } = pairCounts(scores, grades);
  const graded = pairs - tiedB;
  return graded > 0 ? (concordant + (graded - concordant - discordant) / 2) / graded : null;
}

/**
 * Pair-order agreement of student and teacher: of the pairs that both order strictly, the share ordered alike.
 *
 * @returns [0, 1], 0.5 by chance; null where no pair is ordered by both. Symmetric.
 * @throws {ShapeError} lengths differ. @throws {DataError} a value that is not finite.
 * Source: (gamma + 1) / 2 of Goodman and Kruskal (1954), "Measures of association for cross classifications", section 6.
 */
export function pairOrderAgreement(student: Numbers, teacher: Numbers): number | null {
  const { concordant, discordant } = pairCounts(student, teacher);
  return concordant + discordant > 0 ? concordant / (concordant + discordant) : null;
}

/** Pairs inside runs of equal neighbours of a sequence. */
function tiedPairs(sequence: Iterable<number>, equal: (i: number, j: number) => boolean): number {
  let pairs = 0;
  let run = 0;
  let previous = -1;
  for (const current of sequence) {
    run = previous >= 0 && equal(previous, current) ? run + 1 : 0;
    pairs += run;
    previous = current;
  }
  return pairs;
}

/** Sorts ascending in place by merging, and counts the pairs i < j with values[i] > values[j]. */
function sortAndCountInversions(values: Float64Array): number {
  let source: Float64Array = values;
  let target: Float64Array = new Float64Array(values.length);
  let inversions = 0;
  for (let width = 1; width < values.length; width *= 2) {
    for (let start = 0; start < values.length; start += 2 * width) {
      inversions += mergeRuns(source, target, start, width);
    }
    [source, target] = [target, source];
  }
  if (source !== values) values.set(source);
  return inversions;
}

function mergeRuns(source: Float64Array, target: Float64Array, start: number, width: number): number {
  const middle = Math.min(start + width, source.length);
  const end = Math.min(start + 2 * width, source.length);
  let left = start;
  let right = middle;
  let inversions = 0;
  for (let place = start; place < end; place++) {
    if (left < middle && (right >= end || source[left]! <= source[right]!)) target[place] = source[left++]!;
    else {
      target[place] = source[right++]!;
      inversions += middle - left;
    }
  }
  return inversions;
}
