// U = users, K = width of the lists, I = items, V = values
import { ShapeError } from "../errors.ts";
import { assertCount, assertSameLength, assertWeights, type Numbers } from "./argument-checks.ts";
import { equalMassBins } from "./equal-mass-bins.ts";
import {
  assertCutoffs,
  assertItemSets,
  assertTopLists,
  type ItemSets,
  itemsOf,
  listOf,
  type TopLists,
} from "./top-lists.ts";

/** Group of the items that the training part has never seen. */
export const COLD_ITEMS = -1;

/**
 * Puts items into groups by popularity: COLD_ITEMS for a count of 0, else 0 (least popular) .. groups - 1.
 *
 * @param counts - [I] occurrences in the training part, >= 0.
 * @param options.mass - what each group holds an equal part of: "items" (deciles of the catalogue) or "interactions".
 * @returns [I]; items with equal counts share a group.
 * @throws {DataError} a bad count. @throws {ConfigError} groups < 1.
 */
export function popularityGroups(
  counts: Numbers,
  { groups = 10, mass }: { readonly groups?: number; readonly mass: "items" | "interactions" },
): Int32Array {
  assertCount("popularityGroups", "groups", groups);
  assertWeights("popularityGroups", counts);
  const warm = Int32Array.from({ length: counts.length }, (_, item) => item).filter((item) => counts[item]! > 0);
  const warmCounts = Float64Array.from(warm, (item) => counts[item]!);
  const bins = equalMassBins(warmCounts, groups, mass === "items" ? undefined : warmCounts);
  const groupOfItem = new Int32Array(counts.length).fill(COLD_ITEMS);
  for (const [place, item] of warm.entries()) groupOfItem[item] = bins[place]!;
  return groupOfItem;
}

/** Recall of the relevant items of one group. */
export interface GroupRecall {
  readonly group: number;
  /** (user, relevant item) pairs of the group, and how many of them are in the first k. */
  readonly relevant: number;
  readonly hits: number;
  readonly recall: number;
}

/**
 * Recall@k by group of the relevant item (popularity decile, cold items, any item column), pooled over users.
 *
 * @param groupOfItem - [I] any group number of each item.
 * @returns one row for each group with a relevant item, groups rising; their hits and relevant pairs add up to the whole.
 * @throws {ShapeError} sizes do not fit. @throws {ConfigError} k past the lists' width. @throws {DataError} bad items.
 */
export function recallByItemGroup(
  lists: TopLists,
  relevant: ItemSets,
  groupOfItem: Int32Array,
  { k }: { readonly k: number },
): readonly GroupRecall[] {
  assertTopLists("recallByItemGroup", "lists", lists);
  assertItemSets("recallByItemGroup", "relevant", relevant, lists.users);
  assertCutoffs("recallByItemGroup", [k], lists.width);
  const sums = new Map<number, { relevant: number; hits: number }>();
  for (let user = 0; user < lists.users; user++) {
    const shown = new Set(listOf(lists, user, k));
    for (const item of itemsOf(relevant, user)) {
      const group = groupOf(groupOfItem, item);
      const sum = sums.get(group) ?? { relevant: 0, hits: 0 };
      sums.set(group, { relevant: sum.relevant + 1, hits: sum.hits + (shown.has(item) ? 1 : 0) });
    }
  }
  const rows = [...sums].map(([group, sum]) => ({ group, ...sum, recall: sum.hits / sum.relevant }));
  return rows.sort((a, b) => a.group - b.group);
}

/** Mean of the values of one group. */
export interface GroupMean {
  readonly group: number;
  readonly count: number;
  readonly mean: number;
}

/**
 * Mean of per-user (or per-list) values by group: history length, new users, any user column.
 *
 * @param values - [V] as in `RankingMetrics.perUser`. @param groups - [V] any group number of each value.
 * @returns one row for each group that occurs, groups rising. @throws {ShapeError} lengths differ.
 */
export function meanByGroup(values: Numbers, groups: Numbers): readonly GroupMean[] {
  assertSameLength("meanByGroup", { values, groups });
  const sums = new Map<number, { count: number; sum: number }>();
  for (let i = 0; i < values.length; i++) {
    const { count, sum } = sums.get(groups[i]!) ?? { count: 0, sum: 0 };
    sums.set(groups[i]!, { count: count + 1, sum: sum + values[i]! });
  }
  const rows = [...sums].map(([group, { count, sum }]) => ({ group, count, mean: sum / count }));
  return rows.sort((a, b) => a.group - b.group);
}

function groupOf(groupOfItem: Int32Array, item: number): number {
  const group = groupOfItem[item];
  if (group !== undefined) return group;
  throw new ShapeError(`recallByItemGroup: groupOfItem must cover item ${item}, got ${groupOfItem.length} items`);
}
