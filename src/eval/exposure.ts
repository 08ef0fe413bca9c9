// U = users, K = width of the lists, I = items of the corpus
import { DataError } from "../errors.ts";
import { assertCount, assertWeights, type Numbers } from "./argument-checks.ts";
import { mean, overLists, type PerList } from "./over-lists.ts";
import { assertCutoffs, assertTopLists, listOf, type TopLists } from "./top-lists.ts";

export interface ExposureOptions {
  /** Places of each list that count, in [1, K]. */
  readonly k: number;
  /** Items of the corpus, I. */
  readonly items: number;
}

/**
 * Coverage@k: the share of the corpus that stands in at least one user's first k.
 *
 * @returns [0, 1]. @throws {ConfigError} k past the lists' width, items < 1. @throws {DataError} an item >= items.
 */
export function coverageAtK(lists: TopLists, options: ExposureOptions): number {
  return exposureCounts("coverageAtK", lists, options).filter((count) => count > 0).length / options.items;
}

/**
 * Gini index of exposure@k over the whole corpus: 0 where every item is shown equally often, towards 1 where one item
 * takes all.
 *
 *     G = sum_j (2 j - I - 1) c_j / (I sum c),   c_1 <= c_2 <= ... the items' counts
 *
 * @returns [0, 1 - 1/I]; null where nothing is shown.
 * @throws {ConfigError} k past the lists' width, items < 1. @throws {DataError} an item >= items.
 * Source: Gini (1912) in the form of Dixon et al. (1987), "Bootstrapping the Gini coefficient", eq. 1 (without n/(n-1)).
 */
export function giniAtK(lists: TopLists, options: ExposureOptions): number | null {
  const counts = Float64Array.from(exposureCounts("giniAtK", lists, options)).sort();
  let weighted = 0;
  let total = 0;
  for (const [index, count] of counts.entries()) {
    weighted += (2 * (index + 1) - counts.length - 1) * count;
    total += count;
  }
  return total > 0 ? weighted / (counts.length * total) : null;
}

/**
 * Novelty@k: mean self-information -log2 p(item) of the items shown, p from training counts with one added to each:
 * p_i = (count_i + 1) / (sum of counts + I), so that a cold item has a finite value.
 *
 * @param trainingCounts - [I] how often each item occurs in the training part, >= 0.
 * @returns bits, > 0, for each user; undefined for an empty list.
 * @throws {ConfigError} k past the lists' width. @throws {DataError} a bad count, an item without a count.
 * Source: Zhou et al. (2010), "Solving the apparent diversity-accuracy dilemma", section "Novelty" (surprisal).
 */
export function noveltyAtK(lists: TopLists, trainingCounts: Numbers, { k }: { readonly k: number }): PerList {
  assertWeights("noveltyAtK", trainingCounts);
  checkExposure("noveltyAtK", lists, { k, items: trainingCounts.length });
  let total = trainingCounts.length;
  for (let item = 0; item < trainingCounts.length; item++) total += trainingCounts[item]!;
  return overLists(lists.users, (user) =>
    mean(Float64Array.from(listOf(lists, user, k), (item) => Math.log2(total / (trainingCounts[item]! + 1)))),
  );
}

/** [I] how often each item stands in a first k. */
function exposureCounts(where: string, lists: TopLists, options: ExposureOptions): Int32Array {
  checkExposure(where, lists, options);
  const counts = new Int32Array(options.items);
  for (let user = 0; user < lists.users; user++) for (const item of listOf(lists, user, options.k)) counts[item]!++;
  return counts;
}

function checkExposure(where: string, lists: TopLists, { k, items }: ExposureOptions): void {
  assertCount(where, "items", items);
  assertCutoffs(where, [k], lists.width);
  assertTopLists(where, "lists", lists);
  const beyond = lists.items.find((item) => item >= items);
  if (beyond !== undefined) throw new DataError(`${where}: lists must hold items below ${items}, got ${beyond}`);
}
