// U = users, K = width of the lists, V = users with at least one relevant item
import { mean } from "./over-lists.ts";
import {
  assertCutoffs,
  assertItemSets,
  assertTopLists,
  type ItemSets,
  itemsOf,
  listOf,
  type TopLists,
} from "./top-lists.ts";

/** Families of full-corpus ranking metrics; a metric's name is `<family>@<k>`. */
export const RANKING_FAMILIES = ["recall", "hitrate", "ndcg", "mrr", "map"] as const;
export type RankingFamily = (typeof RANKING_FAMILIES)[number];

/** Ranking metrics of all users that have a relevant item. */
export interface RankingMetrics {
  /** `recall@10` ... : mean over the V users; null where there is none. */
  readonly means: Readonly<Record<string, number | null>>;
  /** `recall@10` ... : [V] value of each user, for intervals and slices. */
  readonly perUser: Readonly<Record<string, Float64Array>>;
  /** [V] the users that count, rising. */
  readonly users: Int32Array;
  /** Users left out because nothing is relevant to them. */
  readonly usersWithoutRelevant: number;
}

/**
 * Recall, hit rate, NDCG, MRR and MAP at each k, from top lists and relevant sets; h_1 < h_2 < ... are the
 * ranks (from 1) of the relevant items within the first k, R is the number of relevant items.
 *
 *     recall  = #h / R                      hitrate = 1 if there is a hit, else 0
 *     ndcg    = sum_j 1 / log2(h_j + 1)  /  sum_{r = 1 .. min(k, R)} 1 / log2(r + 1)
 *     mrr     = 1 / h_1, 0 without a hit    map     = sum_j (j / h_j)  /  min(k, R)
 *
 * @param lists - [U, K] best items; NO_ITEM where the corpus has no more.
 * @param relevant - relevant items of the same U users; items the lists cannot contain (seen ones) count as missed.
 * @param options.ks - cut-offs, whole numbers in [1, K].
 * @throws {ShapeError} sizes do not fit. @throws {DataError} repeated items. @throws {ConfigError} a bad k.
 * Sources: Järvelin and Kekäläinen (2002), section 2.2 (binary gain, log2 discount); Manning, Raghavan, Schütze
 * (2008), section 8.4 (average precision, here truncated at k).
 */
export function rankingMetrics(
  lists: TopLists,
  relevant: ItemSets,
  { ks }: { readonly ks: readonly number[] },
): RankingMetrics {
  assertTopLists("rankingMetrics", "lists", lists);
  assertItemSets("rankingMetrics", "relevant", relevant, lists.users);
  assertCutoffs("rankingMetrics", ks, lists.width);
  const users = usersWithItems(relevant);
  const perUser: Record<string, Float64Array> = {};
  for (const k of ks) for (const family of RANKING_FAMILIES) perUser[`${family}@${k}`] = new Float64Array(users.length);
  for (const [place, user] of users.entries()) {
    const wanted = new Set(itemsOf(relevant, user));
    const hitRanks = ranksOf(wanted, listOf(lists, user));
    for (const k of ks) {
      const values = metricsOfUser(hitRanks, wanted.size, k);
      for (const family of RANKING_FAMILIES) perUser[`${family}@${k}`]![place] = values[family];
    }
  }
  const means = Object.fromEntries(Object.entries(perUser).map(([name, values]) => [name, mean(values)]));
  return { means, perUser, users, usersWithoutRelevant: lists.users - users.length };
}

function usersWithItems({ offsets }: ItemSets): Int32Array {
  const users = Int32Array.from({ length: offsets.length - 1 }, (_, user) => user);
  return users.filter((user) => offsets[user + 1]! > offsets[user]!);
}

function ranksOf(wanted: ReadonlySet<number>, list: Int32Array): readonly number[] {
  const ranks: number[] = [];
  for (const [place, item] of list.entries()) if (wanted.has(item)) ranks.push(place + 1);
  return ranks;
}

function metricsOfUser(hitRanks: readonly number[], relevant: number, k: number): Record<RankingFamily, number> {
  let hits = 0;
  let gain = 0;
  let precisions = 0;
  for (const rank of hitRanks) {
    if (rank > k) break;
    hits++;
    gain += 1 / Math.log2(rank + 1);
    precisions += hits / rank;
  }
  return {
    recall: hits / relevant,
    hitrate: hits > 0 ? 1 : 0,
    ndcg: gain / idealGain(Math.min(k, relevant)),
    mrr: hits > 0 ? 1 / hitRanks[0]! : 0,
    map: precisions / Math.min(k, relevant),
  };
}

function idealGain(ranks: number): number {
  let gain = 0;
  for (let rank = 1; rank <= ranks; rank++) gain += 1 / Math.log2(rank + 1);
  return gain;
}
